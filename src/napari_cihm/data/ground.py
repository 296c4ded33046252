"""Masks in which the background has a number of its own, where 0 should be."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from skimage.measure import label

MOST = 0.5  # of a mask, which no object fills
HOLES = 2  # pieces of 0 in a mask that is inverted; a gap between objects is one


def said_of_ground(masks: Iterable[NDArray[Any]]) -> str:
    """Say which number seems to be the background of masks, where it is not 0.

    They hold no 0, or it is in pieces that one other number surrounds, as in the
    masks of programs that show objects black on white.

    Parameters
    ----------
    masks : iterable of array
        As far as they may be believed. They are looked at up to the first that
        shows that nothing is wrong.
    """
    found, holes = set[int](), False
    for mask in masks:
        numbers, areas = np.unique(mask, return_counts=True)
        if not len(numbers):
            continue
        found.add(int(numbers[np.argmax(areas)]))
        if 0 in found or areas.max() <= MOST * areas.sum() or len(found) > 1:
            return ""
        if 0 in numbers:
            if not (len(numbers) == 2 and _full_of_holes(mask)):
                return ""
            holes = True
    if not found:
        return ""
    (number,) = found
    if holes:
        return (
            f"The number {number} fills most of the masks, around pieces of 0. Only 0 "
            f"is background: swap 0 and {number} if these pieces are the objects."
        )
    return (
        f"The number {number} fills most of the masks, which hold no 0. Only 0 is "
        f"background: replace {number} by 0 if nothing is there."
    )


def _full_of_holes(mask: NDArray[Any]) -> bool:
    """Tell whether 0 is in pieces; what is known in parts only does not tell."""
    return mask.ndim > 1 and int(label(mask == 0, connectivity=1).max()) >= HOLES


def believed(
    labels: NDArray[np.integer], reviewed: NDArray[np.bool_] | None
) -> NDArray[np.integer]:
    """Return labels where they may be believed; a plane, where all of it may be."""
    return labels if reviewed is None or reviewed.all() else labels[reviewed]
