"""One journal as it lies in its folder, looked at without reading all of it."""

import contextlib
import json
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import filelock

from napari_cihm.correction.journal.files import (
    LOCK,
    LOG,
    SNAPSHOT,
    generations,
    lock_of,
)
from napari_cihm.correction.journal.headings import contents, read_about
from napari_cihm.correction.journal.identity import (
    GLANCE,
    ImageIdentity,
    fingerprint,
)
from napari_cihm.correction.journal.records import (
    HEAD_BYTES,
    Kind,
    Record,
    read_head,
    read_records,
)
from napari_cihm.errors import ReadError

LOOKING = threading.Lock()  # no folder is looked into while it is removed


@dataclass(frozen=True)
class FoundJournal:
    """A journal as it lies in its folder.

    Attributes
    ----------
    path : Path
        Its folder.
    identity : ImageIdentity
        The image it was kept for.
    layer : str
        What the labels were called.
    facts : dict
        What was noted when its newest file was begun.
    strokes : int
        How many changes it holds; a snapshot counts as one.
    last : float
        When it was written last, in seconds since 1970.
    finished : bool
        Whether its work was saved or given up.
    live : bool
        Whether a window is writing it now.
    sound : bool
        Whether its logs are read to their ends without a fault.
    by_reference : bool
        Whether the labels it was begun with are needed to read it.
    begun : str
        What those labels are known by.
    megabytes : float
        Room it takes.
    """

    path: Path
    identity: ImageIdentity
    layer: str
    facts: dict[str, Any]
    strokes: int
    last: float
    finished: bool
    live: bool
    sound: bool
    by_reference: bool
    begun: str
    megabytes: float

    def began_with(self, labels: Any) -> bool:
        """Say whether labels are those that it was begun with, unchanged since."""
        return self.begun == fingerprint(labels, GLANCE)


class _Outline(NamedTuple):
    """The kinds of a log's records, what the last holds, and whether they are all."""

    kinds: list[int]
    last: bytes
    sound: bool


def look(place: Path) -> FoundJournal | None:
    """Look into the folder of a journal; None where it is none that can be read."""
    try:
        about = read_about(place)
        identity = ImageIdentity.read(about["identity"])
        outlines = [_outline(log) for log in generations(place, LOG).values()]
        # Not the lock: even looking at it touches it.
        files = [p.stat() for p in place.iterdir() if p.name != LOCK]
    except (ReadError, OSError, ValueError, KeyError):
        # Or it is gone while it was looked at: nothing to offer.
        return None
    kinds = [kind for outline in outlines for kind in outline.kinds]
    strokes = sum(kind in (Kind.EDIT, Kind.PIECE) for kind in kinds)
    # Later generations begin with a snapshot of what earlier ones held.
    strokes += any(number > 0 for number in generations(place, SNAPSHOT))
    return FoundJournal(
        path=place,
        identity=identity,
        layer=str(about.get("layer", "")),
        facts=dict(about.get("facts", {})),
        strokes=strokes,
        last=max((f.st_mtime for f in files), default=0.0),
        finished=_is_finished(outlines),
        live=is_live(place),
        sound=all(outline.sound for outline in outlines),
        by_reference=bool(about["labels"].get("by_reference")),
        begun=str(about.get("begun", "")),
        megabytes=sum(f.st_size for f in files) / 2**20,
    )


def _outline(log: Path) -> _Outline:
    """Go through a log; what records hold is read only where it is not whole."""
    kinds, at, length = [], 0, 0
    with log.open("rb") as file:
        while (head := read_head(file.read(HEAD_BYTES))) is not None:
            kinds.append(head.kind)
            length = head.length
            at += HEAD_BYTES + length
            file.seek(at)
        if at == file.seek(0, 2):
            file.seek(at - length)
            return _Outline(kinds, file.read(), True)
    sound = [r for r in read_records(contents(log)) if isinstance(r, Record)]
    last = sound[-1].payload if sound else b""
    return _Outline([record.kind for record in sound], last, False)


def _is_finished(outlines: list[_Outline]) -> bool:
    # A log that was only just begun when the power went is empty.
    told = [outline for outline in outlines if outline.kinds]
    if not told or told[-1].kinds[-1] != Kind.CLOSED:
        return False
    with contextlib.suppress(ValueError):
        return bool(json.loads(told[-1].last).get("finished"))
    return False


def is_live(place: Path) -> bool:
    """Tell whether a window writes a journal just now."""
    try:
        with LOOKING:
            if not place.is_dir():  # which would be made anew to hold the lock
                return False
            with lock_of(place):
                return False
    except filelock.Timeout:
        return True
    except OSError:
        # A read-only folder: nobody can be writing there.
        return False
