"""Count the objects that are reviewed as a whole: "37 of 112 checked"."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain, compress
from typing import Any

import numpy as np

from napari_cihm.correction.counting import extents_of
from napari_cihm.correction.coverage import coverage
from napari_cihm.correction.edits import Edit
from napari_cihm.correction.label_index import LabelIndex
from napari_cihm.correction.marking import ReviewChange
from napari_cihm.correction.reviewed import Reviewed
from napari_cihm.data.boxes import Box, hull, start_of, volume_of

# A region drawn by hand may miss a pixel or two of an object that was meant.
WHOLE = 0.98
# More boxes than this are looked up as one.
FEW = 16
# More objects than this are sorted by the marks around them first.
MANY = 64


@dataclass(frozen=True)
class Progress:
    """How many of the objects are checked."""

    checked: int
    total: int

    def __str__(self) -> str:
        return f"{self.checked} of {self.total} checked"


class Checked:
    """Which objects are reviewed as a whole, kept up with edits and marks.

    Only objects that an edit or a mark touched are looked at again. The index of
    the labels has to hear of every edit before this does.
    """

    def __init__(self, labels: Any, index: LabelIndex, reviewed: Reviewed) -> None:
        self.labels = labels
        self.index = index
        self.reviewed = reviewed
        self._checked: set[int] = set()
        self._unsure: set[int] | None = None

    def hear_edit(self, edit: Edit) -> None:
        """Take an edit of the labels into account, after it was written."""
        if self._unsure is not None:
            for block in edit.blocks:
                for values in (block.old, block.new):
                    self._unsure.update(np.unique(values).tolist())

    def hear_review(self, change: ReviewChange) -> None:
        """Take a change of what is reviewed into account."""
        if self._unsure is not None:
            boxes = change.boxes()
            for box in boxes if len(boxes) <= FEW else [hull(boxes)]:
                self._unsure.update(self.index.within(box))

    def __contains__(self, label: int) -> bool:
        self._settle()
        return label in self._checked

    def progress(self) -> Progress:
        """Return how many of the objects are checked."""
        self._settle()
        return Progress(len(self._checked), len(self.index))

    def _settle(self) -> None:
        if self._unsure is None:
            self._unsure = set(self.index)
        self._look(self._unsure)
        self._unsure = set()

    def _look(self, labels: set[int]) -> None:
        self._checked -= labels
        left = [label for label in labels if label in self.index]
        if len(left) > MANY:
            left = self._look_at_once(left)
        if not left:
            return
        around = self.index.hull(left)
        _, first, last = self.index.bounds(left)
        if (last - first).prod(axis=1).sum() > volume_of(around):
            # Far pieces under one number: their boxes lie on each other.
            self._checked.update(self._whole_within(around, left))
        else:
            self._checked.update(label for label in left if self._is_whole(label))

    def _look_at_once(self, labels: Iterable[int]) -> list[int]:
        """Check what lies in pieces that are marked as a whole; return what may be."""
        known, first, last = self.index.bounds(labels)
        whole, met = coverage(self.reviewed, first, last)
        self._checked.update(compress(known, whole.tolist()))
        return list(compress(known, (met & ~whole).tolist()))

    def _whole_within(self, around: Box, labels: Iterable[int]) -> list[int]:
        """Return which objects are whole, reading no pixel around them twice."""
        marks = (self.reviewed.person, self.reviewed.edits)
        parts = chain.from_iterable(one.changed_within(around) for one in marks)
        seen: Counter[int] = Counter()
        for start, part in {start_of(part): part for part in parts}.items():
            values = np.asarray(self.labels[part])
            found = extents_of(np.where(self.reviewed.read(part), values, 0), start)
            seen.update(
                dict(zip(found.numbers.tolist(), found.counts.tolist(), strict=True))
            )
        return [n for n in labels if seen[n] >= WHOLE * self.index.count(n)]

    def _is_whole(self, label: int) -> bool:
        box = self.index.box(label)
        if not self.reviewed.touches(box):
            return False
        mask = np.asarray(self.labels[box]) == label
        seen = np.count_nonzero(mask & self.reviewed.read(box))
        return bool(seen >= WHOLE * np.count_nonzero(mask) > 0)
