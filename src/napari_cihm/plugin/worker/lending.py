"""Arrays that stay where they are and are read part by part from the other process.

An image may be a dask graph over a microscope's share or larger than memory; so it
is neither copied nor pickled. The worker holds a `Borrowed` array and asks for the
parts it needs; the window's `Lender` reads them.
"""

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_cihm.data.arrays import ArrayLike, read_part

SMALL = 2**20  # bytes of a numpy array that is sent whole

Read = Callable[[int, Any], NDArray[Any]]


class Borrowed:
    """An array that lies in the window's process, where it is read by its key."""

    def __init__(
        self, key: int, shape: tuple[int, ...], dtype: np.dtype[Any], read: Read
    ) -> None:
        self.key, self.shape, self.dtype, self._read = key, shape, dtype, read

    @property
    def ndim(self) -> int:
        """Number of dimensions."""
        return len(self.shape)

    def __getitem__(self, index: Any) -> NDArray[Any]:
        return self._read(self.key, index)

    def __array__(
        self, dtype: np.dtype[Any] | None = None, copy: bool | None = None
    ) -> NDArray[Any]:
        return self[...].astype(dtype or self.dtype, copy=False)


class Lender:
    """Keeps the arrays that a worker may ask for, each for as long as a job runs."""

    def __init__(self) -> None:
        self._lent: dict[int, tuple[int, Any]] = {}
        self._keys = itertools.count()

    def lend(self, thing: Any, job: int) -> tuple[Any, ...] | None:
        """Name an array that had better not be sent; None for all else."""
        if not _is_array(thing):
            return None
        if isinstance(thing, np.ndarray) and thing.nbytes <= SMALL:
            return None
        key = next(self._keys)
        self._lent[key] = job, thing
        return key, tuple(int(n) for n in thing.shape), np.dtype(thing.dtype)

    def find(self, name: tuple[Any, ...]) -> Any:
        """Return the array of a name that came back."""
        return self._lent[name[0]][1]

    def read(self, key: int, index: Any) -> NDArray[Any]:
        """Read a part."""
        return np.ascontiguousarray(read_part(self._lent[key][1], index))

    def take_back(self, job: int | None = None) -> None:
        """Forget the arrays of a job, or all of them."""
        ended = [key for key, (of, _) in self._lent.items() if job in (None, of)]
        for key in ended:
            del self._lent[key]


def _is_array(thing: Any) -> bool:
    if isinstance(thing, type | np.generic | str | bytes):
        return False
    return isinstance(thing, ArrayLike)
