"""Arrays kept in memory piece by piece, over a source that is never written.

A mask over a large stack costs memory only where something was marked; labels
that lie in a file or behind a lazy computation can be edited like an array in
memory, while the file stays as it is. Any number of threads may read at once.
"""

import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike as Numbers
from numpy.typing import NDArray

from napari_cihm.correction.grids import Key, cell, cells, chunk_of
from napari_cihm.correction.indexing import Points, by_cell, read_box, read_points
from napari_cihm.data.arrays import read_part
from napari_cihm.data.boxes import (
    Box,
    overlap,
    shape_of,
    shifted,
    start_of,
    volume_of,
    whole,
)


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
    cache_mb : int
        Memory for unchanged pieces kept at hand.
    """

    def __init__(
        self,
        shape: Sequence[int],
        dtype: Any,
        chunks: Sequence[int],
        source: Any = None,
        cache_mb: int = 512,
    ) -> None:
        self.shape = tuple(int(n) for n in shape)
        self.dtype: np.dtype[Any] = np.dtype(dtype)
        self.chunks = tuple(
            max(1, min(int(c), n)) for c, n in zip(chunks, self.shape, strict=True)
        )
        self.source = source
        self._changed: dict[Key, NDArray[Any]] = {}
        self._kept: OrderedDict[Key, NDArray[Any]] = OrderedDict()
        piece_bytes = int(np.prod(self.chunks, dtype=np.int64)) * self.dtype.itemsize
        self._room = max(1, cache_mb * 2**20 // piece_bytes)
        self._lock = threading.RLock()

    @classmethod
    def over(cls, source: Any, cache_mb: int = 512) -> "ChunkedArray":
        """Lie over an array-like, by its own chunks where it has some."""
        return cls(source.shape, source.dtype, chunk_of(source), source, cache_mb)

    @property
    def ndim(self) -> int:
        """Number of dimensions."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of pixels."""
        return int(np.prod(self.shape, dtype=np.int64))

    @property
    def nbytes(self) -> int:
        """Memory that the changed pieces take; one of a single value takes none."""
        held = list(self._changed.values())
        return sum(piece.nbytes for piece in held if any(piece.strides))

    def __len__(self) -> int:
        """Return the size of the first axis."""
        return self.shape[0]

    def __repr__(self) -> str:
        """Say the shape, the kind of number and how much changed."""
        return f"<ChunkedArray {self.shape} {self.dtype}, {len(self._changed)} changed>"

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """Return all pixels at once, as numpy asks."""
        if copy is False:
            raise ValueError("the pieces of a chunked array cannot be seen as one")
        values = self.read(whole(self.shape))
        return values if dtype is None else values.astype(dtype, copy=False)

    def __deepcopy__(self, memo: dict[int, Any]) -> "ChunkedArray":
        """Return a copy over the same source, as when napari duplicates a layer."""
        return self.copy()

    def copy(self) -> "ChunkedArray":
        """Return an array of its own over the same source."""
        return self.astype(self.dtype)

    def astype(self, dtype: Any) -> "ChunkedArray":
        """Return a copy of another kind of number; what did not change stays unread."""
        other = ChunkedArray(self.shape, dtype, self.chunks, self.source)
        with self._lock:
            other._changed = {k: _cast(p, dtype) for k, p in self._changed.items()}
        return other

    def reshape(self, *shape: Any) -> NDArray[Any]:
        """Return all pixels at once in another shape."""
        return np.asarray(self).reshape(*shape)

    def __getitem__(self, index: Any) -> Any:
        """Return a copy of some pixels."""
        points = read_points(index, self.shape)
        if points is not None:
            return self._get_points(points)
        box, inner = read_box(index, self.shape)
        return self.read(box)[inner]

    def __setitem__(self, index: Any, values: Any) -> None:
        """Set some pixels; the source stays as it is."""
        points = read_points(index, self.shape)
        if points is not None:
            self._set_points(points, np.asarray(values))
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
        if self.source is None:
            values = np.zeros(shape_of(box), self.dtype)
        else:
            values = np.empty(shape_of(box), self.dtype)
        for key, place in cells(self.shape, self.chunks, box):
            if self.source is None and key not in self._changed:
                continue
            shared = overlap(place, box)
            if shared is not None:
                piece = self._piece(key)
                values[shifted(shared, box)] = piece[shifted(shared, place)]
        return values

    def write(self, box: Box, values: Numbers) -> None:
        """Set the pixels of a box."""
        given = np.broadcast_to(np.asarray(values, self.dtype), shape_of(box))
        for key, place in cells(self.shape, self.chunks, box):
            shared = overlap(place, box)
            if shared is None:
                continue
            part = given[shifted(shared, box)]
            with self._lock:
                if shared == place and _uniform(part):
                    self._keep_uniform(key, part)
                else:
                    self._own(key)[shifted(shared, place)] = part

    def touches(self, box: Box) -> bool:
        """Say whether a box shares a pixel with any changed piece."""
        near = cells(self.shape, self.chunks, box)
        if volume_of(box) > len(self._changed) * int(np.prod(self.chunks)):
            return any(overlap(at, box) is not None for at in self.changed_boxes())
        return any(key in self._changed for key, _ in near)

    def changed_within(self, box: Box) -> Iterator[Box]:
        """Go through the parts of a box that lie in changed pieces."""
        for key, place in cells(self.shape, self.chunks, box):
            shared = overlap(place, box)
            if shared is not None and key in self._changed:
                yield shared

    def states(self) -> Iterator[tuple[Key, Any]]:
        """Go through those pieces: the number of each, its value if it has but one."""
        with self._lock:
            changed = list(self._changed)
        for key in changed:
            yield key, self.value_of(key)

    def value_of(self, key: Key) -> Any:
        """Return the one value of a piece; None where it may have several."""
        piece = self._changed.get(key)
        if piece is None:
            return None if self.source is not None else self.dtype.type(0)
        return None if any(piece.strides) else piece.flat[0]

    def changed_boxes(self) -> Iterator[Box]:
        """Go through the pieces that differ, or may differ, from the source."""
        with self._lock:
            keys = sorted(self._changed)
        for key in keys:
            yield cell(key, self.shape, self.chunks)

    def _piece(self, key: Key) -> NDArray[Any]:
        with self._lock:
            if key in self._changed:
                return self._changed[key]
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        place = cell(key, self.shape, self.chunks)
        if self.source is None:
            return np.broadcast_to(np.zeros((), self.dtype), shape_of(place))
        read = read_part(self.source, place).astype(self.dtype, copy=False)
        with self._lock:
            self._kept[key] = read
            while len(self._kept) > self._room:
                self._kept.popitem(last=False)
            # A writer may have come in between: what it wrote is the truth.
            return self._changed.get(key, read)

    def _own(self, key: Key) -> NDArray[Any]:
        piece = self._piece(key)
        if key not in self._changed or not piece.flags.writeable:
            piece = np.array(piece)
            self._changed[key] = piece
            self._kept.pop(key, None)
        return piece

    def _keep_uniform(self, key: Key, part: NDArray[Any]) -> None:
        value = np.array(part.flat[0])
        self._kept.pop(key, None)
        if self.source is None and not value.any():
            self._changed.pop(key, None)
        else:
            self._changed[key] = np.broadcast_to(value, part.shape)

    def _get_points(self, points: Points) -> NDArray[Any]:
        values = np.empty(points[0].size, self.dtype)
        for key, ranks, inner in self._by_piece(points):
            values[ranks] = self._piece(key)[inner]
        return values.reshape(points[0].shape)

    def _set_points(self, points: Points, values: NDArray[Any]) -> None:
        given = np.broadcast_to(values, points[0].shape).reshape(-1)
        for key, ranks, inner in self._by_piece(points):
            with self._lock:
                self._own(key)[inner] = given[ranks]

    def _by_piece(
        self, points: Points
    ) -> Iterator[tuple[Key, NDArray[np.intp], Points]]:
        """Sort points by their piece: its number, their ranks, their places."""
        flat = tuple(p.reshape(-1) for p in points)
        for key, ranks in by_cell(flat, self.shape, self.chunks):
            start = start_of(cell(key, self.shape, self.chunks))
            inner = tuple(p[ranks] - s for p, s in zip(flat, start, strict=True))
            yield key, ranks, inner


def _uniform(part: NDArray[Any]) -> bool:
    return not any(part.strides) or bool((part == part.flat[0]).all())


def _cast(piece: NDArray[Any], dtype: Any) -> NDArray[Any]:
    """Copy a piece; one of a single value goes on taking no memory."""
    if any(piece.strides):
        return piece.astype(dtype)
    return np.broadcast_to(piece.flat[0].astype(dtype), piece.shape)


def readable(labels: Any) -> Any:
    """Return something whose boxes are cheap to read again and again.

    Arrays in memory are returned as they are; chunks of a file or of a lazy
    computation are remembered once read.
    """
    if isinstance(labels, np.ndarray | ChunkedArray):
        return labels
    return ChunkedArray.over(labels)
