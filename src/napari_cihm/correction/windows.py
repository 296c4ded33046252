"""One object and its neighbourhood, as flat arrays that filters can work on."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_cihm.correction.edits import Block, changed
from napari_cihm.correction.pieces import Piece
from napari_cihm.data.boxes import Box, shape_of, start_of


@dataclass(frozen=True, eq=False)
class Window:
    """A part of the labels, seen along the axes that a tool works along.

    Attributes
    ----------
    box : Box
        Where it lies; one pixel thick along the other axes.
    near : array of int
        Its labels, without those other axes.
    mask : array of bool
        The object's pixels in it.
    """

    box: Box
    near: NDArray[Any]
    mask: NDArray[np.bool_]

    @classmethod
    def around(cls, labels: Any, piece: Piece, margin: int = 1) -> "Window":
        """Read the surroundings of a piece, up to the edges of the labels."""
        box = piece.window(margin)
        return cls(
            box,
            flat(np.asarray(labels[box]), piece.axes),
            flat(piece.mask_in(box), piece.axes),
        )

    @property
    def free(self) -> NDArray[np.bool_]:
        """The background."""
        return np.asarray(self.near == 0)

    def block(self, after: NDArray[Any]) -> Block | None:
        """Return the changes that turn its labels into `after`, if any."""
        shape = shape_of(self.box)
        full = np.broadcast_to(after, self.near.shape).reshape(shape)
        return changed(start_of(self.box), self.near.reshape(shape), full)

    def reshaped(self, mask: NDArray[np.bool_], label: int) -> Block | None:
        """Return the changes that give the object another outline.

        Pixels of other objects stay theirs, whatever the mask says.
        """
        after = np.where(self.mask, 0, self.near)
        after[mask & (self.mask | self.free)] = label
        return self.block(after)


def flat(values: NDArray[Any], axes: Sequence[int]) -> NDArray[Any]:
    """Drop the axes a tool does not work along, each one pixel thick."""
    others = tuple(a for a in range(values.ndim) if a not in axes)
    return np.squeeze(values, axis=others)
