"""How good labels are: of regions, of their edges, and of single objects."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.optimize import linear_sum_assignment

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
    iou = iou_matrix(truth, found)
    return [_match_at(iou, t) for t in thresholds]


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


def iou_matrix(
    truth: NDArray[np.integer], found: NDArray[np.integer]
) -> NDArray[np.float64]:
    """Return the IoU of each true object (rows) with each found one (columns)."""
    t_names, f_names, overlap = _overlaps(truth, found)
    union = overlap.sum(1)[:, None] + overlap.sum(0)[None] - overlap
    iou: NDArray[np.float64] = overlap / np.maximum(union, 1)
    objects: NDArray[np.float64] = iou[t_names != 0][:, f_names != 0]
    return objects


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
    t_names, f_names, overlap = _overlaps(t_in, f_in)
    overlap[t_names == 0], overlap[:, f_names == 0] = 0, 0
    inside, alone = _mostly(truth, reviewed), _mostly(found, reviewed)
    best = f_names[overlap.argmax(1)][np.isin(t_names, inside) & overlap.any(1)]
    cut = ~np.isin(t_names[overlap.argmax(0)], inside) & overlap.any(0)
    kept = np.union1d(np.setdiff1d(alone, f_names[cut]), best)
    return (
        np.where(np.isin(t_in, inside), t_in, 0),
        np.where(np.isin(f_in, kept), f_in, 0),
    )


@dataclass(frozen=True)
class Regions:
    """Pixels that are in both regions, in the found alone, in the truth alone."""

    both: int
    found_alone: int
    truth_alone: int

    @classmethod
    def of(cls, truth: NDArray[np.bool_], found: NDArray[np.bool_]) -> "Regions":
        """Count."""
        both = int((truth & found).sum())
        return cls(both, int(found.sum()) - both, int(truth.sum()) - both)

    @classmethod
    def total(cls, parts: Iterable["Regions"]) -> "Regions":
        """Add the counts of several images up."""
        both, found, truth = 0, 0, 0
        for part in parts:
            both += part.both
            found += part.found_alone
            truth += part.truth_alone
        return cls(both, found, truth)

    @property
    def dice(self) -> float:
        """2 |A and B| / (|A| + |B|); 1 when both are empty."""
        total = 2 * self.both + self.found_alone + self.truth_alone
        return 2 * self.both / total if total else 1.0

    @property
    def iou(self) -> float:
        """|A and B| / |A or B|; 1 when both are empty."""
        total = self.both + self.found_alone + self.truth_alone
        return self.both / total if total else 1.0

    @property
    def precision(self) -> float:
        """Share of the found that is true."""
        total = self.both + self.found_alone
        return self.both / total if total else 1.0

    @property
    def recall(self) -> float:
        """Share of the truth that was found."""
        total = self.both + self.truth_alone
        return self.both / total if total else 1.0


def hd95(truth: NDArray[np.bool_], found: NDArray[np.bool_]) -> float:
    """95th percentile of the distances between two outlines, in pixels.

    0 when both are empty; the image's diagonal when one of them is.
    """
    if not truth.any() and not found.any():
        return 0.0
    if not truth.any() or not found.any():
        return float(np.hypot(*truth.shape))
    a, b = _outline(truth), _outline(found)
    away_from_a = ndimage.distance_transform_edt(~a)
    away_from_b = ndimage.distance_transform_edt(~b)
    both = np.concatenate([away_from_b[a], away_from_a[b]])
    return float(np.percentile(both, 95))


def _outline(region: NDArray[np.bool_]) -> NDArray[np.bool_]:
    inner: NDArray[np.bool_] = ndimage.binary_erosion(region)
    return region & ~inner


def _overlaps(
    truth: NDArray[np.integer], found: NDArray[np.integer]
) -> tuple[NDArray[np.integer], NDArray[np.integer], NDArray[np.int64]]:
    """Return the numbers of both, and the pixels that each two share."""
    t_names, t = np.unique(truth, return_inverse=True)
    f_names, f = np.unique(found, return_inverse=True)
    shape = (len(t_names), len(f_names))
    pairs = t.ravel().astype(np.int64) * shape[1] + f.ravel()
    overlap = np.bincount(pairs, minlength=shape[0] * shape[1]).reshape(shape)
    return t_names, f_names, overlap


def _mostly(
    labels: NDArray[np.integer], inside: NDArray[np.bool_]
) -> NDArray[np.integer]:
    """Return the numbers of the objects whose greater part lies inside."""
    names, at, whole = np.unique(labels, return_inverse=True, return_counts=True)
    within = np.bincount(at.reshape(labels.shape)[inside], minlength=len(names))
    mostly: NDArray[np.integer] = names[(names != 0) & (2 * within > whole)]
    return mostly


def _match_at(iou: NDArray[np.float64], threshold: float) -> Matching:
    true, found = iou.shape
    fewest = min(true, found)
    hits, quality = 0, 0.0
    if fewest and (iou >= threshold).any():
        # first as many pairs as possible, then the best overlaps among those
        worth = (iou >= threshold) + iou / (2 * fewest)
        rows, columns = linear_sum_assignment(-worth)
        chosen = iou[rows, columns]
        chosen = chosen[chosen >= threshold]
        hits, quality = len(chosen), float(chosen.sum())
    return Matching(threshold, hits, found - hits, true - hits, quality)
