"""Which of many boxes are reviewed, told without looking at pixels."""

from itertools import product

import numpy as np
from numpy.typing import NDArray

from napari_cihm.correction.reviewed import Reviewed


def coverage(
    reviewed: Reviewed, first: NDArray[np.intp], last: NDArray[np.intp]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Say of many boxes what is known of them without looking at pixels.

    Where they begin and end is given with shape (n, ndim). Told is which are surely
    reviewed as a whole, and which may be in part or whole; the others are not at all.
    """
    piece = reviewed.person.chunks
    grid = [-(-n // c) for n, c in zip(reviewed.shape, piece, strict=True)]
    full, met = np.zeros(grid, np.int64), np.zeros(grid, np.int64)
    for counts, keys in zip((met, full), reviewed.pieces(), strict=True):
        for key in keys:
            counts[key] = 1
    low, high = first // piece, -(-last // piece)
    whole = _sums(full, low, high) == (high - low).prod(axis=1)
    return whole, _sums(met, low, high) > 0


def _sums(
    grid: NDArray[np.int64], low: NDArray[np.intp], high: NDArray[np.intp]
) -> NDArray[np.int64]:
    """Return the sum of a grid within each of many boxes."""
    table = np.pad(grid, [(1, 0)] * grid.ndim)
    for axis in range(grid.ndim):
        np.cumsum(table, axis=axis, out=table)
    total = np.zeros(len(low), np.int64)
    for ends in product((False, True), repeat=grid.ndim):
        corner = tuple(np.where(ends, high, low).T)
        total += (-1) ** ends.count(False) * table[corner]
    return total
