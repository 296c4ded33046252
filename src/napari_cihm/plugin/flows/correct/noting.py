"""What was done to a layer, noted when it is done and read when it is written."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from napari.layers import Labels

from napari_cihm.correction.edits import Edit
from napari_cihm.correction.history import History, Item, Moves
from napari_cihm.correction.session import Step
from napari_cihm.correction.strokes import edit_of_atoms


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
        return replace(edit_of_atoms(self.item, labels), everywhere=self.unseen)


class Notes:
    """What a layer's history underwent that nobody has taken in yet.

    Parameters
    ----------
    layer : napari.layers.Labels
        The layer.
    unseen : callable
        Says whether nobody looks at what is edited just now.
    """

    def __init__(self, layer: Labels, unseen: Callable[[], bool]) -> None:
        self._layer, self._unseen = layer, unseen
        self._history: History[Stroke] = History(layer)
        self._noted: list[tuple[Moves[Stroke], list[Stroke]]] = []

    def __bool__(self) -> bool:
        """Say whether anything is noted."""
        return bool(self._noted)

    def note(self, tool_edit: tuple[Edit, Sequence[int]] | None) -> bool:
        """Note what happened since the last time; say whether anything did.

        Parameters
        ----------
        tool_edit : tuple, optional
            What a tool does just now, and in which plane.
        """
        moves, strokes = self._history.look(), []
        for item in moves.made:
            edit, plane = tool_edit or (None, self._plane)
            strokes.append(Stroke(item, edit, plane, self._unseen()))
            self._history.keep(item, strokes[-1])
        if not (moves.undone or moves.redone or strokes) and moves.sure:
            return False
        self._noted.append((moves, strokes))
        return True

    def taken(self) -> list[tuple[Moves[Stroke], list[Stroke]]]:
        """Hand out what was noted, with the strokes that were made by it."""
        noted, self._noted = self._noted, []
        return noted

    def doubt(self) -> None:
        """Hear that the labels are not what the steps so far have left."""
        self._history.doubt()

    @property
    def _plane(self) -> tuple[int, ...]:
        axes = tuple(range(self._layer.ndim))
        return getattr(slice_of(self._layer), "displayed", None) or axes[-2:]


def slice_of(layer: Labels) -> Any:
    """Return which slice is shown: napari tells of another as it does of changes."""
    return getattr(layer, "_slice_input", None)
