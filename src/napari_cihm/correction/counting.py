"""Count the pixels of each label in an array, with the box around them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_cihm.correction.boxes import box_at, hull, shape_of, start_of
from napari_cihm.correction.edits import Block
from napari_cihm.data.tiles import Box

# Beyond it a table of one entry a label number costs more than sorting pixels.
TABLE = 1 << 22


@dataclass
class Extent:
    """How many pixels a label has, and a box that holds them all."""

    count: int
    box: Box

    def add(self, other: "Extent") -> None:
        """Take in more pixels of the label."""
        self.count += other.count
        self.box = hull((self.box, other.box))


def extents_of(values: NDArray[Any], start: tuple[int, ...]) -> dict[int, Extent]:
    """Count each label but 0 in a part of an array.

    Parameters
    ----------
    values : array of int
        The part.
    start : tuple of int
        Where it lies in the whole.
    """
    numbers, compact, counts = _compact(values)
    if not len(numbers):
        return {}
    found = ndimage.find_objects(compact)
    return {
        int(number): Extent(int(count), _moved(box, start))
        for number, count, box in zip(numbers, counts, found, strict=True)
    }


def extents_of_block(block: Block, name: str) -> dict[int, Extent]:
    """Count each label but 0 among the old or new values of an edit's block."""
    values = getattr(block, name)
    if not values.ndim:
        number = int(values)
        return {number: Extent(block.size, block.box)} if number else {}
    window = np.zeros(block.shape, values.dtype)
    window[block.where] = values
    return extents_of(window, block.start)


def _compact(
    values: NDArray[Any],
) -> tuple[NDArray[Any], NDArray[np.int32], NDArray[np.intp]]:
    """Renumber labels from 1 without gaps: their numbers, the array, their sizes."""
    top = int(values.max(initial=0))
    if not top and int(values.min(initial=0)) == 0:
        return np.empty(0, values.dtype), values, np.empty(0, np.intp)
    if top < TABLE and int(values.min()) >= 0:
        sizes = np.bincount(values.reshape(-1).astype(np.int32, copy=False))
        sizes[0] = 0
        numbers = np.flatnonzero(sizes)
        table = np.zeros(top + 1, np.int32)
        table[numbers] = np.arange(1, len(numbers) + 1)
        return numbers, table[values], sizes[numbers]
    numbers, inverse, counts = np.unique(
        values, return_inverse=True, return_counts=True
    )
    real = numbers != 0
    ranks = np.where(real, np.cumsum(real), 0).astype(np.int32)
    return numbers[real], ranks[inverse.reshape(values.shape)], counts[real]


def _moved(box: Box, start: tuple[int, ...]) -> Box:
    first = [a + b for a, b in zip(start_of(box), start, strict=True)]
    return box_at(first, shape_of(box))
