"""Where a person has looked: the pixels that fine-tuning may learn from.

Two masks stand behind one answer. What the person marks (a slice, a region,
everything) stays until the person erases it. What an edit marks around itself
belongs to that edit: undoing the edit undoes it, and redoing brings it back,
without touching what the person marked there in the meantime. Marks of the
person are no part of the labels' history; the change that each returns takes
them back.
"""

from collections import deque
from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_cihm.correction.chunked import ChunkedArray
from napari_cihm.correction.edits import Edit, changed, edit_of
from napari_cihm.correction.given import check_axes_of
from napari_cihm.correction.grids import Key, cell
from napari_cihm.correction.marking import ReviewChange, spread, switched
from napari_cihm.data.boxes import Box, grown, shape_of, shifted, start_of, whole
from napari_cihm.data.indexing import read_box, read_points
from napari_cihm.errors import ShapeError

PIECE = (256, 256)
RECENT = 32  # changes of which the places are remembered


class Reviewed:
    """Which pixels are reviewed, at a cost in memory of what is marked.

    Every method that changes it does so at once and returns the change; `changes`
    counts them.
    """

    def __init__(self, shape: Sequence[int]) -> None:
        self.shape = tuple(int(n) for n in shape)
        piece = (1,) * (len(self.shape) - 2) + PIECE[-len(self.shape) :]
        self.person = ChunkedArray(self.shape, np.bool_, piece)
        self.edits = ChunkedArray(self.shape, np.bool_, piece)
        self.changes = 0
        self._recent: deque[list[Box]] = deque(maxlen=RECENT)

    def mark(self, box: Box, mask: NDArray[np.bool_] | None = None) -> ReviewChange:
        """Mark a box, or the true pixels of a mask of its shape, as reviewed."""
        change = self._set(self.person, box, mask, True, "Mark as reviewed")
        return self._noted(ReviewChange(change, self._nothing()))

    def mark_all(self) -> ReviewChange:
        """Mark everything."""
        return self.mark(whole(self.shape))

    def erase(
        self, box: Box | None = None, mask: NDArray[np.bool_] | None = None
    ) -> ReviewChange:
        """Take back all marks in a box, or everywhere, whoever made them."""
        box = whole(self.shape) if box is None else box
        what = "Mark as not reviewed"
        person = self._set(self.person, box, mask, False, what)
        edits = self._set(self.edits, box, mask, False, what)
        return self._noted(ReviewChange(person, edits))

    def mark_around(
        self, edit: Edit, margin: int, axes: Sequence[int] | None = None
    ) -> ReviewChange:
        """Mark what an edit changed, and pixels within a margin of it.

        Marks spread along all axes, or those given: a plane's where it was edited in
        a plane, since nobody saw the slices above and below.
        """
        chosen = check_axes_of(axes, len(self.shape))
        blocks = []
        for block in edit.blocks:
            box = grown(block.box, margin, self.shape, chosen)
            wanted = spread(block, box, margin, chosen)
            before = self.edits.read(box)
            found = changed(start_of(box), before, before | wanted)
            if found is not None:
                found.write(self.edits)
                blocks.append(found)
        done = edit_of(blocks, self.edits, "Mark the edit as reviewed")
        return self._noted(ReviewChange(self._nothing(), done))

    def apply(self, change: ReviewChange) -> None:
        """Make a change again, or make its inverse."""
        change.person.apply(self.person)
        change.edits.apply(self.edits)
        self._noted(change)

    def since(self, changes: int) -> list[Box] | None:
        """Return where marks changed after so many changes; None for too long ago.

        `changes` is what the attribute of that name was then.
        """
        missed = self.changes - changes
        if missed > len(self._recent):
            return None
        latest = list(self._recent)[len(self._recent) - missed :]
        return [box for boxes in latest for box in boxes]

    def copy(self) -> "Reviewed":
        """Return the marks as they are now, which later ones do not change."""
        twin = Reviewed(self.shape)
        twin.person, twin.edits = self.person.copy(), self.edits.copy()
        return twin

    def __getitem__(self, index: Any) -> Any:
        if read_points(index, self.shape) is not None:
            return self.person[index] | self.edits[index]
        box, inner = read_box(index, self.shape)
        return self.read(box)[inner]

    def read(self, box: Box) -> NDArray[np.bool_]:
        """Return which pixels of a box are reviewed."""
        seen = self.person.read(box)
        for part in self.edits.changed_within(box):
            seen[shifted(part, box)] |= self.edits.read(part)
        return seen

    def touches(self, box: Box) -> bool:
        """Say, quickly, whether any pixel of a box may be reviewed."""
        return self.person.touches(box) or self.edits.touches(box)

    def any(self) -> bool:
        """Say whether any pixel is reviewed."""
        return any(
            self.read(box).any()
            for marks in (self.person, self.edits)
            for box in marks.changed_boxes()
        )

    def all(self) -> bool:
        """Say whether every pixel is reviewed; quickly, where a piece has no mark."""
        chunks, (met, full) = self.person.chunks, self.pieces()
        if len(met) < prod(-(-n // c) for n, c in zip(self.shape, chunks, strict=True)):
            return False
        unsure = (cell(key, self.shape, chunks) for key in met - full)
        return all(self.read(box).all() for box in unsure)

    def pieces(self) -> tuple[set[Key], set[Key]]:
        """Return the numbers of pieces that may hold marks, and of those all marked."""
        met, full = set[Key](), set[Key]()
        for marks in (self.person, self.edits):
            for key, value in marks.states():
                met.add(key)
                if value is not None and value:
                    full.add(key)
        return met, full

    def view(self) -> "ReviewedView":
        """Return it as an array for an overlay, read where it is looked at."""
        return ReviewedView(self)

    def _noted(self, change: ReviewChange) -> ReviewChange:
        if change:
            self.changes += 1
            self._recent.append(change.boxes())
        return change

    def _nothing(self) -> Edit:
        return edit_of([], self.person)

    def _set(
        self,
        marks: ChunkedArray,
        box: Box,
        mask: NDArray[np.bool_] | None,
        value: bool,
        what: str,
    ) -> Edit:
        if mask is not None and mask.shape != shape_of(box):
            raise ShapeError(
                f"a region of shape {mask.shape} for a box of shape {shape_of(box)}"
            )
        blocks = list(switched(marks, box, mask, value))
        for block in blocks:
            block.write(marks)
        return edit_of(blocks, marks, what)


class ReviewedView:
    """Reviewed pixels as an array of 0 and 1 that is made where it is read."""

    dtype = np.dtype(np.uint8)

    def __init__(self, reviewed: Reviewed) -> None:
        self._reviewed = reviewed
        self.shape = reviewed.shape
        self.ndim = len(reviewed.shape)
        self.size = reviewed.person.size

    def __getitem__(self, index: Any) -> Any:
        return np.asarray(self._reviewed[index]).view(self.dtype)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return np.asarray(self[...], dtype)
