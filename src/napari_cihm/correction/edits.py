"""What a tool wants changed: which pixels, what they held, what they shall hold."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_cihm.data.boxes import Box, box_at, shape_of, start_of, tight, volume_of
from napari_cihm.errors import DtypeError


@dataclass(frozen=True, eq=False)
class Block:
    """Changes within one box.

    Attributes
    ----------
    box : Box
        Where it lies.
    mask : array of bool, or None
        Which of its pixels change; None for all of them.
    old, new : array
        What they hold before and after, in the mask's order, or one number for
        all of them (an array of no dimension).
    """

    box: Box
    mask: NDArray[np.bool_] | None
    old: NDArray[Any]
    new: NDArray[Any]

    @property
    def start(self) -> tuple[int, ...]:
        """The box's first pixel."""
        return start_of(self.box)

    @property
    def shape(self) -> tuple[int, ...]:
        """The box's sizes."""
        return shape_of(self.box)

    @cached_property
    def size(self) -> int:
        """Number of pixels that change."""
        if self.mask is None:
            return volume_of(self.box)
        return int(np.count_nonzero(self.mask))

    @property
    def where(self) -> NDArray[np.bool_]:
        """The mask, spelled out."""
        if self.mask is None:
            return np.broadcast_to(np.True_, self.shape)
        return self.mask

    def indices(self) -> tuple[NDArray[np.int32], ...]:
        """Return the places of the pixels, one array an axis."""
        inner = np.nonzero(self.where)
        return tuple(
            i.astype(np.int32) + np.int32(s)
            for i, s in zip(inner, self.start, strict=True)
        )

    def write(self, array: Any) -> None:
        """Set the new values, touching the array by plain boxes alone."""
        if self.mask is None:
            held = self.new if not self.new.ndim else self.new.reshape(self.shape)
            array[self.box] = np.broadcast_to(held, self.shape)
            return
        # A copy: writing in place is no help to an array that is not numpy's.
        region = np.array(array[self.box])
        region[self.mask] = self.new
        array[self.box] = region

    def inverse(self) -> "Block":
        """Return the block that takes this one back."""
        return replace(self, old=self.new, new=self.old)


@dataclass(frozen=True, eq=False)
class Edit:
    """One change of labels, or of a mask, that is undone as one.

    ``layer.data_setitem(edit.indices, edit.new)`` makes it one step of napari's
    history; within ``layer.block_history()``, napari tells of it after it was
    written and not before. No pixel stands in two blocks, and every one changes
    its value.

    Attributes
    ----------
    blocks : tuple of Block
        The changes, box by box.
    ndim : int
        Dimensions of the array they are meant for.
    what : str
        What was done, for the user: "Split object 12 into 12 and 48".
    note : str
        What the user may not expect, as a sentence; often empty.
    dtype : dtype
        The array's kind of number.
    everywhere : bool
        Whether it was made all over the image by a rule or a model: nobody looked
        at each place, so none of them counts as reviewed.
    """

    blocks: tuple[Block, ...]
    ndim: int
    what: str
    note: str
    dtype: np.dtype[Any]
    everywhere: bool

    @property
    def size(self) -> int:
        """Number of pixels that change."""
        return sum(block.size for block in self.blocks)

    def __bool__(self) -> bool:
        return bool(self.blocks)

    @property
    def indices(self) -> tuple[NDArray[np.int32], ...]:
        """Places of the changed pixels, one array an axis.

        They take more memory than all else of a large edit, and napari's history
        keeps them: so they are short, and not kept here as well.
        """
        parts = [block.indices() for block in self.blocks]
        if not parts:
            return (np.empty(0, np.int32),) * self.ndim
        return tuple(np.concatenate(axis) for axis in zip(*parts, strict=True))

    @property
    def old(self) -> NDArray[Any]:
        """What the changed pixels hold before."""
        return self._values("old")

    @property
    def new(self) -> NDArray[Any]:
        """What the changed pixels hold after."""
        return self._values("new")

    def apply(self, array: Any) -> None:
        """Write the new values into an array, past any history."""
        for block in self.blocks:
            block.write(array)

    def inverse(self) -> "Edit":
        """Return the edit that takes this one back."""
        blocks = tuple(block.inverse() for block in self.blocks)
        return replace(self, blocks=blocks, what=f"Undo: {self.what}", note="")

    def _values(self, name: str) -> NDArray[Any]:
        parts = [np.broadcast_to(getattr(b, name), (b.size,)) for b in self.blocks]
        return np.concatenate(parts) if parts else np.empty(0, self.dtype)


def changed(
    start: Sequence[int], before: NDArray[Any], after: NDArray[Any] | int
) -> Block | None:
    """Return the block that turns one window into another, or None if they agree."""
    mask = before != after
    box = tight(mask)
    if box is None:
        return None
    where = mask[box]
    new = np.asarray(after)
    picked = new[box][where] if new.ndim else new
    first = [s + b.start for s, b in zip(start, box, strict=True)]
    return Block(
        box=box_at(first, where.shape),
        mask=None if where.all() else where,
        old=compact(before[box][where]),
        new=compact(fitting(picked, before.dtype)),
    )


def edit_of(
    blocks: Iterable[Block | None],
    like: Any,
    what: str = "",
    note: str = "",
    everywhere: bool = False,
) -> Edit:
    """Gather blocks, less the empty ones, into an edit of an array `like` this."""
    kept = tuple(block for block in blocks if block is not None)
    return Edit(kept, len(like.shape), what, note, np.dtype(like.dtype), everywhere)


def fitting(values: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Bring values to the labels' kind of number, refusing what would not fit."""
    if values.dtype == dtype:
        return values
    if values.size and dtype.kind in "iu":
        limits = np.iinfo(dtype)
        low, high = int(values.min()), int(values.max())
        if low < limits.min or high > limits.max:
            raise DtypeError(
                f"label {high if high > limits.max else low} does not fit {dtype}",
                f"numbers from {limits.min} to {limits.max}",
                "convert the labels to a wider type (right click > Convert data type)",
            )
    return values.astype(dtype)


def compact(values: NDArray[Any]) -> NDArray[Any]:
    """Return one number for all values, where it is: most edits set a single label."""
    if values.ndim and values.size and bool((values == values[0]).all()):
        return np.array(values[0])
    return values
