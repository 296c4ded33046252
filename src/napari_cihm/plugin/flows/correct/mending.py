"""One labels layer under correction: what is done to it, and who hears of that."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from napari.layers import Labels
from qtpy.QtCore import QObject, QTimer, Signal

from napari_cihm.config import CorrectSettings
from napari_cihm.correction.checked import Progress
from napari_cihm.correction.edits import Edit
from napari_cihm.correction.journal import Claim
from napari_cihm.correction.marking import ReviewChange
from napari_cihm.correction.reviewed import Reviewed
from napari_cihm.correction.session import CorrectionSession
from napari_cihm.correction.working_copy import working_copy
from napari_cihm.errors import sentence
from napari_cihm.plugin import notices
from napari_cihm.plugin.flows.correct.noting import Notes
from napari_cihm.plugin.flows.correct.resting import Rest
from napari_cihm.plugin.flows.correct.scrutiny import Scrutiny
from napari_cihm.plugin.flows.errands import Errands
from napari_cihm.plugin.steps import PAUSE, is_painted, write


class Mending(QObject):
    """Keeps a session right while its layer is edited by tools, brush and undo.

    Parameters
    ----------
    layer : napari.layers.Labels
        What is corrected; its data can be written.
    unseen : callable
        Asked when an edit is told of: whether nobody looked at what it changes.
    reviewed : Reviewed, optional
        Marks to go on with.
    resumed : Claim, optional
        The journal of the work that is gone on with.

    Attributes
    ----------
    done : int
        How many changes were made so far.
    changed
        Emitted after the labels, the marks or their count changed.
    edited
        Emitted after the labels changed, with the edit; None where only what they
        hold by now is known.
    marked
        Emitted after marks changed: what shows them has to be drawn anew.
    followed
        Emitted with a word about what was undone or redone.
    """

    changed = Signal()
    edited = Signal(object)
    marked = Signal()
    followed = Signal(str)

    def __init__(
        self,
        layer: Labels,
        settings: CorrectSettings,
        errands: Errands,
        unseen: Callable[[], bool],
        reviewed: Reviewed | None = None,
        resumed: Claim | None = None,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.layer = layer
        self.session = CorrectionSession(
            layer.data, reviewed=reviewed, settings=settings
        )
        self.resumed = resumed
        self.done = 0
        self._saved = 0 if resumed is None else -1
        self._closed = False
        self._notes = Notes(layer, unseen, self)
        self._scrutiny = Scrutiny(layer, self.session, self.settle, errands, self)
        self._notes.due.connect(self.settle)
        self._notes.doubted.connect(self._scrutiny.doubt)
        self._scrutiny.counted.connect(self.changed)
        self._scrutiny.found.connect(self._on_found)
        layer.events.data.connect(self._on_data)
        self._scrutiny.count()

    def after_stroke(self, act: Callable[[], None]) -> None:
        """Act now, or once the stroke has ended that is in its midst.

        Never, if the correction ends before.
        """
        if self._closed:
            return
        if is_painted(self.layer):
            QTimer.singleShot(PAUSE, partial(self.after_stroke, act))
        else:
            act()

    def apply(self, edit: Edit, plane: Sequence[int]) -> None:
        """Make an edit one step of the layer's history; the plane's axes are seen."""
        try:
            with self._notes.by_tool(edit, plane):
                write(self.layer, edit)
                self._take()
        except Exception:
            self._scrutiny.doubt()
            raise

    def mark(self, change: ReviewChange) -> None:
        """Take marks that were just made into account."""
        self.session.marked(change)
        if change:
            self._tell()

    def unmark(self) -> ReviewChange | None:
        """Take the last marks of the person back."""
        change = self.session.unmark()
        if change is not None:
            self._tell()
        return change

    @property
    def progress(self) -> Progress | None:
        """How many objects are checked; None while they are still counted."""
        self.settle()
        return self.session.progress() if self.session.index.ready else None

    @property
    def saved(self) -> bool:
        """Whether everything done so far lies elsewhere too."""
        return self._saved == self.done

    def save(self, done: int) -> None:
        """Hear that all of the first changes were saved elsewhere."""
        self._saved = done

    def is_unsure(self) -> bool:
        """Tell whether the labels may hold what is told later, or taken back."""
        return not self._closed and (
            self._scrutiny.doubtful or is_painted(self.layer) or bool(self._notes)
        )

    def close(self) -> Rest:
        """Hear no more, and end the journal, which keeps what is saved nowhere.

        Returns
        -------
        Rest
            What is needed to go on.
        """
        self._take()
        self.done += self._scrutiny.close()
        self._closed = True
        self._notes.close()
        self.layer.events.data.disconnect(self._on_data)
        self.session.close(finished=self.saved)
        reviewed, journal = self.session.reviewed, self.session.journal
        if journal is None or self.saved:
            return Rest(reviewed)
        return Rest(reviewed, journal.path)

    def settle(self) -> None:
        """Take in what was done up to now."""
        self._take()
        self._scrutiny.look()

    def _take(self) -> None:
        """Take in what was noted, which is written by now."""
        noted = self._notes.taken()
        word = ""
        for moves, strokes in noted:
            for stroke in moves.undone:
                word = self._hear(self.session.undone(stroke.step))
            for stroke in moves.redone:
                word = f"Redo: {self._hear(self.session.redone(stroke.step))}"
            for stroke in strokes:
                edit = stroke.read(self.session.labels)
                stroke.step = self.session.made(edit, stroke.plane)
                self._hear(edit)
            if not moves.sure:
                self._scrutiny.doubt()
        if noted:
            self._tell()
        if word:
            self.followed.emit(sentence(word))

    def _hear(self, edit: Edit) -> str:
        self.edited.emit(edit)
        return edit.what

    def _on_data(self, event: Any = None) -> None:
        if self.layer.data is self.session.labels:
            self._scrutiny.doubt()
            return
        data, said = working_copy(self.layer.data)
        if data is not self.layer.data:
            notices.tell(said)
            self.layer.data = data  # which is told of in its turn
            return
        self._notes.begin()
        self.session.replaced(self.layer.data)
        self._scrutiny.count()
        self.edited.emit(None)
        self._tell()

    def _on_found(self) -> None:
        self._notes.doubt()
        self.edited.emit(None)
        self._tell()

    def _tell(self) -> None:
        self.done += 1
        self.marked.emit()
        self.changed.emit()
