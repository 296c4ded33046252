"""Find the object under a point by flooding outwards from it, block by block.

No more of the labels is read than the blocks that the object lies in, so the
cost follows the object and not the volume. What is found is one connected
piece (diagonal neighbours count); a label may have others elsewhere, and a tool
that was pointed at one piece leaves those as they are.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_cihm.correction.chunked import readable
from napari_cihm.correction.given import check_axes_of, check_point
from napari_cihm.correction.grids import Key, by_cell, cell, chunk_of, grid_of
from napari_cihm.data.boxes import (
    Box,
    box_at,
    grown,
    hull,
    overlap,
    shape_of,
    shifted,
    start_of,
    tight,
)
from napari_cihm.data.indexing import Points
from napari_cihm.errors import InputError

# An object that lies in more of the small blocks is followed through large ones.
MANY = 64


@dataclass(frozen=True, eq=False)
class Piece:
    """One connected piece of an object.

    Attributes
    ----------
    label : int
        Its number.
    parts : tuple of (Box, array of bool)
        Its pixels, as a mask for each box; the boxes do not overlap.
    axes : tuple of int
        The axes it was followed along; along the others it is one pixel thick.
    shape : tuple of int
        Sizes of the labels it lies in.
    """

    label: int
    parts: tuple[tuple[Box, NDArray[np.bool_]], ...]
    axes: tuple[int, ...]
    shape: tuple[int, ...]

    @property
    def box(self) -> Box:
        """The least box around it."""
        return hull(box for box, _ in self.parts)

    @property
    def size(self) -> int:
        """Its number of pixels."""
        return sum(int(np.count_nonzero(mask)) for _, mask in self.parts)

    def window(self, margin: int = 0) -> Box:
        """Return its box with a margin along its axes, within the labels."""
        return grown(self.box, margin, self.shape, self.axes)

    def mask_in(self, box: Box) -> NDArray[np.bool_]:
        """Return its pixels as a mask of the pixels of `box`."""
        mask = np.zeros(shape_of(box), np.bool_)
        for place, part in self.parts:
            shared = overlap(place, box)
            if shared is not None:
                mask[shifted(shared, box)] |= part[shifted(shared, place)]
        return mask

    def __contains__(self, pixel: Sequence[int]) -> bool:
        for box, mask in self.parts:
            inner = tuple(p - s.start for s, p in zip(box, pixel, strict=True))
            if all(0 <= i < n for i, n in zip(inner, mask.shape, strict=True)):
                return bool(mask[inner])
        return False


def piece_at(
    labels: Any, point: Sequence[float], axes: Sequence[int] | None = None
) -> Piece:
    """Find the piece of an object that a point lies in.

    Parameters
    ----------
    labels : array-like of int
        numpy, zarr, dask or chunked labels.
    point : sequence of float
        One coordinate an axis, rounded to a pixel.
    axes : sequence of int, optional
        Follow the object along these alone: the two of the plane on screen keep
        a tool within one slice of a stack. All by default.

    Raises
    ------
    InputError
        If the point lies outside the labels or on the background.
    """
    chosen = check_axes_of(axes, len(labels.shape))
    pixel = check_point(point, labels.shape)
    label = label_at(labels, pixel)
    if label == 0:
        raise InputError(
            f"there is no object at {pixel}", "a point on an object", "click on one"
        )
    return flood(labels, pixel, label, chosen)


def label_at(labels: Any, pixel: Sequence[int]) -> int:
    """Return the label of one pixel."""
    here = box_at(pixel, (1,) * len(pixel))
    return int(np.asarray(labels[here]).item())


def flood(
    labels: Any,
    pixel: tuple[int, ...],
    label: int,
    axes: tuple[int, ...],
    blocks: Callable[[Any], Key] = chunk_of,
) -> Piece:
    """Collect the pixels of `label` that hang together with `pixel`."""
    source = readable(labels)
    chunk = _cell_of(source, axes, blocks)
    shape = tuple(int(n) for n in labels.shape)
    waiting: dict[Key, list[Points]] = {}
    _knock(waiting, np.array([pixel]), shape, chunk)
    comps: dict[Key, NDArray[np.int32]] = {}
    found: dict[Key, NDArray[np.bool_]] = {}
    while waiting:
        if len(found) > MANY and blocks is chunk_of:
            return flood(source, pixel, label, axes, grid_of)
        key, knocks = waiting.popitem()
        place = cell(key, shape, chunk)
        if key not in comps:
            comps[key], _ = pieces_in(np.asarray(source[place]) == label)
            found[key] = np.zeros(comps[key].shape, np.bool_)
        inner = tuple(np.concatenate(axis) for axis in zip(*knocks, strict=True))
        fresh = np.unique(comps[key][inner][~found[key][inner]])
        fresh = fresh[fresh > 0]
        if fresh.size:
            taken = np.zeros(comps[key].max() + 1, np.bool_)
            taken[fresh] = True
            new = taken[comps[key]]
            found[key] |= new
            _knock(waiting, _outside(new, place, axes, shape), shape, chunk)
    return Piece(label, tuple(_parts(found, shape, chunk)), axes, shape)


def _cell_of(labels: Any, axes: tuple[int, ...], blocks: Callable[[Any], Key]) -> Key:
    """Choose the blocks to flood: whole parts of the chunks they lie in."""
    usual = blocks(np.broadcast_to(0, tuple(int(n) for n in labels.shape)))
    cells = []
    for axis, (near, own) in enumerate(zip(usual, blocks(labels), strict=True)):
        parts = max(1, round(own / near))
        cells.append(-(-own // parts) if axis in axes else 1)
    return tuple(cells)


def pieces_in(mask: NDArray[np.bool_]) -> tuple[NDArray[np.int32], int]:
    """Tell apart the connected pieces of a mask, diagonal neighbours together."""
    numbered, count = ndimage.label(mask, np.ones((3,) * mask.ndim))
    return numbered, int(count)


def _parts(
    found: dict[Key, NDArray[np.bool_]], shape: tuple[int, ...], chunk: Key
) -> Iterator[tuple[Box, NDArray[np.bool_]]]:
    for key, mask in found.items():
        inner = tight(mask)
        if inner is not None:
            start = start_of(cell(key, shape, chunk))
            first = [a + b for a, b in zip(start, start_of(inner), strict=True)]
            yield box_at(first, shape_of(inner)), mask[inner]


def _knock(
    waiting: dict[Key, list[Points]], pixels: NDArray[np.intp], shape: Key, chunk: Key
) -> None:
    """Ask the blocks of some pixels to go on from there."""
    for key, _, inner in by_cell(tuple(pixels.T), shape, chunk):
        waiting.setdefault(key, []).append(inner)


def _outside(
    new: NDArray[np.bool_], place: Box, axes: tuple[int, ...], shape: tuple[int, ...]
) -> NDArray[np.intp]:
    """List the pixels just beyond a block that touch its newly found ones."""
    beyond = []
    for axis in axes:
        for face, step in ((0, -1), (new.shape[axis] - 1, 1)):
            at = place[axis].start + face + step
            if not 0 <= at < shape[axis]:
                continue
            touched = np.take(new, [face], axis)
            if not touched.any():
                continue
            first = list(start_of(place))
            # One pixel wider all around: the corners of other blocks touch too.
            for other in set(axes) - {axis}:
                touched = _widened(touched, other)
                first[other] -= 1
            first[axis] = at
            beyond.append(np.argwhere(touched) + np.array(first, np.intp))
    pixels = np.concatenate(beyond) if beyond else np.empty((0, new.ndim), np.intp)
    kept = ((pixels >= 0) & (pixels < np.array(shape))).all(axis=1)
    return pixels[kept]


def _widened(mask: NDArray[np.bool_], axis: int) -> NDArray[np.bool_]:
    """Let a mask grow by a pixel at both ends of an axis."""
    narrow = mask.swapaxes(0, axis)
    wide = np.zeros((len(narrow) + 2, *narrow.shape[1:]), np.bool_)
    for first in range(3):
        wide[first : first + len(narrow)] |= narrow
    return wide.swapaxes(0, axis)
