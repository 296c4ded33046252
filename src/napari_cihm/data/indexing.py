"""Read numpy's ways of indexing as boxes or as lists of points."""

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_cihm.data.boxes import Box

Points = tuple[NDArray[np.intp], ...]


def read_points(index: Any, shape: Sequence[int]) -> Points | None:
    """Read an index that lists points, one array an axis, broadcast and not negative.

    None where it is made of numbers and slices alone.
    """
    given = index if isinstance(index, tuple) else (index,)
    listed = [isinstance(i, np.ndarray | list) and np.ndim(i) > 0 for i in given]
    if not any(listed):
        return None
    if len(given) != len(shape) or any(isinstance(i, slice) for i in given):
        raise IndexError("points need one list of numbers for each axis")
    points = np.broadcast_arrays(*[np.asarray(i, np.intp) for i in given])
    for axis, (p, n) in enumerate(zip(points, shape, strict=True)):
        if p.size and not (-n <= p.min() and p.max() < n):
            raise IndexError(f"an index is out of bounds for axis {axis}, size {n}")
    return tuple(np.where(p < 0, p + n, p) for p, n in zip(points, shape, strict=True))


def read_box(index: Any, shape: Sequence[int]) -> tuple[Box, tuple[Any, ...]]:
    """Read an index made of numbers, slices and an ellipsis.

    It is the box that holds every pixel named, and the index of these within it.
    """
    given = list(index) if isinstance(index, tuple) else [index]
    if any(i is Ellipsis for i in given):
        at = next(rank for rank, i in enumerate(given) if i is Ellipsis)
        given[at : at + 1] = [slice(None)] * (len(shape) - len(given) + 1)
    given += [slice(None)] * (len(shape) - len(given))
    if len(given) > len(shape):
        raise IndexError(f"{len(given)} indices for {len(shape)} dimensions")
    spans = [
        _span(i, n, axis) for axis, (i, n) in enumerate(zip(given, shape, strict=True))
    ]
    return tuple(s for s, _ in spans), tuple(rest for _, rest in spans)


def _span(index: Any, n: int, axis: int) -> tuple[slice, Any]:
    if not isinstance(index, slice):
        at = operator.index(index)
        at += n if at < 0 else 0
        if not 0 <= at < n:
            raise IndexError(f"{index} is out of bounds for axis {axis}, size {n}")
        return slice(at, at + 1), 0
    first, stop, step = index.indices(n)
    reached = range(first, stop, step)
    if not reached:
        return slice(0, 0), slice(None)
    low, high = min(reached[0], reached[-1]), max(reached[0], reached[-1])
    rest = slice(None) if step == 1 else slice(first - low, None, step)
    return slice(low, high + 1), rest
