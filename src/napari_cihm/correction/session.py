"""Everything that follows a change of the labels, in the right order."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

from napari_cihm.config import CorrectSettings
from napari_cihm.correction.checked import Checked, Progress
from napari_cihm.correction.checksums import Checksums, checksum
from napari_cihm.correction.counting import extents_of
from napari_cihm.correction.edits import Edit
from napari_cihm.correction.journal import Journal
from napari_cihm.correction.label_index import LabelIndex
from napari_cihm.correction.marking import ReviewChange
from napari_cihm.correction.reviewed import Reviewed
from napari_cihm.correction.survey import Survey
from napari_cihm.data.boxes import Box

# As many of the person's marks can be taken back, one by one.
STEPS = 100
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
    of it here, as when a step is undone or redone. What others change in silence,
    `checksums` finds, and `changed` hears of it.

    Parameters
    ----------
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
        self._marks: deque[tuple[int, ReviewChange]] = deque(maxlen=STEPS)
        self._steps = count()

    def made(self, edit: Edit, axes: Sequence[int] | None = None) -> Step:
        """Hear of an edit that was just written, and mark around it.

        Given the axes it was made along, as a plane's, marks stay in it. What is
        returned, `undone` and `redone` are told of it.
        """
        review = None
        if edit and self.settings.mark_edits and not edit.everywhere:
            margin = self.settings.edit_margin
            review = self.reviewed.mark_around(edit, margin, axes)
        self._follow(edit, review)
        return Step(edit, review, next(self._steps))

    def undone(self, step: Step) -> Edit:
        """Hear that a step was undone; return what the labels underwent."""
        self._let_go(step)
        review = None if step.review is None else step.review.inverse()
        return self._replay(step.edit.inverse(), review)

    def redone(self, step: Step) -> Edit:
        """Hear that a step was redone; return what the labels underwent."""
        return self._replay(step.edit, step.review)

    def marked(self, change: ReviewChange) -> None:
        """Hear of marks that the person just made or erased."""
        if change:
            self._marks.append((next(self._steps), change))
            self._follow(None, change)

    def unmark(self) -> ReviewChange | None:
        """Take back the person's last marks; they are no part of Ctrl+Z."""
        if not self._marks:
            return None
        change = self._marks.pop()[1].inverse()
        self.reviewed.apply(change)
        self._follow(None, change)
        return change

    def replaced(self, labels: Any) -> None:
        """Hear that other labels took the place of these, in one go.

        What was reviewed stays marked where the shape allows; nothing of before can
        be undone.
        """
        self.labels = labels
        if tuple(labels.shape) != self.reviewed.shape:
            self.reviewed = Reviewed(labels.shape)
        self._survey_anew()
        self._marks.clear()
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
        if self.journal is not None and len(boxes) > FEW:
            self.journal.resync()
        elif self.journal is not None:
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

    def _replay(self, edit: Edit, review: ReviewChange | None) -> Edit:
        if review is not None:
            self.reviewed.apply(review)
        self._follow(edit, review)
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

    def _follow(self, edit: Edit | None, review: ReviewChange | None) -> None:
        if edit is not None:
            self.index.hear(edit)
            self.checksums.hear(edit)
            self.checked.hear_edit(edit)
        if review is not None:
            self.checked.hear_review(review)
        if self.journal is not None:
            self.journal.record(edit, review)
