"""How good labels are, object by object: which were found, missed and invented."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import linear_sum_assignment

Indices = NDArray[np.intp]
Floats = NDArray[np.float64]

THRESHOLDS = tuple(round(0.5 + 0.05 * i, 2) for i in range(10))


@dataclass(frozen=True)
class Matching:
    """How the objects of one image, or of a set, found each other at an IoU.

    Attributes
    ----------
    threshold : float
        IoU from which two objects are the same.
    tp, fp, fn : int
        Objects found, invented and missed.
    iou : float
        Sum of the IoU of the found.
    """

    threshold: float
    tp: int
    fp: int
    fn: int
    iou: float

    @property
    def ap(self) -> float:
        """TP / (TP + FP + FN); 1 when there is nothing and nothing was found."""
        total = self.tp + self.fp + self.fn
        return self.tp / total if total else 1.0

    @property
    def f1(self) -> float:
        """2 TP / (2 TP + FP + FN)."""
        total = 2 * self.tp + self.fp + self.fn
        return 2 * self.tp / total if total else 1.0

    @property
    def pq(self) -> float:
        """Panoptic quality: mean IoU of the found times F1."""
        total = self.tp + 0.5 * (self.fp + self.fn)
        return self.iou / total if total else 1.0


def match(
    truth: NDArray[np.integer],
    found: NDArray[np.integer],
    thresholds: Sequence[float] = THRESHOLDS,
) -> list[Matching]:
    """Pair the objects of two label images, as many as can be at each IoU."""
    overlaps = Overlaps.of(truth, found)
    return [_match_at(overlaps, t) for t in thresholds]


def total(matchings: Iterable[Sequence[Matching]]) -> list[Matching]:
    """Add the matchings of several images up, threshold by threshold."""
    return [
        Matching(
            of[0].threshold,
            sum(m.tp for m in of),
            sum(m.fp for m in of),
            sum(m.fn for m in of),
            sum(m.iou for m in of),
        )
        for of in zip(*matchings, strict=True)
    ]


def mean_ap(matchings: Sequence[Matching]) -> float:
    """Mean AP over the thresholds."""
    return float(np.mean([m.ap for m in matchings]))


def precision(matchings: Sequence[Matching]) -> dict[str, float]:
    """Name the figures of a set that are kept: AP at two thresholds and over all."""
    ap = {f"ap{m.threshold:.2f}": m.ap for m in matchings}
    return {name: ap[name] for name in ("ap0.50", "ap0.75")} | {
        "map": mean_ap(matchings)
    }


@dataclass(frozen=True)
class Overlaps:
    """The objects of two label images, and which lie on each other: few of all pairs.

    Attributes
    ----------
    true, found : array of int
        Their numbers, in order.
    rows, columns : array of int
        Places in `true` and in `found` of each two that share pixels.
    pixels : array of int
        How many they share.
    iou : array of float
        Which part that is of what either covers.
    """

    true: NDArray[np.integer]
    found: NDArray[np.integer]
    rows: Indices
    columns: Indices
    pixels: NDArray[np.int64]
    iou: Floats

    @classmethod
    def of(cls, truth: NDArray[np.integer], found: NDArray[np.integer]) -> "Overlaps":
        """Count."""
        true, t_areas = np.unique(truth[truth != 0], return_counts=True)
        given, f_areas = np.unique(found[found != 0], return_counts=True)
        both = (truth != 0) & (found != 0)
        at = np.searchsorted(true, truth[both]), np.searchsorted(given, found[both])
        ones = np.ones(len(at[0]), np.int64)
        table = sparse.coo_array((ones, at), (len(true), len(given))).tocsr().tocoo()
        rows, columns = table.coords
        union = t_areas[rows] + f_areas[columns] - table.data
        return cls(true, given, rows, columns, table.data, table.data / union)

    def from_iou(self, threshold: float) -> tuple[Indices, Indices, Floats]:
        """Return places and IoU of the pairs that reach an IoU."""
        good = self.iou >= threshold
        return self.rows[good], self.columns[good], self.iou[good]

    def partners(self) -> tuple[Indices, Indices]:
        """Return the place of what each true, and each found, object shares most with.

        -1 where it lies on nothing.
        """
        t_best, f_best = (np.full(len(n), -1) for n in (self.true, self.found))
        rising = np.argsort(-self.pixels, kind="stable")[::-1]  # and the last one stays
        rows, columns = self.rows[rising], self.columns[rising]
        t_best[rows], f_best[columns] = columns, rows
        return t_best, f_best


def judged(
    truth: NDArray[np.integer],
    found: NDArray[np.integer],
    reviewed: NDArray[np.bool_] | None,
) -> tuple[NDArray[np.integer], NDArray[np.integer]]:
    """Keep the objects that can be judged where only a part was reviewed.

    An object is judged when its greater part was reviewed. What was found on a true
    object shares its fate, or one that the edge cuts a little further on one side would
    be missed there and invented on the other. Compared is what was reviewed of them.
    """
    if reviewed is None:
        return truth, found
    t_in, f_in = (np.where(reviewed, labels, 0) for labels in (truth, found))
    inside, alone = _mostly(truth, reviewed), _mostly(found, reviewed)
    overlaps = Overlaps.of(t_in, f_in)
    on_true, on_found = overlaps.partners()
    whole = np.isin(overlaps.true, inside)
    best = overlaps.found[on_true[whole & (on_true >= 0)]]
    cut = overlaps.found[(on_found >= 0) & ~np.append(whole, False)[on_found]]
    kept = np.union1d(np.setdiff1d(alone, cut), best)
    return (
        np.where(np.isin(t_in, inside), t_in, 0),
        np.where(np.isin(f_in, kept), f_in, 0),
    )


def _mostly(
    labels: NDArray[np.integer], inside: NDArray[np.bool_]
) -> NDArray[np.integer]:
    """Return the numbers of the objects whose greater part lies inside."""
    names, at, whole = np.unique(labels, return_inverse=True, return_counts=True)
    within = np.bincount(at.reshape(labels.shape)[inside], minlength=len(names))
    mostly: NDArray[np.integer] = names[(names != 0) & (2 * within > whole)]
    return mostly


def _match_at(overlaps: Overlaps, threshold: float) -> Matching:
    rows, columns, iou = overlaps.from_iou(threshold)
    alone = (np.bincount(rows)[rows] == 1) & (np.bincount(columns)[columns] == 1)
    chosen = _chosen(rows[~alone], columns[~alone], iou[~alone])
    hits = int(alone.sum()) + len(chosen)
    quality = float(iou[alone].sum() + chosen.sum())
    fp, fn = len(overlaps.found) - hits, len(overlaps.true) - hits
    return Matching(threshold, hits, fp, fn, quality)


def _chosen(rows: Indices, columns: Indices, iou: Floats) -> Floats:
    """Choose as many pairs as can be, and the best of such choices; give their IoU."""
    if not len(iou):
        return iou
    (true, t), (found, f) = (
        np.unique(places, return_inverse=True) for places in (rows, columns)
    )
    table = np.zeros((len(true), len(found)))
    table[t, f] = iou
    worth = (table > 0) + table / (2 * min(table.shape))
    chosen: Floats = table[linear_sum_assignment(worth, maximize=True)]
    return chosen[chosen > 0]
