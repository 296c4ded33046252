"""A small array that stands for a large one, which is zero around it."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_cihm.data.boxes import Box, overlap, shape_of, shifted, whole


class Padded:
    """An array that is zero but for a box.

    Parameters
    ----------
    part : array
        What the box holds; leading axes beyond those of `box` are whole.
    box : Box
        Where it lies.
    shape : tuple of int
        Sizes of the whole, without the leading axes.
    """

    def __init__(self, part: NDArray[Any], box: Box, shape: tuple[int, ...]) -> None:
        lead = part.ndim - len(box)
        self._part, self.dtype = part, part.dtype
        self.shape = (*part.shape[:lead], *shape)
        self._box = (*whole(part.shape[:lead]), *box)

    def __getitem__(self, index: tuple[slice, ...]) -> NDArray[Any]:
        """Return a box of it, given as one slice an axis."""
        wanted = tuple(
            slice(*s.indices(n)[:2]) for s, n in zip(index, self.shape, strict=True)
        )
        found = np.zeros(shape_of(wanted), self.dtype)
        shared = overlap(wanted, self._box)
        if shared is not None:
            found[shifted(shared, wanted)] = self._part[shifted(shared, self._box)]
        return found
