"""Notice what changed in labels without a word: a sum of each cell is kept.

Pixels are summed with a weight for their place, and what is told of is added to
the sums; where the labels then sum to something else, somebody changed them in
silence. It takes no copy of the labels, and a brush pays for its own pixels alone.
"""

import threading
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_cihm.correction.boxes import cell, cells, chunk_of, overlap
from napari_cihm.correction.chunked import ChunkedArray
from napari_cihm.correction.edits import Block, Edit
from napari_cihm.correction.label_index import CELL, CELL_FLAT
from napari_cihm.data.tiles import Box, shifted

Key = tuple[int, ...]

SEED = 0
TURN = 1 << 64  # sums go around at it, as numpy's do


class Tally:
    """The sums of some labels, as told.

    Parameters
    ----------
    labels : array-like of int
        Labels that every change of should be told to `hear`.
    """

    def __init__(self, labels: Any) -> None:
        self.labels = labels
        self.shape = tuple(int(n) for n in labels.shape)
        self._chunk = chunk_of(labels, CELL_FLAT, CELL)
        rng = np.random.default_rng(SEED)
        # Odd ones: no change of a single pixel is lost when sums go around.
        self._weights = [
            rng.integers(0, TURN, n, np.uint64) | np.uint64(1) for n in self.shape
        ]
        self._sums: dict[Key, int] = {}
        self._stale: set[Key] = set()
        self._lock = threading.Lock()
        self.ready = False

    def scan(self) -> Iterator[None]:
        """Sum the labels, a step a cell; any thread may run it."""
        for key, place in cells(self.shape, self._chunk):
            if self.ready:
                return
            found = self._look(place)
            with self._lock:
                self._sums.setdefault(key, found)
            yield

    def complete(self) -> None:
        """Finish the scan where it stands; call it where labels are edited."""
        if self.ready:
            return
        with self._lock:
            missing = {k for k, _ in cells(self.shape, self._chunk)} - set(self._sums)
            for key in missing | self._stale:
                self._sums[key] = self._look(self._place(key))
            self._stale.clear()
            self.ready = True

    def hear(self, edit: Edit) -> None:
        """Take an edit into account, after it was written."""
        with self._lock:
            for block in edit.blocks:
                gained = _gained(block) if self.ready else None
                for key, place in cells(self.shape, self._chunk, block.box):
                    shared = overlap(place, block.box)
                    if gained is None:
                        self._stale.add(key)
                    elif shared is not None:
                        more = self._sum(gained[shifted(shared, block.box)], shared)
                        self._sums[key] = (self._sums[key] + more) % TURN

    def doubts(self) -> Iterator[Key]:
        """Go through the cells that look unlike what was told; in any thread.

        Edits that are written meanwhile may be among them: `settle` knows.
        """
        for key in self._open():
            if self._look(self._place(key)) != self._sums.get(key):
                yield key

    def settle(self, doubts: Iterable[Key] | None = None) -> list[Box]:
        """Return which cells changed unheard, and know them as they are now.

        Call it where labels are edited, when all is told that was done.

        Parameters
        ----------
        doubts : iterable of tuple, optional
            Cells to look at; all by default.
        """
        self.complete()
        changed = []
        for key in self._open() if doubts is None else doubts:
            place = self._place(key)
            found = self._look(place)
            if found != self._sums[key]:
                self._sums[key] = found
                changed.append(place)
        return changed

    def _open(self) -> Iterable[Key]:
        """Return the cells that anything can have happened to."""
        if not isinstance(self.labels, ChunkedArray):
            return list(self._sums)
        # What never changed comes from a source that nobody writes.
        return dict.fromkeys(
            key
            for box in self.labels.changed_boxes()
            for key, _ in cells(self.shape, self._chunk, box)
        )

    def _place(self, key: Key) -> Box:
        return cell(key, self.shape, self._chunk)

    def _look(self, place: Box) -> int:
        return self._sum(np.asarray(self.labels[place]), place)

    def _sum(self, values: NDArray[Any], place: Box) -> int:
        left = values.astype(np.uint64)
        for weights, s in zip(self._weights[::-1], place[::-1], strict=True):
            left = left @ weights[s]
        return int(left)


def _gained(block: Block) -> NDArray[np.uint64]:
    """Return by how much each pixel of a block's box grew, going around at zero."""
    gained = np.zeros(block.shape, np.uint64)
    more = np.atleast_1d(block.new).astype(np.uint64)
    gained[block.where] = more - np.atleast_1d(block.old).astype(np.uint64)
    return gained
