"""Regular grids: the pieces in which labels are read and looked through."""

from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_cihm.data.boxes import Box, whole
from napari_cihm.data.indexing import Points

# Small enough to look at in a millisecond, large enough to hold a usual object.
NEAR = (16, 64, 64)
NEAR_FLAT = (128, 128)
# Large enough for a look through all of a volume, small enough for short steps.
CELL = (16, 256, 256)
CELL_FLAT = (512, 512)

Key = tuple[int, ...]


def cells(
    shape: Sequence[int], chunk: Sequence[int], within: Box | None = None
) -> Iterator[tuple[Key, Box]]:
    """Go through the cells of a regular grid over `shape`, with the number of each.

    Cells at its end are cut. With a box, only those that share a pixel with it.
    """
    within = within or whole(shape)
    spans = [
        range(s.start // c, -(-s.stop // c)) if s.stop > s.start else range(0)
        for s, c in zip(within, chunk, strict=True)
    ]
    for key in product(*spans):
        yield key, cell(key, shape, chunk)


def cell(key: Sequence[int], shape: Sequence[int], chunk: Sequence[int]) -> Box:
    """Return the cell with this number in a grid."""
    return tuple(
        slice(k * c, min((k + 1) * c, int(n)))
        for k, c, n in zip(key, chunk, shape, strict=True)
    )


def chunk_of(
    array: Any, flat: Sequence[int] = NEAR_FLAT, deep: Sequence[int] = NEAR
) -> tuple[int, ...]:
    """Return the shape of the pieces in which an array is best read.

    A zarr or dask array is read by its own chunks, since reading a part of one
    costs as much as the whole; anything else by pieces of a convenient size,
    `flat` with two axes and `deep` with more.
    """
    shape = tuple(int(n) for n in array.shape)
    own = getattr(array, "chunks", None)
    if own and len(own) == len(shape):
        # Of a dask array the largest: the first of a cropped one may be a sliver.
        usual = [int(max(c) if isinstance(c, tuple) else c) for c in own]
    else:
        size = flat if len(shape) <= 2 else deep
        usual = [1] * (len(shape) - len(size)) + list(size)[-len(shape) :]
    return tuple(max(1, min(c, n)) for c, n in zip(usual, shape, strict=True))


def grid_of(array: Any) -> tuple[int, ...]:
    """Return the shape of the cells in which all of an array is looked through."""
    return chunk_of(array, CELL_FLAT, CELL)


def by_cell(
    points: Points, shape: Sequence[int], chunk: Sequence[int]
) -> Iterator[tuple[Key, NDArray[np.intp], Points]]:
    """Sort points by cells: the number of each, its points' ranks and places in it."""
    flat = [p.reshape(-1) for p in points]
    counts = [-(-n // c) for n, c in zip(shape, chunk, strict=True)]
    keys = [p // c for p, c in zip(flat, chunk, strict=True)]
    numbers = np.ravel_multi_index(keys, counts)
    order = np.argsort(numbers, kind="stable")
    firsts = np.flatnonzero(np.diff(numbers[order], prepend=-1))
    for ranks in np.split(order, firsts[1:]) if order.size else []:
        key = tuple(int(k[ranks[0]]) for k in keys)
        first = [k * c for k, c in zip(key, chunk, strict=True)]
        yield key, ranks, tuple(p[ranks] - f for p, f in zip(flat, first, strict=True))
