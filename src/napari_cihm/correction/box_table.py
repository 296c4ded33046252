"""Counts and boxes of many labels in arrays, so that a look at all takes a moment."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from napari_cihm.correction.counting import Extents
from napari_cihm.data.boxes import Box, box_at

Bounds = NDArray[np.intp]


class BoxTable:
    """A row a label; rows of labels that went are used again."""

    def __init__(self, found: Extents) -> None:
        self.rows: dict[int, int] = {n: r for r, n in enumerate(found.numbers.tolist())}
        self._labels = list(self.rows)
        self._counts = found.counts.copy()
        self._first, self._last = found.first.copy(), found.last.copy()
        self._free: list[int] = []

    def count(self, label: int) -> int:
        """Return the number of pixels of a label that is there."""
        return int(self._counts[self.rows[label]])

    def counts(self) -> dict[int, int]:
        """Return the number of pixels of every label."""
        counts = self._counts.tolist()
        return {label: counts[row] for label, row in self.rows.items()}

    def box(self, label: int) -> Box:
        """Return a box that holds a label that is there."""
        row = self.rows[label]
        return box_at(self._first[row], self._last[row] - self._first[row])

    def bounds(self, labels: Iterable[int]) -> tuple[Bounds, Bounds]:
        """Return where the boxes of labels that are there begin and end."""
        rows = [self.rows[label] for label in labels]
        return self._first[rows], self._last[rows]

    def within(self, box: Box) -> list[int]:
        """Return the labels whose boxes share a pixel with `box`."""
        near = np.ones(len(self._labels), np.bool_)
        for axis, span in enumerate(box):
            near &= self._first[:, axis] < span.stop
            near &= self._last[:, axis] > span.start
        return [self._labels[row] for row in np.flatnonzero(near).tolist()]

    def add(self, found: Extents) -> None:
        """Take in pixels of labels, known and new."""
        labels = found.numbers.tolist()
        for label in labels:
            if label not in self.rows:
                self.rows[label] = self._row(label)
        rows = [self.rows[label] for label in labels]
        self._counts[rows] += found.counts
        self._first[rows] = np.minimum(self._first[rows], found.first)
        self._last[rows] = np.maximum(self._last[rows], found.last)

    def take(self, found: Extents) -> None:
        """Take pixels away; a label without any is gone."""
        labels = found.numbers.tolist()
        known = [at for at, label in enumerate(labels) if label in self.rows]
        rows = np.array([self.rows[labels[at]] for at in known], np.intp)
        self._counts[rows] -= found.counts[known]
        gone = rows[self._counts[rows] <= 0].tolist()
        for row in gone:
            del self.rows[self._labels[row]]
        self._clear(gone)

    def _row(self, label: int) -> int:
        """Return a row of a label that has no pixels yet."""
        if not self._free:
            known = len(self._labels)
            more = max(64, known)
            self._labels += [0] * more
            self._counts = np.append(self._counts, np.empty(more, np.intp))
            room = np.empty((more, self._first.shape[1]), np.intp)
            self._first = np.concatenate([self._first, room])
            self._last = np.concatenate([self._last, room])
            self._clear(list(range(known, known + more)))
        row = self._free.pop()
        self._labels[row] = label
        return row

    def _clear(self, rows: list[int]) -> None:
        """Make rows empty: nothing lies within them, and anything widens them."""
        self._counts[rows] = 0
        self._first[rows], self._last[rows] = np.iinfo(np.intp).max, 0
        self._free += rows
