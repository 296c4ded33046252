"""One labels layer under correction: its session, its journal, and who hears of both.

napari tells of a stroke before it is written, of undoing hardly at all, and of new
data when it has them; this turns all three into what the engine's session hears.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from napari.layers import Labels
from qtpy.QtCore import QObject, QTimer, Signal

from napari_cihm.config import CorrectSettings
from napari_cihm.correction.checked import Progress
from napari_cihm.correction.checksums import Checksums
from napari_cihm.correction.edits import Edit
from napari_cihm.correction.journal import Claim, ImageIdentity, Journal
from napari_cihm.correction.reviewed import ReviewChange, Reviewed
from napari_cihm.correction.session import CorrectionSession
from napari_cihm.correction.survey import Survey
from napari_cihm.correction.working_copy import working_copy
from napari_cihm.events import Event, JournalStalled
from napari_cihm.plugin.flows.correct.noting import Notes, slice_of
from napari_cihm.plugin.flows.correct.resting import Rest
from napari_cihm.plugin.flows.errands import Errand, Errands
from napari_cihm.plugin.steps import PAUSE, is_painted, write
from napari_cihm.plugin.wording import sentence

SMALL = 1 << 22  # labels of more pixels are counted in a thread
CALM = 200  # milliseconds without a hint of change, after which changes are looked for
UNSEEN = 200  # milliseconds between two looks at the history of hidden labels


class Mending(QObject):
    """Keeps a session right while its layer is edited by tools, brush and undo.

    Parameters
    ----------
    layer : napari.layers.Labels
        What is corrected; its data can be written.
    settings : CorrectSettings
        Of the session.
    errands : Errands
        Counts large labels.
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
    told
        Emitted with a word about the journal, and whether it is a trouble.
    """

    changed = Signal()
    edited = Signal(object)
    marked = Signal()
    followed = Signal(str)
    told = Signal(str, bool)
    _heard = Signal(object)  # from the journal's thread to ours

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
        self.layer, self._errands, self._unseen = layer, errands, unseen
        self.session = CorrectionSession(
            layer.data, reviewed=reviewed, settings=settings
        )
        self.resumed = resumed
        self.done = 0
        self._saved = 0 if resumed is None else -1
        self._notes = Notes(layer, unseen)
        self._tool_edit: tuple[Edit, Sequence[int]] | None = None
        self._later = QTimer(self, singleShot=True, interval=0)
        self._later.timeout.connect(self.settle)
        self._closed = self._doubtful = False
        self._look = QTimer(self, singleShot=True, interval=CALM)
        self._look.timeout.connect(self._on_calm)
        self._unseen_look = QTimer(self, interval=UNSEEN)
        self._unseen_look.timeout.connect(self.settle)
        self._looking: Errand | None = None
        self._shown = slice_of(layer)
        self._heard.connect(self._on_heard)
        self._links = (
            (layer.events.paint, self._on_paint),
            (layer.events.set_data, self._on_set_data),
            (layer.events.data, self._on_data),
            (layer.events.visible, self._on_visible),
        )
        for emitter, callback in self._links:
            emitter.connect(callback)
        if not layer.visible:
            self._unseen_look.start()
        self._count()

    def keep_journal(
        self,
        identity: ImageIdentity | Callable[[], ImageIdentity],
        facts: dict[str, Any],
    ) -> None:
        """Keep every stroke on disk from now on."""
        session = self.session
        session.journal = Journal(
            session.labels,
            identity,
            reviewed=session.reviewed,
            layer=self.layer.name,
            facts=facts,
            settings=session.settings,
            tell=self._heard.emit,
            unsure=self._is_unsure,
            resumed=self.resumed,
        )

    def use(self, settings: CorrectSettings) -> None:
        """Go by other settings from now on."""
        self.session.settings = settings

    def after_stroke(self, act: Callable[[], None]) -> None:
        """Act now, or once the stroke has ended that is in its midst.

        Never, if the correction ends before.
        """
        if self._closed:
            return
        if self._in_stroke:
            QTimer.singleShot(PAUSE, partial(self.after_stroke, act))
        else:
            act()

    def apply(self, edit: Edit, plane: Sequence[int]) -> None:
        """Make an edit one step of the layer's history; the plane's axes are seen."""
        self._tool_edit = edit, plane
        try:
            write(self.layer, edit)
        except Exception:
            self._doubt()
            raise
        finally:
            self._tool_edit = None

    def mark(self, change: ReviewChange) -> None:
        """Take marks that were just made into account."""
        self.session.marked(change)
        if change:
            self._after()

    def unmark(self) -> ReviewChange | None:
        """Take the last marks of the person back."""
        change = self.session.unmark()
        if change is not None:
            self._after()
        return change

    @property
    def progress(self) -> Progress | None:
        """How many objects are checked; None while they are still counted."""
        self.settle()
        if not self.session.index.ready and self.layer.data.size > SMALL:
            return None
        return self.session.progress()

    @property
    def saved(self) -> bool:
        """Whether everything done so far lies elsewhere too."""
        return self._saved == self.done

    def save(self, done: int) -> None:
        """Hear that all of the first changes were saved elsewhere."""
        self._saved = done

    def close(self) -> Rest:
        """Hear no more, and end the journal, which keeps what is saved nowhere.

        Returns
        -------
        Rest
            What is needed to go on.
        """
        self._take()
        self._look_last()
        self._closed = True
        for timer in (self._later, self._look, self._unseen_look):
            timer.stop()
        for emitter, callback in self._links:
            emitter.disconnect(callback)
        self.session.close(finished=self.saved)
        reviewed, journal = self.session.reviewed, self.session.journal
        if journal is None or self.saved:
            return Rest(reviewed)
        return Rest(reviewed, journal.path)

    def settle(self) -> bool:
        """Take in what was done up to now; say whether that was an undo or a redo."""
        moved = self._take()
        if self._doubtful and self.layer.data.size <= SMALL:
            self._resync(None)
        return moved

    def _on_paint(self, event: Any = None) -> None:
        self._note()
        if self._tool_edit is not None:
            self._take()

    def _note(self) -> None:
        if self._notes.note(self._tool_edit):
            self._later.start()  # a fill and a polygon are told of before they are made

    def _take(self) -> bool:
        """Take in what was noted, which is written by now.

        Returns
        -------
        bool
            Whether anything was undone or redone.
        """
        self._note()
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
                self._doubt()
        if noted:
            self._after()
        if word:
            self.followed.emit(sentence(word))
        return bool(word)

    def _hear(self, edit: Edit) -> str:
        self.edited.emit(edit)
        return edit.what

    @property
    def _in_stroke(self) -> bool:
        # In the midst of one, pixels are written that are told of at its end.
        return is_painted(self.layer)

    def _is_unsure(self) -> bool:
        """Tell whether the labels may hold what is told later, or taken back."""
        return not self._closed and (
            self._doubtful or self._in_stroke or bool(self._notes)
        )

    def _on_set_data(self, event: Any = None) -> None:
        if self._in_stroke:  # it is drawn anew with each dab, in some views
            return
        before, self._shown = self._shown, slice_of(self.layer)
        if not self.settle() and before == self._shown:
            self._doubt()

    def _on_visible(self, event: Any = None) -> None:
        """Look now and then at what is hidden, of which napari tells nothing."""
        if self.layer.visible:
            self._unseen_look.stop()
            self._doubt()
        else:
            self._unseen_look.start()

    def _on_data(self, event: Any = None) -> None:
        if self.layer.data is self.session.labels:
            self._doubt()
            return
        data, said = working_copy(self.layer.data)
        if data is not self.layer.data:
            self.told.emit(said, False)
            self.layer.data = data  # which is told of in its turn
            return
        self._notes = Notes(self.layer, self._unseen)
        self.session.replaced(self.layer.data)
        self.edited.emit(None)
        self._count()
        self._after()

    def _doubt(self) -> None:
        """Look soon for what was changed in silence; new numbers are free at once."""
        self._doubtful = True
        self.session.index.doubt()
        self._look.start()

    def _on_calm(self) -> None:
        """Look through the labels, large ones beside the window."""
        checksums = self.session.checksums
        if self._looking is not None or self._in_stroke or not checksums.ready:
            self._look.start()
        elif self.layer.data.size <= SMALL:
            self.settle()
        else:
            doubts: list[tuple[int, ...]] = []
            end = partial(self._on_looked, checksums, doubts)
            self._looking = self._errands.start(
                checksums.doubts, doubts.append, end=end
            )

    def _on_looked(self, checksums: Checksums, doubts: list[tuple[int, ...]]) -> None:
        self._looking = None
        if self._closed:
            return
        if self._in_stroke:
            self._look.start()
        elif checksums is self.session.checksums:
            self.settle()
            self._resync(doubts)

    def _resync(self, doubts: list[tuple[int, ...]] | None) -> None:
        """Take in what the labels hold where it is not what was told."""
        if self._in_stroke:
            return
        self._doubtful = False
        boxes = self.session.checksums.settle(doubts)
        if boxes:
            self.session.changed(boxes)
            self._notes.doubt()
            self.edited.emit(None)
            self._count()
            self._after()
        else:
            self.session.index.doubt(False)

    def _look_last(self) -> None:
        """Take in what nobody told of."""
        if not self.session.checksums.ready:
            self._keep_anew()
        elif self._doubtful or self.layer.data.size <= SMALL:
            boxes = self.session.checksums.settle()
            self.session.changed(boxes)
            self.done += bool(boxes)

    def _keep_anew(self) -> None:
        """Keep all that there is where nobody can tell what changed in silence.

        It is so until large labels are looked through for the first time.
        """
        if not self._doubtful:
            return
        self._notes.doubt()
        if self.session.journal is not None:
            self.session.journal.resync()
            self.done += 1

    def _after(self) -> None:
        self.done += 1
        self.marked.emit()
        self.changed.emit()

    def _on_heard(self, event: Event) -> None:
        text = getattr(event, "text", "")
        self.told.emit(text, isinstance(event, JournalStalled))

    def _count(self) -> None:
        """Look large labels through beside the window."""
        if self.layer.data.size > SMALL:
            survey = self.session.survey
            end = partial(self._on_surveyed, survey)
            self._errands.start(survey.scan, end=end)
        else:
            self.session.complete()

    def _on_surveyed(self, survey: Survey) -> None:
        if self._closed or survey is not self.session.survey:
            return
        if self._in_stroke:  # what it wrote and will tell would count twice
            QTimer.singleShot(CALM, partial(self._on_surveyed, survey))
            return
        self.settle()
        if not self.session.checksums.ready:
            self._keep_anew()
        self.session.complete()
        self.changed.emit()
