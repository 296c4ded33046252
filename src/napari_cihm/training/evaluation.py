"""Evaluate a model as a user meets it: through segmentation, image by image."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_cihm.data.apart import WORDS, one_number, tell_pairs_apart
from napari_cihm.data.image import Image
from napari_cihm.data.normalise import LUMINANCE
from napari_cihm.data.pairs import Pair, PairSource
from napari_cihm.data.survey import read_each
from napari_cihm.events import Evaluated, Event, ImageScored, Note
from napari_cihm.models import Model
from napari_cihm.segmentation import segment
from napari_cihm.training.metrics import Matching, Regions, hd95, judged, match, total
from napari_cihm.training.sheet import Shown


@dataclass(frozen=True)
class Scored:
    """One image's labels against its truth."""

    name: str
    kind: str
    regions: Regions
    hd95: float
    matchings: Sequence[Matching]
    shown: Shown = field(repr=False)

    @property
    def map(self) -> float:
        """Mean AP over the thresholds."""
        return float(np.mean([m.ap for m in self.matchings]))

    def row(self) -> dict[str, Any]:
        """Put the figures of the image into plain numbers."""
        first = self.matchings[0]
        return {
            "name": self.name,
            "kind": self.kind,
            "dice": self.regions.dice,
            "iou": self.regions.iou,
            "hd95": self.hd95,
            "map": self.map,
            "ap50": first.ap,
            "objects": first.tp + first.fn,
            "found": first.tp + first.fp,
        }


def evaluate(
    model: Model,
    sources: Sequence[PairSource],
    kinds: Mapping[str, str] | None = None,
    **settings: Any,
) -> Iterator[Event]:
    """Segment each image as `segment` does and score it, one event an image.

    The last event is `Evaluated`, with all of them.

    Parameters
    ----------
    model : Model
        What to evaluate.
    sources : sequence of PairSource
        Images and truth, read one at a time.
    kinds : mapping, optional
        The kind of an image by its name, for figures of each kind.
    **settings
        Fields of `SegmentSettings`.
    """
    kinds, scored = kinds or {}, []
    masks = (pair.labels for pair in read_each(sources))
    if model.config.task == "instance" and one_number(masks):
        sources = tell_pairs_apart(sources)
        yield Note(WORDS)
    for number, source in enumerate(sources, start=1):
        pair = source.read()
        found = segment(_as_opened(pair), model, **settings)
        scored.append(score_pair(pair, found, kinds.get(pair.name, "")))
        yield ImageScored(number, len(sources), scored[-1])
    yield Evaluated(tuple(scored))


def _as_opened(pair: Pair) -> Image:
    """Give a pair's image the axes that its file would be opened with."""
    if pair.image.shape[0] == len(LUMINANCE):
        return Image.of(np.moveaxis(pair.image, 0, -1), "yxc")
    return Image.of(pair.image, "cyx")


def score_pair(pair: Pair, found: NDArray[np.integer], kind: str = "") -> Scored:
    """Score found labels against a pair's, where these may be believed."""
    true, given = pair.labels > 0, found > 0
    if pair.reviewed is not None:
        true, given = true & pair.reviewed, given & pair.reviewed
    objects = judged(pair.labels, found, pair.reviewed)
    return Scored(
        pair.name,
        kind,
        Regions.of(true, given),
        hd95(true, given),
        match(*objects),
        Shown(pair.name, pair.image, *objects),
    )


def summary(scored: Sequence[Scored]) -> dict[str, Any]:
    """Sum images up: region figures are means over images, AP counts all objects."""
    if not scored:
        return {"n_images": 0}
    at = total(s.matchings for s in scored)
    means = {
        name: float(np.mean([getattr(s.regions, name) for s in scored]))
        for name in ("dice", "iou", "precision", "recall")
    }
    return {
        **means,
        "hd95": float(np.mean([s.hd95 for s in scored])),
        "ap": {f"{m.threshold:.2f}": m.ap for m in at},
        "map": float(np.mean([m.ap for m in at])),
        "f1": at[0].f1,
        "pq": at[0].pq,
        "n_images": len(scored),
        "n_objects": at[0].tp + at[0].fn,
    }


def report(scored: Sequence[Scored]) -> dict[str, Any]:
    """Sum up over all images and over each kind, with the row of every image."""
    kinds = sorted({s.kind for s in scored} - {""})
    of_kinds = {k: summary([s for s in scored if s.kind == k]) for k in kinds}
    rows = [s.row() for s in scored]
    return {**summary(scored), "kinds": of_kinds, "per_image": rows}


def read_kinds(folder: Path) -> dict[str, str]:
    """Read the kinds of images from an ``index.csv`` in the folder or above it.

    The table has the columns ``id`` and ``kind``; without it there are no kinds.
    """
    for place in (folder, folder.resolve().parent):
        table = place / "index.csv"
        if table.is_file():
            rows = csv.DictReader(_text(table).splitlines())
            return {r["id"]: r["kind"] for r in rows if r.get("id") and r.get("kind")}
    return {}


def _text(table: Path) -> str:
    """Read a table as programs write it: UTF-8, with or without a mark, or Latin."""
    written = table.read_bytes()
    try:
        return written.decode("utf-8-sig")
    except UnicodeDecodeError:
        return written.decode("latin-1")
