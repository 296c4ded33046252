"""Masks in which the background has a number of its own, where 0 should be."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_cihm.data.pairs import Pair

MOST = 0.5  # of a mask, which no object fills


def said_of_ground(masks: Iterable[NDArray[Any]]) -> str:
    """Say which number seems to be the background of masks that hold no 0.

    Parameters
    ----------
    masks : iterable of array
        As far as they may be believed. They are looked at up to the first that
        shows that nothing is wrong.
    """
    found = set[int]()
    for mask in masks:
        numbers, areas = np.unique(mask, return_counts=True)
        if not len(numbers):
            continue
        found.add(int(numbers[np.argmax(areas)]))
        if 0 in numbers or areas.max() <= MOST * areas.sum() or len(found) > 1:
            return ""
    if not found:
        return ""
    (number,) = found
    return (
        f"The number {number} fills most of the masks, which hold no 0. Only 0 is "
        f"background: replace {number} by 0 if nothing is there."
    )


def believed(pair: Pair) -> NDArray[np.int32]:
    """Return the labels of a pair where they may be believed."""
    return pair.labels if pair.reviewed is None else pair.labels[pair.reviewed]
