"""How good found labels are: each image's figures, and those of all together."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_cihm.config import ModelConfig
from napari_cihm.config.figures import REGION
from napari_cihm.data.pairs import Pair
from napari_cihm.training.metrics import Matching, judged, match, mean_ap, total
from napari_cihm.training.region_metrics import Regions, hd95
from napari_cihm.training.sheet import Shown


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
