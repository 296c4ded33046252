"""Read a journal back: everything up to its last sound record."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from napari_cihm.correction.chunked import ChunkedArray
from napari_cihm.correction.edits import Block
from napari_cihm.correction.journal.codec import Target, decode
from napari_cihm.correction.journal.files import LOG, PART, generations
from napari_cihm.correction.journal.headings import (
    contents,
    generation_of,
    newest_base,
)
from napari_cihm.correction.journal.identity import ImageIdentity
from napari_cihm.correction.journal.records import Damage, Kind, Record, read_records
from napari_cihm.correction.reviewed import Reviewed
from napari_cihm.errors import ShapeError


@dataclass(eq=False)
class Recovered:
    """What a journal held.

    Attributes
    ----------
    labels : array of int
        The labels as they were.
    reviewed : Reviewed
        The marks as they were.
    identity : ImageIdentity
        The image they belong to.
    layer : str
        What the labels were called.
    facts : dict
        The model's hash, settings and whatever else was noted.
    strokes : int
        Changes since the last snapshot that were found.
    whole : bool
        Whether nothing but a torn last record is missing.
    notes : list of str
        What the user should know, as sentences.
    """

    labels: Any
    reviewed: Reviewed
    identity: ImageIdentity
    layer: str = ""
    facts: dict[str, Any] = field(default_factory=dict)
    strokes: int = 0
    whole: bool = True
    notes: list[str] = field(default_factory=list)


def recover(path: Path, base: Any = None) -> Recovered:
    """Read a journal back.

    A torn last record is dropped. Behind a damaged one, later records still
    apply: each says which values pixels took, whatever they held before.

    Parameters
    ----------
    path : Path
        The journal's folder.
    base : array-like of int, optional
        The labels it was begun with. They are needed where labels lay in a file
        too large to copy, and fill in for a snapshot that was never finished.

    Raises
    ------
    ReadError
        If nothing in the folder can be read.
    ShapeError
        If `base` has another shape.
    """
    start, about = newest_base(path)
    found = _empty(about, base)
    complete = start is not None and not start.name.endswith(PART)
    first = generation_of(start) if start is not None else 0
    if start is not None:
        _replay_snapshot(found, start)
    if not complete:
        found.whole = base is not None
        said = "taken from the labels given" if base is not None else "missing"
        found.notes.append(
            f"The first snapshot was not finished: parts nobody edited are {said}."
        )
    elif about["labels"]["by_reference"] and base is None:
        found.whole = False
        found.notes.append(
            "The labels were in a file, and only the edits are here: open it too."
        )
    for generation, log in generations(path, LOG).items():
        if generation >= first:
            _replay_log(found, log, about)
    return found


def _empty(about: Mapping[str, Any], base: Any) -> Recovered:
    shape = tuple(int(n) for n in about["labels"]["shape"])
    dtype = np.dtype(about["labels"]["dtype"]).newbyteorder("=")
    if base is not None and tuple(base.shape) != shape:
        raise ShapeError(
            f"labels of shape {tuple(base.shape)} under a journal of shape {shape}",
            "the labels that the journal was begun with",
        )
    labels: Any = np.zeros(shape, dtype)
    if base is not None and about["labels"]["by_reference"]:
        labels = ChunkedArray.over(base).astype(dtype)
    elif base is not None:
        labels = np.asarray(base).astype(dtype)
    identity = ImageIdentity.read(about["identity"])
    facts = dict(about.get("facts", {}))
    return Recovered(
        labels, Reviewed(shape), identity, str(about.get("layer", "")), facts
    )


def _replay_snapshot(found: Recovered, file: Path) -> None:
    pieces, promised, damaged = 0, None, False
    if not file.name.endswith(PART) and isinstance(found.labels, np.ndarray):
        # A complete snapshot says all there is; what it leaves out is background.
        found.labels[...] = 0
    for record in read_records(contents(file)):
        if isinstance(record, Damage):
            damaged = True
        elif record.kind == Kind.PIECE and _applied(found, record):
            pieces += 1
        elif record.kind == Kind.END:
            promised = int(json.loads(record.payload)["pieces"])
    if damaged and not file.name.endswith(PART):
        lost = f"{promised - pieces} of {promised}" if promised else "some"
        found.whole = False
        found.notes.append(f"The snapshot is damaged: {lost} parts of it are empty.")


def _replay_log(found: Recovered, file: Path, about: Mapping[str, Any]) -> None:
    number = -1
    for record in read_records(contents(file)):
        if isinstance(record, Damage):
            if record.last:
                found.notes.append(
                    "The last record was still being written and is dropped."
                )
            continue
        missing = record.number - number - 1
        if missing > 0:
            found.whole = False
            found.notes.append(
                f"{missing} damaged records were left out; what came later is kept."
            )
        number = record.number
        if record.kind == Kind.BEGIN:
            document = json.loads(record.payload)
            if document["labels"] != about["labels"]:
                found.whole = False
                found.notes.append("Labels of another shape came later, unfinished.")
                return
            found.facts.update(document.get("facts", {}))
        elif record.kind in (Kind.EDIT, Kind.PIECE) and _applied(found, record):
            found.strokes += record.kind == Kind.EDIT


def _applied(found: Recovered, record: Record) -> bool:
    """Write a record's blocks, all or none; say whether they could be."""
    try:
        blocks = list(decode(record.payload))
    except ValueError:
        blocks = []
    if not blocks or not all(_fits(found, block) for _, block in blocks):
        found.whole = False
        found.notes.append("A record made no sense and was left out.")
        return False
    arrays = {
        Target.LABELS: found.labels,
        Target.PERSON: found.reviewed.person,
        Target.EDITS: found.reviewed.edits,
    }
    for target, block in blocks:
        block.write(arrays[target])
    return True


def _fits(found: Recovered, block: Block) -> bool:
    shape = found.reviewed.shape
    return len(block.box) == len(shape) and all(
        0 <= s.start < s.stop <= n for s, n in zip(block.box, shape, strict=True)
    )
