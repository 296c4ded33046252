"""Arrays kept in memory piece by piece, over a source that is never written.

A mask over a large stack costs memory only where something was marked; labels
that lie in a file or behind a lazy computation can be edited like an array in
memory, while the file stays as it is. Any number of threads may read at once.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike as Numbers
from numpy.typing import NDArray

from napari_cihm.correction.chunk_store import ChunkStore
from napari_cihm.correction.grids import Key, by_cell, cells, chunk_of
from napari_cihm.data.boxes import (
    Box,
    intersection,
    overlap,
    shape_of,
    shifted,
    volume_of,
    whole,
)
from napari_cihm.data.indexing import read_box, read_points


class ChunkedArray:
    """An array of pieces: changed ones are kept, others come from a source.

    It is indexed like numpy's: numbers, slices, an ellipsis, or one array of
    numbers for each axis. What is read is always a copy.

    Parameters
    ----------
    shape : sequence of int
        Sizes.
    dtype : dtype
        Kind of number.
    chunks : sequence of int
        Shape of a piece.
    source : array-like, optional
        Where unchanged pieces are read; they hold 0 without one.
    """

    def __init__(
        self,
        shape: Sequence[int],
        dtype: Any,
        chunks: Sequence[int],
        source: Any = None,
    ) -> None:
        self._store = ChunkStore(shape, dtype, chunks, source)
        self.shape, self.chunks = self._store.shape, self._store.chunks
        self.dtype, self.source = self._store.dtype, source
        self.ndim = len(self.shape)

    @classmethod
    def over(cls, source: Any) -> "ChunkedArray":
        """Lie over an array-like, by its own chunks where it has some."""
        return cls(source.shape, source.dtype, chunk_of(source), source)

    @property
    def size(self) -> int:
        """Number of pixels."""
        return int(np.prod(self.shape, dtype=np.int64))

    @property
    def nbytes(self) -> int:
        """Memory that the changed pieces take."""
        return self._store.nbytes

    def __len__(self) -> int:
        return self.shape[0]

    def __repr__(self) -> str:
        return f"<ChunkedArray {self.shape} {self.dtype}, {len(self._store)} changed>"

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        if copy is False:
            raise ValueError("the pieces of a chunked array cannot be seen as one")
        values = self.read(whole(self.shape))
        return values if dtype is None else values.astype(dtype, copy=False)

    def __deepcopy__(self, memo: dict[int, Any]) -> "ChunkedArray":
        return self.copy()  # over the same source, as when napari duplicates a layer

    def copy(self) -> "ChunkedArray":
        """Return an array of its own over the same source."""
        return self.astype(self.dtype)

    def astype(self, dtype: Any) -> "ChunkedArray":
        """Return a copy of another kind of number; what did not change stays unread."""
        other = ChunkedArray(self.shape, dtype, self.chunks, self.source)
        other._store = self._store.astype(dtype)
        return other

    def reshape(self, *shape: Any) -> NDArray[Any]:
        """Return all pixels at once in another shape."""
        return np.asarray(self).reshape(*shape)

    def __getitem__(self, index: Any) -> Any:
        points = read_points(index, self.shape)
        if points is None:
            box, inner = read_box(index, self.shape)
            return self.read(box)[inner]
        values = np.empty(points[0].size, self.dtype)
        for key, ranks, inner in by_cell(points, self.shape, self.chunks):
            values[ranks] = self._store.piece(key)[inner]
        return values.reshape(points[0].shape)

    def __setitem__(self, index: Any, values: Any) -> None:
        points = read_points(index, self.shape)
        if points is not None:
            given = np.broadcast_to(values, points[0].shape).reshape(-1)
            for key, ranks, inner in by_cell(points, self.shape, self.chunks):
                with self._store.lock:
                    self._store.own(key)[inner] = given[ranks]
            return
        box, inner = read_box(index, self.shape)
        if any(part != slice(None) for part in inner):
            # Single numbers and steps: only what was named may change.
            held = self.read(box)
            held[inner] = values
            values = held
        self.write(box, values)

    def read(self, box: Box) -> NDArray[Any]:
        """Return a copy of the pixels of a box."""
        make = np.zeros if self.source is None else np.empty
        values = make(shape_of(box), self.dtype)
        for key, place in cells(self.shape, self.chunks, box):
            if self.source is not None or key in self._store:
                shared = intersection(place, box)
                piece = self._store.piece(key)
                values[shifted(shared, box)] = piece[shifted(shared, place)]
        return values

    def write(self, box: Box, values: Numbers) -> None:
        """Set the pixels of a box."""
        given = np.broadcast_to(np.asarray(values, self.dtype), shape_of(box))
        for key, place in cells(self.shape, self.chunks, box):
            shared = intersection(place, box)
            part = given[shifted(shared, box)]
            with self._store.lock:
                if shared == place:
                    self._store.replace(key, part)
                else:
                    self._store.own(key)[shifted(shared, place)] = part

    def touches(self, box: Box) -> bool:
        """Say whether a box shares a pixel with any changed piece."""
        if volume_of(box) > len(self._store) * int(np.prod(self.chunks)):
            return any(overlap(at, box) is not None for at in self.changed_boxes())
        near = cells(self.shape, self.chunks, box)
        return any(key in self._store for key, _ in near)

    def changed_within(self, box: Box) -> Iterator[Box]:
        """Go through the parts of a box that lie in changed pieces."""
        for key, place in cells(self.shape, self.chunks, box):
            if key in self._store:
                yield intersection(place, box)

    def changed_boxes(self) -> Iterator[Box]:
        """Go through the pieces that differ, or may differ, from the source."""
        return map(self._store.place, self._store.changed)

    def states(self) -> Iterator[tuple[Key, Any]]:
        """Go through those pieces: the number of each, its value if it has but one."""
        return ((key, self.value_of(key)) for key in self._store.changed)

    def value_of(self, key: Key) -> Any:
        """Return the one value of a piece; None where it may have several."""
        return self._store.value_of(key)


def readable(labels: Any) -> Any:
    """Return something whose boxes are cheap to read again and again.

    Arrays in memory are returned as they are; chunks of a file or of a lazy
    computation are remembered once read.
    """
    if isinstance(labels, np.ndarray | ChunkedArray):
        return labels
    return ChunkedArray.over(labels)
