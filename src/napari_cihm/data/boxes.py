"""Arithmetic of boxes: one slice an axis, each with explicit bounds."""

from collections.abc import Iterable, Sequence
from math import prod

import numpy as np
from numpy.typing import NDArray

Box = tuple[slice, ...]


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
    return prod(shape_of(box))


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


def intersection(one: Box, other: Box) -> Box:
    """Return the pixels that two boxes share; they must share some."""
    return tuple(
        slice(max(a.start, b.start), min(a.stop, b.stop))
        for a, b in zip(one, other, strict=True)
    )


def overlap(one: Box, other: Box) -> Box | None:
    """Return the pixels that two boxes share, or None when they share none."""
    shared = intersection(one, other)
    return shared if all(s.start < s.stop for s in shared) else None


def shifted(box: Box, origin: Box) -> Box:
    """Return `box` as seen from the first corner of `origin`."""
    return tuple(
        slice(b.start - o.start, b.stop - o.start)
        for b, o in zip(box, origin, strict=True)
    )


def sliced(box: Box, axis: int, at: int) -> Box:
    """Return the slice of a box at one place along an axis."""
    return (*box[:axis], slice(at, at + 1), *box[axis + 1 :])


def tight(mask: NDArray[np.bool_]) -> Box | None:
    """Return the least box around the true pixels of a mask, or None."""
    spans = []
    for axis in range(mask.ndim):
        others = tuple(a for a in range(mask.ndim) if a != axis)
        found = np.flatnonzero(mask.any(axis=others))
        if not found.size:
            return None
        spans.append(slice(int(found[0]), int(found[-1]) + 1))
    return tuple(spans)
