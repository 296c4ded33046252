"""Notice what changed in labels without a word: a sum of each cell is kept.

Pixels are summed with a weight for their place, and what is told of is added to
the sums; where the labels then sum to something else, somebody changed them in
silence. It takes no copy of the labels, and a brush pays for its own pixels alone.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_cihm.correction.chunked import ChunkedArray
from napari_cihm.correction.edits import Block, Edit
from napari_cihm.correction.grids import Key, cell, cells
from napari_cihm.correction.survey import Survey
from napari_cihm.data.boxes import Box, intersection, shifted, start_of

TURN = 1 << 64  # sums go around at it, as numpy's do


class Checksums:
    """The sums of some labels' cells, as told.

    Parameters
    ----------
    labels : array-like of int
        Labels; every change of them should be told to `hear`.
    survey : Survey, optional
        Finds the first `checksum` of each cell, in a thread if need be; one of its
        own by default.
    """

    def __init__(self, labels: Any, survey: Survey | None = None) -> None:
        self.labels = labels
        self._survey = survey or Survey(labels, checksum)
        self._sums: dict[Key, int] = {}
        self.ready = False

    def complete(self) -> None:
        """Sum what is not summed yet; call it where labels are edited."""
        if not self.ready:
            self._sums = self._survey.found(checksum)
            self.ready = True

    def hear(self, edit: Edit) -> None:
        """Take an edit into account, after it was written."""
        for block in edit.blocks:
            if not self.ready:
                self._survey.hear(block.box)
                continue
            gained = _gained(block)
            for key, place in self._cells(block.box):
                shared = intersection(place, block.box)
                part = gained[shifted(shared, block.box)]
                more = checksum(part, start_of(shared))
                self._sums[key] = (self._sums[key] + more) % TURN

    def doubts(self) -> Iterator[Key]:
        """Go through the cells that look unlike what was told; in any thread.

        Edits that are written meanwhile may be among them: `settle` knows.
        """
        for key in self._open():
            if self._look(self._place(key)) != self._sums.get(key):
                yield key

    def settle(self, doubts: Iterable[Key] | None = None) -> list[Box]:
        """Return which of some cells changed unheard, and know them as they are now.

        Call it where labels are edited, when all is told that was done.
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
            key for box in self.labels.changed_boxes() for key, _ in self._cells(box)
        )

    def _cells(self, box: Box) -> Iterator[tuple[Key, Box]]:
        return cells(self._survey.shape, self._survey.grid, box)

    def _place(self, key: Key) -> Box:
        return cell(key, self._survey.shape, self._survey.grid)

    def _look(self, place: Box) -> int:
        return checksum(np.asarray(self.labels[place]), start_of(place))


def checksum(values: NDArray[Any], start: tuple[int, ...]) -> int:
    """Sum a part of some labels, each pixel with the weight of its place."""
    left = values.astype(np.uint64)
    for axis in reversed(range(values.ndim)):
        left = left @ _weights(axis, start[axis], values.shape[axis])
    return int(left)


def _weights(axis: int, first: int, count: int) -> NDArray[np.uint64]:
    """Return the weights of some places along an axis, which look random.

    They are odd, so that no change of a single pixel is lost when sums go around.
    """
    # SplitMix64, of Steele and others, 2014.
    mixed = np.arange(first + 1, first + count + 1, dtype=np.uint64)
    mixed += np.uint64(axis << 48)
    mixed *= np.uint64(0x9E3779B97F4A7C15)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed ^= mixed >> np.uint64(shift)
        mixed *= np.uint64(factor)
    return mixed ^ (mixed >> np.uint64(31)) | np.uint64(1)


def _gained(block: Block) -> NDArray[np.uint64]:
    """Return by how much each pixel of a block's box grew, going around at zero."""
    gained = np.zeros(block.shape, np.uint64)
    more = np.atleast_1d(block.new).astype(np.uint64)
    gained[block.where] = more - np.atleast_1d(block.old).astype(np.uint64)
    return gained
