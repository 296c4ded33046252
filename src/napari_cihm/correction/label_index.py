"""Know every object's size and place without looking through the labels again.

Built once, by a scan that a worker thread can run while the user goes on
editing, then kept right by hearing of each edit.
"""

import threading
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from napari_cihm.correction.box_table import Bounds, BoxTable
from napari_cihm.correction.boxes import (
    box_at,
    cell,
    cells,
    chunk_of,
    start_of,
)
from napari_cihm.correction.counting import (
    Extents,
    extents_of,
    extents_of_block,
    gathered,
)
from napari_cihm.correction.edits import Edit
from napari_cihm.data.tiles import Box
from napari_cihm.errors import InputError
from napari_cihm.events import LabelsScanned

# Cells of this many pixels make a scan of a volume quick and its steps short.
CELL_FLAT = (512, 512)
CELL = (16, 256, 256)


class LabelIndex:
    """The labels of an array: their counts, boxes and next free number.

    Boxes hold all pixels of a label and may be wider than needed after edits
    that took pixels away. Negative numbers count as labels too.

    Parameters
    ----------
    labels : array-like of int
        Labels that every change of is told to `hear`.
    """

    def __init__(self, labels: Any) -> None:
        self.labels = labels
        self.shape = tuple(int(n) for n in labels.shape)
        self._table = BoxTable(_nothing(labels))
        self._cells: dict[tuple[int, ...], Extents] = {}
        self._stale: set[tuple[int, ...]] = set()
        self._chunk = chunk_of(labels, CELL_FLAT, CELL)
        self._highest: int | None = None
        self._scanning = False
        self._doubtful = False
        self._lock = threading.RLock()
        self.ready = False

    @classmethod
    def of(cls, labels: Any) -> "LabelIndex":
        """Return an index that has scanned the labels."""
        index = cls(labels)
        index.complete()
        return index

    def scan(self) -> Iterator[LabelsScanned]:
        """Look through the labels, a step a cell; any thread may run it.

        Edits heard meanwhile are looked at again when the scan is complete, so
        it does not matter on which side of a step an edit fell.
        """
        self._scanning = True
        try:
            places = list(cells(self.shape, self._chunk))
            for done, (key, place) in enumerate(places, 1):
                if self.ready:
                    return
                found = self._look(place)
                with self._lock:
                    self._cells[key] = found
                yield LabelsScanned(done, len(places))
        finally:
            self._scanning = False

    def complete(self) -> None:
        """Finish the scan where it stands; call it where labels are edited."""
        if self.ready:
            return
        with self._lock:
            missing = {k for k, _ in cells(self.shape, self._chunk)} - set(self._cells)
            for key in missing | self._stale:
                self._cells[key] = self._look(cell(key, self.shape, self._chunk))
            found = gathered([*self._cells.values(), _nothing(self.labels)])
            self._table = BoxTable(found)
            self._cells.clear()
            self._stale.clear()
            self._highest = max(found.highest, self._highest or 0)
            self.ready = True

    def hear(self, edit: Edit) -> None:
        """Take an edit into account, after it was written."""
        with self._lock:
            for block in edit.blocks:
                fresh = extents_of_block(block, "new")
                if self._highest is not None:
                    self._highest = max(self._highest, fresh.highest)
                if self.ready:
                    self._table.add(fresh)
                    self._table.take(extents_of_block(block, "old"))
                else:
                    near = cells(self.shape, self._chunk, block.box)
                    self._stale.update(key for key, _ in near)

    def doubt(self, doubtful: bool = True) -> None:
        """Look for the highest number before a new one is given: others may have."""
        self._doubtful = doubtful

    def fresh(self, count: int = 1) -> list[int]:
        """Return numbers that no object has: those above the highest, else gaps.

        Before the scan is complete the highest number is looked for alone, which
        takes a tenth of the time. What would have to be read from a file for that
        is not read twice: while a scan is under way, such labels wait for its end.
        """
        if self._highest is None:
            self._highest = self._find_highest()
        elif self._doubtful and isinstance(self.labels, np.ndarray):
            self._highest = max(_highest(self.labels), self._highest)
        self._doubtful = False
        limit = int(np.iinfo(self.labels.dtype).max)
        if self._highest + count <= limit:
            return list(range(self._highest + 1, self._highest + 1 + count))
        self.complete()
        free = [n for n in range(1, min(limit, len(self) + count) + 1) if n not in self]
        if len(free) < count:
            raise InputError(
                f"all {limit} numbers of {self.labels.dtype} labels are taken",
                "a free number for the new object",
                "convert the labels to a wider type (right click > Convert data type)",
            )
        return free[:count]

    def _find_highest(self) -> int:
        in_memory = isinstance(self.labels, np.ndarray)
        if in_memory or not (self._scanning or self._cells):
            return _highest(self.labels)
        if self._scanning:
            raise InputError(
                "the objects are still being counted, and a new one needs a number "
                "that none of them has",
                remedy="try again when they are counted",
            )
        self.complete()
        return self._highest or 0

    def __len__(self) -> int:
        """Return the number of objects."""
        self.complete()
        return len(self._table.rows)

    def __contains__(self, label: int) -> bool:
        """Say whether a label has pixels."""
        self.complete()
        return label in self._table.rows

    def __iter__(self) -> Iterator[int]:
        """Go through the labels, ascending."""
        self.complete()
        return iter(sorted(self._table.rows))

    def count(self, label: int) -> int:
        """Return the number of pixels of a label, 0 where it is nowhere."""
        return self._table.count(label) if label in self else 0

    def box(self, label: int) -> Box:
        """Return a box that holds the label, refusing one that is nowhere."""
        if label not in self:
            raise InputError(f"there is no object {label}", "the number of an object")
        return self._table.box(label)

    def bounds(self, labels: Iterable[int]) -> tuple[list[int], Bounds, Bounds]:
        """Return those of the labels that have pixels, with their boxes' bounds.

        Returns
        -------
        tuple
            The labels; arrays of shape (n, ndim) of where their boxes begin and end.
        """
        known = [label for label in labels if label in self]
        return known, *self._table.bounds(known)

    def counts(self) -> dict[int, int]:
        """Return the number of pixels of every label."""
        self.complete()
        return self._table.counts()

    def within(self, box: Box) -> list[int]:
        """Return the labels whose boxes share a pixel with `box`."""
        self.complete()
        return self._table.within(box)

    def hull(self, labels: list[int]) -> Box:
        """Return a box that holds all of these labels."""
        _, first, last = self.bounds(labels)
        start = first.min(axis=0)
        return box_at(start, last.max(axis=0) - start)

    def _look(self, place: Box) -> Extents:
        return extents_of(np.asarray(self.labels[place]), start_of(place))


def _highest(labels: Any) -> int:
    if isinstance(labels, np.ndarray):
        return int(labels.max(initial=0))
    places = cells(labels.shape, chunk_of(labels, CELL_FLAT, CELL))
    return max(int(np.asarray(labels[at]).max(initial=0)) for _, at in places)


def _nothing(labels: Any) -> Extents:
    none = np.empty((0, len(labels.shape)), np.intp)
    return Extents(np.empty(0, labels.dtype), none[:, 0], none, none)
