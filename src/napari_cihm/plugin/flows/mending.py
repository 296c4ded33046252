"""One labels layer under correction: its session, its journal, and who hears of both.

napari tells of a stroke before it is written, of undoing hardly at all, and of new
data when it has them; this turns all three into what the engine's session hears.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
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
from napari_cihm.correction.strokes import edit_of_atoms
from napari_cihm.correction.survey import Survey
from napari_cihm.events import Event, JournalStalled
from napari_cihm.plugin.flows.aside import Aside, Errand
from napari_cihm.plugin.flows.resting import Rest
from napari_cihm.plugin.steps import PAUSE, is_painted, write
from napari_cihm.plugin.wording import sentence

SMALL = 1 << 22  # labels of more pixels are counted in a thread
CALM = 200  # milliseconds without a hint of change, after which changes are looked for


class Mending(QObject):
    """Keeps a session right while its layer is edited by tools, brush and undo.

    Parameters
    ----------
    layer : napari.layers.Labels
        What is corrected; its data can be written.
    settings : CorrectSettings
        Of the session.
    aside : Aside
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
        aside: Aside,
        unseen: Callable[[], bool],
        reviewed: Reviewed | None = None,
        resumed: Claim | None = None,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.layer, self._aside, self._unseen = layer, aside, unseen
        self.session = CorrectionSession(
            layer.data, reviewed=reviewed, settings=settings
        )
        self.resumed = resumed
        self.done = 0
        self._saved = 0 if resumed is None else -1
        self._strokes: list[tuple[Any, bool, Sequence[int]]] = []
        self._tool_edit: tuple[Edit, Sequence[int]] | None = None
        self._later = QTimer(self, singleShot=True, interval=0)
        self._later.timeout.connect(self.settle)
        self._closed = self._doubtful = False
        self._look = QTimer(self, singleShot=True, interval=CALM)
        self._look.timeout.connect(self._on_calm)
        self._looking: Errand | None = None
        self._shown = _slice_of(layer)
        self._heard.connect(self._on_heard)
        self._links = (
            (layer.events.paint, self._on_paint),
            (layer.events.set_data, self._on_set_data),
            (layer.events.data, self._on_data),
        )
        for emitter, callback in self._links:
            emitter.connect(callback)
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
        if self._doubtful and self.session.checksums.ready:
            boxes = self.session.checksums.settle()
            self.session.changed(boxes)
            self.done += bool(boxes)
        self._closed = True
        self._look.stop()
        for emitter, callback in self._links:
            emitter.disconnect(callback)
        self.session.close(finished=self.saved)
        reviewed, journal = self.session.reviewed, self.session.journal
        if journal is None or self.saved:
            return Rest(reviewed)
        return Rest(reviewed, journal.path)

    def _on_paint(self, event: Any) -> None:
        if self._tool_edit is not None:
            self.session.made(*self._tool_edit)
            self.edited.emit(self._tool_edit[0])
            self._after()
            return
        if not self.layer.visible:  # below this, what was undone unseen would hide
            self.settle()
            if self._in_stroke:  # and what is written already hides it
                self._doubt()
        # A fill and a polygon are told of before they are written.
        self._strokes.append((event.value, self._unseen(), self._plane))
        self._later.start()

    def settle(self) -> None:
        """Take in what was done up to now."""
        self._take()
        if not self.layer.visible:
            self._follow()  # napari tells nothing of what is undone unseen
        if self._doubtful and self.layer.data.size <= SMALL:
            self._resync(None)

    def _take(self) -> None:
        """Take in the strokes that were told of, which are written by now."""
        strokes, self._strokes = self._strokes, []
        for atoms, unseen, plane in strokes:
            edit = edit_of_atoms(atoms, self.session.labels)
            self.session.made(replace(edit, everywhere=unseen), plane)
            self.edited.emit(edit)
        if strokes:
            self._after()

    @property
    def _plane(self) -> tuple[int, ...]:
        """The axes on screen: what lies near a stroke along others was not seen."""
        axes = tuple(range(self.layer.ndim))
        return getattr(_slice_of(self.layer), "displayed", None) or axes[-2:]

    def _follow(self) -> bool:
        """Follow what was undone and redone, and say whether any was."""
        last = None
        while not self._in_stroke and (edit := self.session.look()) is not None:
            last = edit
            self.edited.emit(edit)
        if last is None:
            return False
        self._after()
        redone = "" if last.what.startswith("Undo: ") else "Redo: "
        self.followed.emit(sentence(redone + last.what))
        return True

    @property
    def _in_stroke(self) -> bool:
        # In the midst of one, pixels are written that are told of at its end.
        return is_painted(self.layer)

    def _on_set_data(self, event: Any = None) -> None:
        if self._in_stroke:
            return
        before, self._shown = self._shown, _slice_of(self.layer)
        self.settle()
        if not self._follow() and before == self._shown:
            self._doubt()

    def _on_data(self, event: Any = None) -> None:
        if self.layer.data is self.session.labels:
            self._doubt()
            return
        self._strokes.clear()
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
            self._looking = self._aside.start(checksums.doubts, doubts.append, end=end)

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
            self.edited.emit(None)
            self._count()
            self._after()
        else:
            self.session.index.doubt(False)

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
            self._aside.start(survey.scan, end=end)
        else:
            self.session.complete()

    def _on_surveyed(self, survey: Survey) -> None:
        if self._closed or survey is not self.session.survey:
            return
        if self._in_stroke:  # what it wrote and will tell would count twice
            QTimer.singleShot(CALM, partial(self._on_surveyed, survey))
            return
        self.settle()
        self.session.complete()
        self.changed.emit()


def _slice_of(layer: Labels) -> Any:
    """Return which slice is shown: napari tells of another as it does of changes."""
    return getattr(layer, "_slice_input", None)
