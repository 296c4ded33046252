"""Evaluate a model as a user meets it: through segmentation, image by image."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_cihm.config import ModelConfig
from napari_cihm.config.figures import REGION
from napari_cihm.data.apart import WORDS, one_number, tell_pairs_apart
from napari_cihm.data.ground import believed, said_of_ground
from napari_cihm.data.image import COLOUR, Image
from napari_cihm.data.pairs import Pair, PairSource
from napari_cihm.data.survey import read_each
from napari_cihm.errors import DataError
from napari_cihm.events import Evaluated, Event, ImageScored, Note
from napari_cihm.models import Model
from napari_cihm.segmentation import segment
from napari_cihm.training.classes import pairs_in_classes, reviewed_masks, said_of
from napari_cihm.training.metrics import Matching, judged, match, mean_ap, total
from napari_cihm.training.region_metrics import Regions, hd95
from napari_cihm.training.sheet import Shown

EMPTY = (
    "The masks are all background: the figures only tell whether anything was found "
    "where nothing should be."
)


@dataclass(frozen=True)
class Scored:
    """One image's labels against its truth.

    Attributes
    ----------
    name, kind : str
    classes : mapping
        The figures of each class that is in the image or was found there, by its
        number; of objects and of plain regions there is one class.
    matchings : sequence of Matching
        Of the objects; nothing where numbers name classes.
    """

    name: str
    kind: str
    classes: Mapping[int, Mapping[str, float]]
    matchings: Sequence[Matching]

    @property
    def figure(self) -> float:
        """The one number that tells how good it is: mean AP, or the mean Dice."""
        if self.matchings:
            return mean_ap(self.matchings)
        return _mean_of(self.classes.values())["dice"]

    @property
    def words(self) -> str:
        """Say the figure."""
        return f"{'mean AP' if self.matchings else 'Dice'} {self.figure:.3f}"

    def row(self) -> dict[str, Any]:
        """Put the figures of the image into plain numbers."""
        regions = _mean_of(self.classes.values())
        row: dict[str, Any] = {"name": self.name, "kind": self.kind}
        row |= {name: regions[name] for name in ("dice", "iou", "hd95")}
        if not self.matchings:
            return row
        first = self.matchings[0]
        return row | {
            "map": self.figure,
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

    The last event is `Evaluated`, with the figures of all; the images themselves are
    not kept.

    Parameters
    ----------
    model : Model
        What to evaluate.
    sources : sequence of PairSource
        Images and truth, read one at a time.
    kinds : mapping, optional
        The kind of an image by its name, for figures of each kind.
    **settings
        Fields of `PlaneSettings`.
    """
    kinds, scored = kinds or {}, []
    said = said_of_ground(believed(p.labels, p.reviewed) for p in read_each(sources))
    masks = (pair.labels for pair in read_each(sources))
    if model.config.task == "instance" and one_number(masks):
        sources = tell_pairs_apart(sources)
        yield Note(WORDS)
    if said:
        yield Note(said)
    if model.config.numbers:
        sources, said = _in_its_classes(sources, model.config.numbers)
        if said:
            yield Note(said)
    empty = True
    for number, source in enumerate(sources, start=1):
        pair = source.read()
        empty = empty and not believed(pair.labels, pair.reviewed).any()
        found = segment(_as_opened(pair), model, **settings)
        kind = kinds.get(pair.name, "")
        one, shown = score_pair(pair, found, kind, model.config)
        scored.append(one)
        yield ImageScored(number, len(sources), one, shown)
    if empty:
        yield Note(EMPTY)
    yield Evaluated(tuple(scored))


def _in_its_classes(
    sources: Sequence[PairSource], known: tuple[int, ...]
) -> tuple[Sequence[PairSource], str]:
    """Turn masks into the classes of a model that learnt them by such numbers.

    Masks that hold nothing but 1, 2, 3 ... are such classes already.
    """
    held = {int(n) for mask in reviewed_masks(sources) for n in np.unique(mask)} - {0}
    if held <= set(known):
        return pairs_in_classes(sources, known), said_of(held, known)
    if max(held) <= len(known):
        return sources, ""
    strange = ", ".join(map(str, sorted(held - set(known))))
    raise DataError(
        f"the masks hold {strange}, which the model did not learn as classes",
        f"numbers among {', '.join(map(str, known))}, or 1 to {len(known)}",
    )


def _as_opened(pair: Pair) -> Image:
    """Give a pair's image the axes that its file would be opened with."""
    if pair.colour:
        colours = np.broadcast_to(pair.image, (COLOUR, *pair.labels.shape))
        return Image.of(np.moveaxis(colours, 0, -1), "yxc")
    return Image.of(pair.image, "cyx")


def score_pair(
    pair: Pair, found: NDArray[np.integer], kind: str, config: ModelConfig
) -> tuple[Scored, Shown]:
    """Score found labels against a pair's, where these may be believed.

    Returns
    -------
    Scored
    Shown
        What was compared, as large as the image.
    """
    seen, instances = pair.reviewed, config.task == "instance"
    truth, given = (
        labels if seen is None else np.where(seen, labels, 0)
        for labels in (pair.labels, found)
    )
    if config.exclusive:
        held = np.union1d(truth, given)
        classes = {int(k): _region(truth == k, given == k) for k in held[held > 0]}
    else:
        classes = {1: _region(truth > 0, given > 0)}
    matchings: Sequence[Matching] = ()
    if instances:
        truth, given = judged(pair.labels, found, seen)
        matchings = match(truth, given)
    elif not config.exclusive:
        truth, given = (truth > 0).astype(int), (given > 0).astype(int)
    shown = Shown(pair.name, pair.image, truth, given, classes=not instances)
    return Scored(pair.name, kind, classes, matchings), shown


def _region(truth: NDArray[np.bool_], found: NDArray[np.bool_]) -> dict[str, float]:
    counts = Regions.of(truth, found)
    names = (name for name in REGION if name != "hd95")
    return {n: getattr(counts, n) for n in names} | {"hd95": hd95(truth, found)}


def _mean_of(figures: Iterable[Mapping[str, float]]) -> dict[str, float]:
    """Average figures; where there is nothing and nothing was found, all is right."""
    known = list(figures) or [_region(*np.zeros((2, 1, 1), bool))]
    return {name: float(np.mean([f[name] for f in known])) for name in REGION}


def summary(scored: Sequence[Scored]) -> dict[str, Any]:
    """Sum images up: region figures are means over images, AP counts all objects.

    A class is averaged over the images that have it, or in which it was found, and the
    classes then weigh alike. Where numbers name classes there are no objects, and of
    these nothing is said.
    """
    if not scored:
        return {"n_images": 0}
    numbers = sorted({number for s in scored for number in s.classes})
    classes = {
        str(k): _mean_of(s.classes[k] for s in scored if k in s.classes)
        for k in numbers
    }
    means = _mean_of(classes.values())
    if not scored[0].matchings:
        return {
            **means,
            "ap": {},
            "map": None,
            "n_images": len(scored),
            "classes": classes,
        }
    at = total(s.matchings for s in scored)
    return {
        **means,
        "ap": {f"{m.threshold:.2f}": m.ap for m in at},
        "map": mean_ap(at),
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
