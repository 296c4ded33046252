"""Know every object's size and place without looking through the labels again.

Built once from what a survey found, then kept right by hearing of each edit.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from napari_cihm.correction.box_table import Bounds, BoxTable
from napari_cihm.correction.counting import (
    Extents,
    extents_of,
    extents_of_block,
    gathered,
)
from napari_cihm.correction.edits import Edit
from napari_cihm.correction.grids import cells, grid_of
from napari_cihm.correction.survey import Survey
from napari_cihm.data.boxes import Box, box_at
from napari_cihm.errors import InputError


class LabelIndex:
    """The labels of an array: their counts, boxes and next free number.

    Boxes hold all pixels of a label and may be wider than needed after edits
    that took pixels away. Negative numbers count as labels too.

    Parameters
    ----------
    labels : array-like of int
        Labels; every change of them is told to `hear`.
    survey : Survey, optional
        Finds the extents of each cell's labels, in a thread if need be; one of its
        own by default.
    """

    def __init__(self, labels: Any, survey: Survey | None = None) -> None:
        self.labels = labels
        self._survey = survey or Survey(labels, extents_of)
        self._table = BoxTable(_nothing(labels))
        self._highest: int | None = None
        self._doubtful = False
        self.ready = False

    @classmethod
    def of(cls, labels: Any) -> "LabelIndex":
        """Return an index that has counted the labels."""
        index = cls(labels)
        index.complete()
        return index

    def complete(self) -> None:
        """Count what is not counted yet; call it where labels are edited."""
        if self.ready:
            return
        parts = self._survey.found(extents_of).values()
        found = gathered([*parts, _nothing(self.labels)])
        self._table = BoxTable(found)
        self._highest = max(found.highest, self._highest or 0)
        self.ready = True

    def hear(self, edit: Edit) -> None:
        """Take an edit into account, after it was written."""
        for block in edit.blocks:
            self._survey.hear(block.box)
            if self._highest is not None:
                self._highest = max(self._highest, int(block.new.max(initial=0)))
        if not self.ready:
            return
        # All is taken before any is added: a number that went to another place
        # altogether, as most do in a new run, would keep a box around both.
        for block in edit.blocks:
            self._table.take(extents_of_block(block, "old"))
        for block in edit.blocks:
            self._table.add(extents_of_block(block, "new"))

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
        if in_memory or not self._survey.begun:
            return _highest(self.labels)
        if self._survey.scanning:
            raise InputError(
                "the objects are still being counted, and a new one needs a number "
                "that none of them has",
                remedy="try again when they are counted",
            )
        self.complete()
        return self._highest or 0

    def __len__(self) -> int:
        self.complete()
        return len(self._table.rows)

    def __contains__(self, label: int) -> bool:
        self.complete()
        return label in self._table.rows

    def __iter__(self) -> Iterator[int]:
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
        """Return the labels that have pixels; where their boxes begin, and end."""
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


def _highest(labels: Any) -> int:
    if isinstance(labels, np.ndarray):
        return int(labels.max(initial=0))
    places = cells(labels.shape, grid_of(labels))
    return max(int(np.asarray(labels[at]).max(initial=0)) for _, at in places)


def _nothing(labels: Any) -> Extents:
    none = np.empty((0, len(labels.shape)), np.intp)
    return Extents(np.empty(0, labels.dtype), none[:, 0], none, none)
