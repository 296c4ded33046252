"""How good regions are, pixel by pixel and at their edges."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage


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
