"""Arithmetic of boxes: one slice an axis, each with explicit bounds."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_cihm.data.tiles import Box
from napari_cihm.errors import InputError

# Small enough to look at in a millisecond, large enough to hold a usual object.
NEAR = (16, 64, 64)
NEAR_FLAT = (128, 128)
# Large enough for a look through all of a volume, small enough for short steps.
CELL = (16, 256, 256)
CELL_FLAT = (512, 512)

Key = tuple[int, ...]


def box_at(start: Sequence[int], shape: Sequence[int]) -> Box:
    """Return the box of `shape` whose first pixel is `start`."""
    return tuple(
        slice(int(a), int(a) + int(n)) for a, n in zip(start, shape, strict=True)
    )


def start_of(box: Box) -> tuple[int, ...]:
    """Return the first pixel of a box."""
    return tuple(int(s.start) for s in box)


def shape_of(box: Box) -> tuple[int, ...]:
    """Return the sizes of a box."""
    return tuple(int(s.stop - s.start) for s in box)


def volume_of(box: Box) -> int:
    """Return the number of pixels of a box."""
    return int(np.prod(shape_of(box), dtype=np.int64))


def whole(shape: Sequence[int]) -> Box:
    """Return the box of an array with `shape`."""
    return tuple(slice(0, int(n)) for n in shape)


def hull(boxes: Iterable[Box]) -> Box:
    """Return the least box around `boxes`, of which there is at least one."""
    columns = zip(*boxes, strict=True)
    return tuple(
        slice(min(s.start for s in column), max(s.stop for s in column))
        for column in columns
    )


def grown(
    box: Box, by: int, shape: Sequence[int], axes: Sequence[int] | None = None
) -> Box:
    """Return `box` widened along `axes` (all by default) within `shape`."""
    return tuple(
        slice(max(s.start - by, 0), min(s.stop + by, int(n)))
        if axes is None or axis in axes
        else s
        for axis, (s, n) in enumerate(zip(box, shape, strict=True))
    )


def overlap(one: Box, other: Box) -> Box | None:
    """Return the pixels that two boxes share, or None when they share none."""
    shared = tuple(
        slice(max(a.start, b.start), min(a.stop, b.stop))
        for a, b in zip(one, other, strict=True)
    )
    return shared if all(s.start < s.stop for s in shared) else None


def cells(
    shape: Sequence[int], chunk: Sequence[int], within: Box | None = None
) -> Iterator[tuple[Key, Box]]:
    """Go through the cells of a regular grid, with the number of each.

    Parameters
    ----------
    shape : sequence of int
        The extent that the grid covers; cells at its end are cut.
    chunk : sequence of int
        The shape of a cell.
    within : Box, optional
        Only the cells that share a pixel with this box.
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


def check_point(point: Sequence[float], shape: Sequence[int]) -> tuple[int, ...]:
    """Round a point to its pixel, refusing one outside `shape`."""
    if len(point) != len(shape):
        raise InputError(
            f"a point of {len(point)} coordinates in labels of {len(shape)} dimensions",
            f"{len(shape)} coordinates",
        )
    pixel = tuple(round(float(p)) for p in point)
    if any(not 0 <= p < n for p, n in zip(pixel, shape, strict=True)):
        raise InputError(
            f"the point {pixel} lies outside the labels, shape {tuple(shape)}",
            "a point on the image",
        )
    return pixel


def check_axes_of(axes: Sequence[int] | None, ndim: int) -> tuple[int, ...]:
    """Return the axes a tool works along, ascending; all of them for None."""
    if axes is None:
        return tuple(range(ndim))
    chosen = tuple(sorted({a + ndim if a < 0 else a for a in axes}))
    if not chosen or len(chosen) != len(axes) or chosen[0] < 0 or chosen[-1] >= ndim:
        raise InputError(
            f"axes {tuple(axes)} of labels with {ndim} dimensions",
            f"different axes from 0 to {ndim - 1}",
        )
    return chosen


def tight(mask: NDArray[np.bool_]) -> Box | None:
    """Return the least box around the true pixels of a mask, or None."""
    if mask.ndim == 1:
        found = np.flatnonzero(mask)
        return (slice(int(found[0]), int(found[-1]) + 1),) if found.size else None
    spans = []
    for axis in range(mask.ndim):
        others = tuple(a for a in range(mask.ndim) if a != axis)
        found = np.flatnonzero(mask.any(axis=others))
        if not found.size:
            return None
        spans.append(slice(int(found[0]), int(found[-1]) + 1))
    return tuple(spans)
