"""One labels layer under correction: its session, its journal, and who hears of both.

napari tells of a stroke before it is written, of undoing hardly at all, and of new
data when it has them; this turns all three into what the engine's session hears.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from napari.layers import Labels
from qtpy.QtCore import QObject, QTimer, Signal

from napari_cihm.config import CorrectSettings
from napari_cihm.correction.checked import Progress
from napari_cihm.correction.edits import Edit
from napari_cihm.correction.journal import Claim, ImageIdentity, Journal
from napari_cihm.correction.reviewed import ReviewChange, Reviewed
from napari_cihm.correction.session import CorrectionSession
from napari_cihm.correction.strokes import edit_of_atoms
from napari_cihm.events import Event, JournalStalled
from napari_cihm.plugin.flows.aside import Aside
from napari_cihm.plugin.flows.resting import Rest

log = logging.getLogger(__name__)

SMALL = 1 << 22  # labels of more pixels are counted in a thread


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
    marked
        Emitted after marks changed: what shows them has to be drawn anew.
    told
        Emitted with a word about the journal, and whether it is a trouble.
    """

    changed = Signal()
    marked = Signal()
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
        self._strokes: list[tuple[Any, bool]] = []
        self._tool_edit: tuple[Edit, Sequence[int]] | None = None
        self._later = QTimer(self, singleShot=True, interval=0)
        self._later.timeout.connect(self.settle)
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

    def apply(self, edit: Edit, axes: Sequence[int]) -> None:
        """Make an edit one step of the layer's history."""
        self._tool_edit = edit, axes
        try:
            # Within a block napari tells of the edit after it was written.
            with self.layer.block_history():
                self.layer.data_setitem(edit.indices, edit.new)
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
        self.settle()
        for emitter, callback in self._links:
            emitter.disconnect(callback)
        if not self.session.close(finished=self.saved):
            log.error("a journal of corrections could not be ended well")
        reviewed, journal = self.session.reviewed, self.session.journal
        if journal is None or self.saved:
            return Rest(reviewed)
        return Rest(reviewed, journal.path, journal.identity)

    def _on_paint(self, event: Any) -> None:
        if self._tool_edit is not None:
            edit, axes = self._tool_edit
            self.session.made(edit, axes)
            self._after()
            return
        # A fill and a polygon are told of before they are written.
        self._strokes.append((event.value, self._unseen()))
        self._later.start()

    def settle(self) -> None:
        """Take strokes into account that were told of and are written by now."""
        strokes, self._strokes = self._strokes, []
        if not strokes:
            return
        for atoms, unseen in strokes:
            edit = edit_of_atoms(atoms, self.session.labels)
            self.session.made(replace(edit, everywhere=unseen), self._plane(edit))
        self._after()

    def _plane(self, edit: Edit) -> tuple[int, ...]:
        """Return the axes along which a stroke has an extent, or the last two."""
        box = edit.box
        last = (self.layer.ndim - 2, self.layer.ndim - 1)
        if box is None or self.layer.ndim < 3:
            return last if self.layer.ndim > 1 else (0,)
        wide = [a for a, s in enumerate(box) if s.stop - s.start > 1]
        return tuple(sorted({*last, *wide}))

    def _on_set_data(self, event: Any = None) -> None:
        if getattr(self.layer, "_block_history", False):
            return  # in the midst of a stroke nothing is undone
        self.settle()
        if self.session.look() is not None:
            self._after()

    def _on_data(self, event: Any = None) -> None:
        if self.layer.data is not self.session.labels:
            self._strokes.clear()
            self.session.replaced(self.layer.data)
            self._count()
            self._after()

    def _after(self) -> None:
        self.done += 1
        self.marked.emit()
        self.changed.emit()

    def _on_heard(self, event: Event) -> None:
        text = getattr(event, "text", "")
        self.told.emit(text, isinstance(event, JournalStalled))

    def _count(self) -> None:
        """Look large labels through beside the window."""
        index = self.session.index
        if self.layer.data.size > SMALL:
            self._aside.start(index.scan, _nothing, end=self._on_counted)
        else:
            index.complete()

    def _on_counted(self) -> None:
        self.settle()  # what is counted already must not be heard of later
        self.session.index.complete()
        self.changed.emit()


def _nothing(event: Event) -> None:
    """Hear how far a count is."""
