"""Arrays read part by part, without computing their chunks again and again."""

import threading
from dataclasses import replace
from itertools import product
from math import prod
from types import EllipsisType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_cihm.data.arrays import ArrayLike, read_part
from napari_cihm.data.boxes import Box, intersection, shape_of, shifted, volume_of
from napari_cihm.data.image import Image
from napari_cihm.data.indexing import read_box

MOST = 2**29  # bytes of the chunks that are held
SHARE = 4  # a process to which an array is sent, of which there may be many, holds less

PLAIN = int | np.integer | slice | EllipsisType  # what chunks are held for
Number = tuple[int, ...]


def holding_chunks(image: Image, sent: bool = False) -> Image:
    """Return an image whose pixels are read by `chunk_by_chunk`."""
    return replace(image, data=chunk_by_chunk(image.data, sent))


def chunk_by_chunk(data: ArrayLike, sent: bool = False) -> ArrayLike:
    """Return an array as one that holds chunks, where that saves work, else as it is.

    Of dask's all do, and of Zarr's and HDF5's those of chunks thicker than a plane.
    Dask's stay as they are where they are sent to workers: one of many threads that
    computes there for all the others would have them all wait, itself among them.
    """
    lazy = hasattr(data, "compute") and hasattr(data, "blocks")
    return Chunks(data) if (lazy and not sent) or _is_thick(data) else data


def _is_thick(data: Any) -> bool:
    """Tell whether an array lies in chunks of several planes."""
    sizes = getattr(data, "chunks", None) or ()
    regular = all(isinstance(n, int) for n in sizes)
    return regular and prod(sorted(sizes)[:-2]) > 1


class Chunks:
    """An array that holds the chunks that were read last.

    Without that, every tile would cost as much as all that a reader decodes for it,
    often a whole plane. It lives as long as one run: what it reads from may change
    between two. It can be sent to another process, which reads for itself.

    Parameters
    ----------
    array : dask.array.Array, zarr.Array or h5py.Dataset
        Of chunks whose sizes are known.
    share : int
        Of `MOST`, so large a part is held.
    """

    def __init__(self, array: Any, share: int = 1) -> None:
        self._array, self._most = array, MOST // share
        self.shape, self.dtype, self.ndim = array.shape, array.dtype, array.ndim
        self._edges = list(map(_edges, array.chunks, array.shape))
        largest = prod(int(np.diff(e).max()) for e in self._edges) * self.dtype.itemsize
        self._holds = largest <= self._most
        self._held: dict[Number, NDArray[Any]] = {}
        self._lock = threading.Lock()

    def __getitem__(self, where: Any) -> NDArray[Any]:
        index = where if isinstance(where, tuple) else (where,)
        if self._holds and all(isinstance(i, PLAIN) for i in index):
            box, inner = read_box(index, self.shape)
            if volume_of(box) and self._cuts(box):
                return np.asarray(self._read(box)[inner])
        return read_part(self._array, where)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return np.asarray(self[()], dtype)

    def __reduce__(self) -> tuple[Any, ...]:
        return Chunks, (self._array, SHARE)  # the graph, not what is held of it

    def _cuts(self, box: Box) -> bool:
        """Tell whether a part leaves some of a chunk to be read later."""
        return any(
            s.start not in edges or s.stop not in edges
            for s, edges in zip(box, self._edges, strict=True)
        )

    def _read(self, box: Box) -> NDArray[Any]:
        """Put a part together from its chunks."""
        spans = [_spanned(*pair) for pair in zip(box, self._edges, strict=True)]
        numbers = list(product(*spans))
        with self._lock:  # whoever comes second finds the chunks held
            chunks = self._chunks(numbers)
        part = np.empty(shape_of(box), self.dtype)
        for number, chunk in zip(numbers, chunks, strict=True):
            place = self._place(number)
            shared = intersection(place, box)
            part[shifted(shared, box)] = chunk[shifted(shared, place)]
        return part

    def _chunks(self, numbers: list[Number]) -> list[NDArray[Any]]:
        """Return chunks; those held longest since they were read make room."""
        from dask.base import compute

        found = {n: self._held.pop(n) for n in numbers if n in self._held}
        missing = [n for n in numbers if n not in found]
        graphs = [self._array[self._place(n)] for n in missing]  # pixels, if not dask's
        read = compute(*graphs, callbacks=())  # type: ignore[no-untyped-call]
        found |= zip(missing, map(np.asarray, read), strict=True)
        self._held |= found
        over = sum(chunk.nbytes for chunk in self._held.values()) - self._most
        for number in list(self._held):
            if over <= 0:
                break
            over -= self._held.pop(number).nbytes
        return [found[n] for n in numbers]

    def _place(self, number: Number) -> Box:
        """Return where a chunk lies."""
        pairs = zip(number, self._edges, strict=True)
        return tuple(slice(int(edges[n]), int(edges[n + 1])) for n, edges in pairs)


def _edges(sizes: Any, n: int) -> NDArray[np.integer]:
    """Return where the chunks of a dimension begin, and its end.

    Dask gives the size of each chunk, others that of all but the last.
    """
    if isinstance(sizes, tuple):
        return np.cumsum((0, *sizes))
    return np.append(np.arange(0, n, sizes), n)


def _spanned(part: slice, edges: NDArray[np.integer]) -> range:
    """Return the numbers of the chunks in which a part of a dimension lies."""
    first, last = np.searchsorted(edges, (part.start, part.stop - 1), "right")
    return range(int(first) - 1, int(last))
