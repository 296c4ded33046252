"""Everything that follows a change of the labels, in the right order."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

import numpy as np

from napari_cihm.config import CorrectSettings
from napari_cihm.correction.checked import Checked, Progress
from napari_cihm.correction.checksums import Checksums, checksum
from napari_cihm.correction.counting import extents_of
from napari_cihm.correction.edits import Edit
from napari_cihm.correction.journal import Journal
from napari_cihm.correction.label_index import LabelIndex
from napari_cihm.correction.reviewed import ReviewChange, Reviewed
from napari_cihm.correction.survey import Survey
from napari_cihm.data.boxes import Box

# As many steps as napari's history keeps; older ones cannot be undone there.
STEPS = 100
# Pixels looked at to tell an edit that was undone from one that was not.
GLANCE = 64
# More places than this are kept by the journal as one new beginning.
FEW = 64


@dataclass(frozen=True)
class Step:
    """An edit, the marks that went with it, and how many steps came before."""

    edit: Edit
    review: ReviewChange | None
    after: int


class CorrectionSession:
    """Labels under correction: their index, reviewed marks, progress and journal.

    The labels belong to someone else, who writes edits into them and then tells
    of it here. Undoing and redoing are told by nobody: `look` finds them out. What
    others change in silence, `checksums` finds, and `changed` hears of it.

    Parameters
    ----------
    labels : array-like of int
        The living labels.
    reviewed : Reviewed, optional
        Marks to go on with; none by default.
    journal : Journal, optional
        What keeps all of it; it has to hold the same labels and marks.
    settings : CorrectSettings, optional
        Whether, and how far around, edits mark as reviewed.
    """

    def __init__(
        self,
        labels: Any,
        *,
        reviewed: Reviewed | None = None,
        journal: Journal | None = None,
        settings: CorrectSettings | None = None,
    ) -> None:
        self.labels = labels
        self.settings = settings or CorrectSettings()
        self.reviewed = reviewed or Reviewed(labels.shape)
        self._survey_anew()
        self.journal = journal
        self._undo: deque[Step] = deque(maxlen=STEPS)
        self._redo: deque[Step] = deque(maxlen=STEPS)
        self._marks: deque[tuple[int, ReviewChange]] = deque(maxlen=STEPS)
        self._steps = count()

    def made(
        self, edit: Edit, axes: Sequence[int] | None = None
    ) -> ReviewChange | None:
        """Hear of an edit that was just written, and mark around it.

        Parameters
        ----------
        edit : Edit
            A tool's, or a stroke's as `edit_of_atoms` reads it.
        axes : sequence of int, optional
            The axes it was made along: a plane's, so that marks stay in it.
        """
        if not edit:
            return None
        review = None
        if self.settings.mark_edits and not edit.everywhere:
            margin = self.settings.edit_margin
            review = self.reviewed.mark_around(edit, margin, axes)
        self._undo.append(Step(edit, review, next(self._steps)))
        self._redo.clear()
        self._follow(edit, review)
        return review

    def look(self) -> Edit | None:
        """Find out whether the last edit was undone, or redone, and follow.

        Call it when the labels say that they changed without saying how. It
        costs a look at a few pixels when nothing did.

        Returns
        -------
        Edit or None
            What the labels underwent: the inverse of the edit that was undone,
            or the edit that was redone.
        """
        undone = bool(self._undo) and self._holds(self._undo[-1].edit, "old")
        redone = bool(self._redo) and self._holds(self._redo[-1].edit, "new")
        if undone and redone:  # the one that happened wrote over all of the other
            undone = self._undo[-1].edit.size >= self._redo[-1].edit.size
        if undone:
            step = self._undo.pop()
            self._redo.append(step)
            self._let_go(step)
            return self._replay(step.edit.inverse(), step.review, undone=True)
        if redone:
            step = self._redo.pop()
            self._undo.append(step)
            return self._replay(step.edit, step.review, undone=False)
        return None

    def marked(self, change: ReviewChange) -> None:
        """Hear of marks that the person just made or erased."""
        if change:
            self._marks.append((next(self._steps), change))
            self._record_marks(change)

    def unmark(self) -> ReviewChange | None:
        """Take back the person's last marks; they are no part of Ctrl+Z."""
        if not self._marks:
            return None
        change = self._marks.pop()[1].inverse()
        self.reviewed.apply(change)
        self._record_marks(change)
        return change

    def replaced(self, labels: Any) -> None:
        """Hear that other labels took the place of these, in one go.

        What was reviewed stays marked where the shape allows; steps before cannot
        be followed any more.
        """
        self.labels = labels
        if tuple(labels.shape) != self.reviewed.shape:
            self.reviewed = Reviewed(labels.shape)
        self._survey_anew()
        for steps in (self._undo, self._redo, self._marks):
            steps.clear()
        if self.journal is not None:
            self.journal.resync(labels, self.reviewed)

    def changed(self, boxes: Sequence[Box]) -> None:
        """Hear that labels changed in some boxes, and nobody knows what they held.

        The marks stay: what a person has looked at is not known to be wrong.
        """
        if not boxes:
            return
        for box in boxes:
            self.survey.hear(box)
        self._count_anew()
        if self.journal is None:
            return
        if len(boxes) > FEW:
            self.journal.resync()
            return
        for box in boxes:
            self.journal.record_box(box)

    def complete(self) -> None:
        """Finish counting where it stands; call it where labels are edited."""
        self.index.complete()
        self.checksums.complete()

    def progress(self) -> Progress:
        """Return how many of the objects are checked."""
        return self.checked.progress()

    def close(self, finished: bool) -> None:
        """End the journal, whose thread writes what is left."""
        if self.journal is not None:
            self.journal.end(finished)

    def _replay(self, edit: Edit, review: ReviewChange | None, undone: bool) -> Edit:
        change = review.inverse() if review is not None and undone else review
        if change is not None:
            self.reviewed.apply(change)
        self._follow(edit, change)
        return edit

    def _let_go(self, step: Step) -> None:
        """Forget marks of an undone edit that the person erased: they are gone."""
        if step.review is None:
            return
        gone = step.review.edits
        rest = (
            (n, change.without(gone) if n > step.after else change)
            for n, change in self._marks
        )
        self._marks = deque(((n, c) for n, c in rest if c), maxlen=STEPS)

    def _survey_anew(self) -> None:
        self.survey = Survey(self.labels, extents_of, checksum)
        self.checksums = Checksums(self.labels, self.survey)
        self._count_anew()

    def _count_anew(self) -> None:
        self.index = LabelIndex(self.labels, self.survey)
        self.checked = Checked(self.labels, self.index, self.reviewed)

    def _follow(self, edit: Edit, review: ReviewChange | None) -> None:
        self.index.hear(edit)
        self.checksums.hear(edit)
        self.checked.hear_edit(edit)
        if review is not None:
            self.checked.hear_review(review)
        if self.journal is not None:
            self.journal.record(edit, review)

    def _record_marks(self, change: ReviewChange) -> None:
        self.checked.hear_review(change)
        if self.journal is not None:
            self.journal.record(review=change)

    def _holds(self, edit: Edit, which: str) -> bool:
        """Say whether the labels hold an edit's old or new values.

        Nothing but undoing changes them back unheard, and that changes all of
        them: a few are enough to tell.
        """
        block = edit.blocks[0]
        flat = np.flatnonzero(block.where)
        picked = np.unique(np.linspace(0, flat.size - 1, GLANCE).astype(np.intp))
        places = np.unravel_index(flat[picked], block.shape)
        values = np.broadcast_to(getattr(block, which), (flat.size,))[picked]
        for *place, value in zip(*places, values, strict=True):
            pixel = tuple(
                slice(int(p) + s, int(p) + s + 1)
                for p, s in zip(place, block.start, strict=True)
            )
            if np.asarray(self.labels[pixel]).item() != value:
                return False
        return True
