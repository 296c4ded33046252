"""The pieces of an array that are in memory: changed ones, and some that were read."""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_cihm.correction.grids import Key, cell
from napari_cihm.data.arrays import read_part
from napari_cihm.data.boxes import Box, shape_of

CACHE_MB = 512  # memory for unchanged pieces kept at hand


class ChunkStore:
    """Pieces by their numbers; whoever writes into one holds the lock.

    A piece of a single value takes no memory: all its strides are 0.
    """

    def __init__(
        self, shape: Sequence[int], dtype: Any, chunks: Sequence[int], source: Any
    ) -> None:
        self.shape = tuple(int(n) for n in shape)
        self.dtype: np.dtype[Any] = np.dtype(dtype)
        self.chunks = tuple(
            max(1, min(int(c), n)) for c, n in zip(chunks, self.shape, strict=True)
        )
        self.source = source
        self.lock = threading.RLock()
        self._changed: dict[Key, NDArray[Any]] = {}
        self._read: OrderedDict[Key, NDArray[Any]] = OrderedDict()
        piece_bytes = int(np.prod(self.chunks, dtype=np.int64)) * self.dtype.itemsize
        self._room = max(1, CACHE_MB * 2**20 // piece_bytes)

    def __len__(self) -> int:
        return len(self._changed)

    def __contains__(self, key: Key) -> bool:
        return key in self._changed

    @property
    def changed(self) -> list[Key]:
        """The pieces that differ, or may differ, from the source."""
        with self.lock:
            return sorted(self._changed)

    @property
    def nbytes(self) -> int:
        """Memory that the changed pieces take."""
        held = list(self._changed.values())
        return sum(piece.nbytes for piece in held if any(piece.strides))

    def astype(self, dtype: Any) -> "ChunkStore":
        """Return a copy of another kind of number; what did not change stays unread."""
        other = ChunkStore(self.shape, dtype, self.chunks, self.source)
        with self.lock:
            other._changed = {k: _cast(p, dtype) for k, p in self._changed.items()}
        return other

    def place(self, key: Key) -> Box:
        """Return where a piece lies."""
        return cell(key, self.shape, self.chunks)

    def value_of(self, key: Key) -> Any:
        """Return the one value of a piece; None where it may have several."""
        piece = self._changed.get(key)
        if piece is None:
            return None if self.source is not None else self.dtype.type(0)
        return None if any(piece.strides) else piece.flat[0]

    def piece(self, key: Key) -> NDArray[Any]:
        """Return a piece to be read."""
        with self.lock:
            if key in self._changed:
                return self._changed[key]
            if key in self._read:
                self._read.move_to_end(key)
                return self._read[key]
        place = self.place(key)
        if self.source is None:
            return np.broadcast_to(np.zeros((), self.dtype), shape_of(place))
        read = read_part(self.source, place).astype(self.dtype, copy=False)
        with self.lock:
            self._read[key] = read
            while len(self._read) > self._room:
                self._read.popitem(last=False)
            # A writer may have come in between: what it wrote is the truth.
            return self._changed.get(key, read)

    def own(self, key: Key) -> NDArray[Any]:
        """Return a piece to be written into."""
        piece = self.piece(key)
        if key not in self._changed or not piece.flags.writeable:
            piece = np.array(piece)
            self._changed[key] = piece
            self._read.pop(key, None)
        return piece

    def replace(self, key: Key, values: NDArray[Any]) -> None:
        """Let a piece hold other values."""
        self._read.pop(key, None)
        first = values.flat[0]
        if any(values.strides) and not (values == first).all():
            self._changed[key] = np.array(values)
        elif self.source is None and not first:
            self._changed.pop(key, None)
        else:
            self._changed[key] = np.broadcast_to(np.array(first), values.shape)


def _cast(piece: NDArray[Any], dtype: Any) -> NDArray[Any]:
    """Copy a piece; one of a single value goes on taking no memory."""
    if any(piece.strides):
        return piece.astype(dtype)
    return np.broadcast_to(piece.flat[0].astype(dtype), piece.shape)
