"""Which pixels of a mask a mark has to switch, and changes that can be taken back."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from math import isqrt

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_cihm.correction.chunked import ChunkedArray
from napari_cihm.correction.edits import Block, Edit, changed
from napari_cihm.correction.grids import cells
from napari_cihm.data.boxes import (
    Box,
    intersection,
    overlap,
    shape_of,
    shifted,
    start_of,
)

# Further than any margin: pixels apart along an axis that marks do not spread on.
FAR = 1e6


@dataclass(frozen=True)
class ReviewChange:
    """A change of what is reviewed, by the person and by edits."""

    person: Edit
    edits: Edit

    def __bool__(self) -> bool:
        return bool(self.person) or bool(self.edits)

    @property
    def what(self) -> str:
        """What was done, for the user."""
        return self.person.what or self.edits.what

    def inverse(self) -> "ReviewChange":
        """Return the change that takes this one back."""
        return ReviewChange(self.person.inverse(), self.edits.inverse())

    def without(self, marks: Edit) -> "ReviewChange":
        """Return what it changes beside the pixels of some marks of an edit."""
        rest = (_less(block, marks.blocks) for block in self.edits.blocks)
        kept = tuple(block for block in rest if block.size)
        return replace(self, edits=replace(self.edits, blocks=kept))

    def boxes(self) -> list[Box]:
        """Return where it changes anything."""
        return [block.box for block in (*self.person.blocks, *self.edits.blocks)]


def switched(
    marks: ChunkedArray, box: Box, mask: NDArray[np.bool_] | None, value: bool
) -> Iterator[Block]:
    """Find what has to change for the pixels of a box to hold `value`."""
    if not marks.touches(box):
        if not value:
            return
        if mask is None:
            yield Block(box, None, np.array(False), np.array(True))
            return
    for key, place in cells(marks.shape, marks.chunks, box):
        held = marks.value_of(key)
        if held == value:
            continue
        shared = intersection(place, box)
        if mask is None and held is not None:
            yield Block(shared, None, np.array(held), np.array(value))
            continue
        before = marks.read(shared)
        inner = shifted(shared, box)
        after = np.where(True if mask is None else mask[inner], value, before)
        block = changed(start_of(shared), before, after)
        if block is not None:
            yield block


def spread(
    block: Block, box: Box, margin: int, axes: tuple[int, ...]
) -> NDArray[np.bool_]:
    """Return which pixels of `box` lie within `margin` of a block's changes."""
    seen = np.zeros(shape_of(box), np.bool_)
    seen[shifted(block.box, box)] = block.where
    return around(seen, margin, axes)


def around(
    seen: NDArray[np.bool_], margin: int, axes: tuple[int, ...]
) -> NDArray[np.bool_]:
    """Return which pixels lie within `margin` of a mask's, along some axes."""
    if margin == 0 or seen.all():
        return seen
    if len(axes) == 2:
        plane = np.moveaxis(seen, axes, (-2, -1))
        return np.moveaxis(_around_in_plane(plane, margin), (-2, -1), axes)
    apart = [1.0 if a in axes else FAR for a in range(seen.ndim)]
    return np.asarray(ndimage.distance_transform_edt(~seen, sampling=apart) <= margin)


def _around_in_plane(seen: NDArray[np.bool_], margin: int) -> NDArray[np.bool_]:
    """Return the same along the last two axes, in a fifth of the time."""
    apart = np.where(seen, 0, margin + 1).astype(np.uint16)  # along rows, or more
    for line in (apart, apart[..., ::-1]):
        step = 1
        while step <= margin:
            before = line[..., :-step] + step
            np.minimum(line[..., step:], before, out=line[..., step:])
            step *= 2
    near, rows = np.zeros_like(seen), seen.shape[-2]
    for away in range(min(margin, rows - 1) + 1):
        reach = apart <= isqrt(margin**2 - away**2)
        near[..., away:, :] |= reach[..., : rows - away, :]
        near[..., : rows - away, :] |= reach[..., away:, :]
    return near


def _less(block: Block, others: Iterable[Block]) -> Block:
    """Return a block that switches marks, less the pixels of others."""
    met = [(o, box) for o in others if (box := overlap(block.box, o.box)) is not None]
    if not met:
        return block
    where = block.where.copy()
    for other, shared in met:
        where[shifted(shared, block.box)] &= ~other.where[shifted(shared, other.box)]
    return replace(block, mask=where)  # all of them held one value, and get one
