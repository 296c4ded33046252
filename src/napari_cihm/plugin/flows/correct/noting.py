"""What was done to a layer, noted when it is done and read when it is written."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from napari.layers import Labels
from qtpy.QtCore import QObject, QTimer, Signal

from napari_cihm.correction.edits import Edit
from napari_cihm.correction.history import History, Item, Moves
from napari_cihm.correction.session import Step
from napari_cihm.correction.strokes import edit_of_atoms
from napari_cihm.plugin.steps import is_painted

UNSEEN = 200  # milliseconds between two looks at the history of hidden labels


@dataclass(eq=False)
class Stroke:
    """A step of the layer's history: where it was made, and what it did once written.

    Attributes
    ----------
    item : sequence
        As napari keeps it.
    edit : Edit, optional
        What a tool changed by it.
    plane : sequence of int
        The axes on screen: what lies near a stroke along others was not seen.
    unseen : bool
        Whether nobody looked at what it changes.
    step : Step
        What the session knows it by, once it is taken in.
    """

    item: Item
    edit: Edit | None
    plane: Sequence[int]
    unseen: bool
    step: Step = field(init=False)

    def read(self, labels: Any) -> Edit:
        """Return what it changed."""
        if self.edit is not None:
            return self.edit
        edit = edit_of_atoms(self.item, labels)
        if self.unseen:  # by a run, which goes over all of them
            return replace(edit, what="Segment", everywhere=True)
        return edit


class Notes(QObject):
    """What a layer's history underwent that nobody has taken in yet.

    napari tells of a stroke before it is written, of undoing hardly at all, and of
    hidden layers nothing; its history says all of it to whoever looks.

    Parameters
    ----------
    unseen : callable
        Says whether nobody looks at what is edited just now.

    Attributes
    ----------
    due
        Emitted when something may be noted, and is written by now.
    doubted
        Emitted when the labels may have been changed past their history.
    """

    due = Signal()
    doubted = Signal()

    def __init__(
        self, layer: Labels, unseen: Callable[[], bool], parent: QObject
    ) -> None:
        super().__init__(parent)
        self._layer, self._unseen = layer, unseen
        self._tool_edit: tuple[Edit, Sequence[int]] | None = None
        self._slice = _slice_of(layer)
        self.begin()
        self._later = QTimer(self, singleShot=True, interval=0)
        self._hidden = QTimer(self, interval=UNSEEN)
        for timer in (self._later, self._hidden):
            timer.timeout.connect(self.due)
        self._links = (
            (layer.events.paint, self._on_paint),
            (layer.events.set_data, self._on_set_data),
            (layer.events.visible, self._on_visible),
        )
        for emitter, callback in self._links:
            emitter.connect(callback)
        if not layer.visible:
            self._hidden.start()

    def __bool__(self) -> bool:
        """Say whether anything is noted."""
        return bool(self._noted)

    def begin(self) -> None:
        """Begin with the history as it is, and nothing noted."""
        self._history: History[Stroke] = History(self._layer)
        self._noted: list[tuple[Moves[Stroke], list[Stroke]]] = []

    @contextmanager
    def by_tool(self, edit: Edit, plane: Sequence[int]) -> Iterator[None]:
        """Take what is written within for a tool's edit, made in a plane."""
        self._tool_edit = edit, plane
        try:
            yield
        finally:
            self._tool_edit = None

    def taken(self) -> list[tuple[Moves[Stroke], list[Stroke]]]:
        """Hand out what was noted, with the strokes that were made by it."""
        self._note()
        noted, self._noted = self._noted, []
        return noted

    def doubt(self) -> None:
        """Hear that the labels are not what the steps so far have left."""
        self._history.doubt()

    def close(self) -> None:
        """Note no more."""
        self._later.stop()
        self._hidden.stop()
        for emitter, callback in self._links:
            emitter.disconnect(callback)

    def _note(self) -> None:
        """Note what happened since the last time."""
        moves, strokes = self._history.look(), []
        for item in moves.made:
            edit, plane = self._tool_edit or (None, self._plane)
            strokes.append(Stroke(item, edit, plane, self._unseen()))
            self._history.keep(item, strokes[-1])
        if moves.undone or moves.redone or strokes or not moves.sure:
            self._noted.append((moves, strokes))
            self._later.start()  # a fill and a polygon are told of before they are made

    def _on_paint(self, event: Any = None) -> None:
        self._note()

    def _on_set_data(self, event: Any = None) -> None:
        if is_painted(self._layer):  # it is drawn anew with each dab, in some views
            return
        before, self._slice = self._slice, _slice_of(self._layer)
        self._note()
        moved = any(moves.undone or moves.redone for moves, _ in self._noted)
        self.due.emit()
        if not moved and before == self._slice:
            self.doubted.emit()

    def _on_visible(self, event: Any = None) -> None:
        """Look now and then at what is hidden."""
        if self._layer.visible:
            self._hidden.stop()
            self.doubted.emit()
        else:
            self._hidden.start()

    @property
    def _plane(self) -> tuple[int, ...]:
        axes = tuple(range(self._layer.ndim))
        return getattr(_slice_of(self._layer), "displayed", None) or axes[-2:]


def _slice_of(layer: Labels) -> Any:
    """Return which slice is shown: napari tells of another as it does of changes."""
    return getattr(layer, "_slice_input", None)
