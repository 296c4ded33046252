"""A small array that stands for a large one of which nothing else is known."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


class Placed:
    """An array that is zero but for a box.

    Parameters
    ----------
    part : array
        What the box holds; leading axes beyond those of `box` are whole.
    box : tuple of slice
        Where it lies.
    shape : tuple of int
        Sizes of the whole, without the leading axes.
    """

    def __init__(
        self, part: NDArray[Any], box: tuple[slice, ...], shape: tuple[int, ...]
    ) -> None:
        lead = part.ndim - len(box)
        self.part, self.dtype = part, part.dtype
        self.shape = (*part.shape[:lead], *shape)
        self._box = (*(slice(0, n) for n in part.shape[:lead]), *box)

    def __getitem__(self, index: tuple[slice, ...]) -> NDArray[Any]:
        """Return a box of it, given as one slice an axis."""
        wanted = [s.indices(n)[:2] for s, n in zip(index, self.shape, strict=True)]
        found = np.zeros([b - a for a, b in wanted], self.dtype)
        shared = [
            (max(a, s.start), min(b, s.stop))
            for (a, b), s in zip(wanted, self._box, strict=True)
        ]
        if all(a < b for a, b in shared):
            inner = tuple(
                slice(a - first, b - first)
                for (a, b), (first, _) in zip(shared, wanted, strict=True)
            )
            own = tuple(
                slice(a - s.start, b - s.start)
                for (a, b), s in zip(shared, self._box, strict=True)
            )
            found[inner] = self.part[own]
        return found
