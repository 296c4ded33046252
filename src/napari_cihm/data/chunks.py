"""Dask arrays read part by part, without computing their chunks again and again."""

import threading
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_cihm.data.image import ArrayLike, read_part

MOST = 2**29  # bytes of the chunks that are held

Number = tuple[int, ...]


def chunk_by_chunk(data: ArrayLike) -> ArrayLike:
    """Return a dask array as one that holds chunks; any other array as it is."""
    lazy = hasattr(data, "compute") and hasattr(data, "blocks")
    return Chunks(data) if lazy else data


class Chunks:
    """A dask array of which the chunks that were read last are held.

    Of what a reader decodes whole, often a plane, every tile would cost as much as
    all of it. It lives as long as one run: what it reads from may change between two.
    It can be sent to another process, which reads for itself.

    Parameters
    ----------
    array : dask.array.Array
        Of chunks whose sizes are known.
    """

    def __init__(self, array: Any) -> None:
        self._array = array
        self.shape, self.dtype, self.ndim = array.shape, array.dtype, array.ndim
        self._ends = [np.cumsum(sizes) for sizes in array.chunks]
        self._held: dict[Number, NDArray[Any]] = {}
        self._lock = threading.Lock()

    def __getitem__(self, where: Any) -> NDArray[Any]:
        """Read a part; by numbers and slices without steps, chunks are held."""
        index = where if isinstance(where, tuple) else (where,)
        box = _box(index, self.shape)
        if box is None or not self._cuts(box):
            return read_part(self._array, where)
        part = self._read(box)
        return part[tuple(slice(None) if isinstance(i, slice) else 0 for i in index)]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """Read all of it."""
        return np.asarray(self[()], dtype)

    def __reduce__(self) -> tuple[Any, ...]:
        """Send the graph, not what is held of it."""
        return Chunks, (self._array,)

    def _cuts(self, box: list[slice]) -> bool:
        """Tell whether a part leaves some of a chunk that can be held for the rest."""
        largest = self.dtype.itemsize
        for sizes in self._array.chunks:
            largest *= max(sizes)
        edges = zip(box, self._ends, strict=True)
        whole = all(
            (not s.start or s.start in ends) and s.stop in ends for s, ends in edges
        )
        return not whole and largest <= MOST

    def _read(self, box: list[slice]) -> NDArray[Any]:
        """Put a part together from its chunks."""
        spans = [_holding(s, ends) for s, ends in zip(box, self._ends, strict=True)]
        numbers = list(product(*spans))
        with self._lock:  # whoever comes second finds the chunks held
            chunks = self._chunks(numbers)
        if len(numbers) == 1:
            inside, _ = self._meet(numbers[0], box)
            only: NDArray[Any] = chunks[0][inside]
            return only
        part = np.empty([s.stop - s.start for s in box], self.dtype)
        for number, chunk in zip(numbers, chunks, strict=True):
            inside, place = self._meet(number, box)
            part[place] = chunk[inside]
        return part

    def _chunks(self, numbers: list[Number]) -> list[NDArray[Any]]:
        """Return chunks; those held longest since they were read make room."""
        from dask.base import compute

        found = {n: self._held.pop(n) for n in numbers if n in self._held}
        missing = [n for n in numbers if n not in found]
        graphs = [self._array.blocks[n] for n in missing]
        read = compute(*graphs, callbacks=())  # type: ignore[no-untyped-call]
        found |= zip(missing, map(np.asarray, read), strict=True)
        self._held |= found
        over = sum(chunk.nbytes for chunk in self._held.values()) - MOST
        for number in list(self._held):
            if over <= 0:
                break
            over -= self._held.pop(number).nbytes
        return [found[n] for n in numbers]

    def _meet(self, number: Number, box: list[slice]) -> tuple[Any, Any]:
        """Return where a chunk and a part overlap: in the chunk, and in the part."""
        inside, place = [], []
        for n, s, ends in zip(number, box, self._ends, strict=True):
            begin = int(ends[n - 1]) if n else 0
            first, last = max(s.start, begin), min(s.stop, int(ends[n]))
            inside.append(slice(first - begin, last - begin))
            place.append(slice(first - s.start, last - s.start))
        return tuple(inside), tuple(place)


def _holding(part: slice, ends: NDArray[np.integer]) -> range:
    """Return the numbers of the chunks that hold a part of a dimension."""
    first, last = np.searchsorted(ends, (part.start, part.stop - 1), "right")
    return range(int(first), int(last) + 1)


def _box(index: tuple[Any, ...], shape: tuple[int, ...]) -> list[slice] | None:
    """Return what an index takes of each dimension; None where that is no box."""
    if len(index) != len(shape):
        return None
    box = []
    for i, n in zip(index, shape, strict=True):
        if isinstance(i, int | np.integer):
            i = slice(i % n, i % n + 1)
        if not isinstance(i, slice) or i.step not in (None, 1):
            return None
        start, stop, _ = i.indices(n)
        if stop <= start:
            return None
        box.append(slice(start, stop))
    return box
