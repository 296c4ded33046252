"""Tell from napari's history what was undone and redone, which nobody says.

Of a hidden layer napari says nothing at all. But each step that is undone goes from
one queue to the other, as the same atoms turned around, and comes back by a redo: so
the queues say all of it, in their order. Nothing of napari is imported here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any, Generic, TypeVar

Item = Sequence[Any]  # a step as napari keeps it: its atoms
Known = TypeVar("Known")


@dataclass(frozen=True)
class Moves(Generic[Known]):
    """What a history underwent between two looks.

    Attributes
    ----------
    undone : list
        What is known of the steps that were undone, in the order of that.
    redone : list
        The same of those that were redone then.
    made : list
        Steps that were made anew, as napari keeps them.
    sure : bool
        Whether that is all of it, and each step met the labels that are known.
    """

    undone: list[Known]
    redone: list[Known]
    made: list[Item]
    sure: bool


class History(Generic[Known]):
    """The steps of a layer's history, and what is known of those made from now on."""

    def __init__(self, layer: Any) -> None:
        self._layer = layer
        self._known: dict[int, Known] = {}
        self._sound: set[int] = set()  # those that find the labels as they left them
        self._mixed = False  # whether something was undone in the midst of a stroke
        self._hold()

    def keep(self, item: Item, known: Known) -> None:
        """Know something of a step that was made."""
        self._known[_key(item)] = known
        self._sound.add(_key(item))

    def doubt(self) -> None:
        """Hear that the labels are not what these steps left."""
        self._sound.clear()

    def look(self) -> Moves[Known]:
        """Return what happened since the last look."""
        queue, before, back = self._queue, self._done, set(map(_key, self._undone))
        self._hold()
        if queue is not self._queue:  # it was emptied, who knows after what
            return Moves([], [], self._done, False)
        was, now = ([_key(item) for item in items] for items in (before, self._done))
        # What is older was dropped, if there were too many.
        gone = was.index(now[0]) if now and now[0] in was else 0
        pairs = zip(was[gone:], now, strict=False)
        same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
        undone = before[gone + same :][::-1]
        redone = [item for item in self._done[same:] if _key(item) in back]
        made = [item for item in self._done[same:] if _key(item) not in back]
        moves = Moves(
            self._known_of(undone),
            self._known_of(redone),
            made,
            self._is_sure({_key(item) for item in (*undone, *redone)}, bool(made)),
        )
        self._forget()
        return moves

    def _known_of(self, items: list[Item]) -> list[Known]:
        known = (self._known.get(_key(item)) for item in items)
        return [one for one in known if one is not None]

    def _is_sure(self, moved: set[int], made: bool) -> bool:
        """Tell whether steps that moved met what they knew, and so will others."""
        sure = moved <= self._sound
        if made:
            # What is undone within a stroke takes some of its pixels back, or does
            # not; and what can be redone after it was undone within it.
            sure = sure and not (self._mixed or moved or self._undone)
            self._mixed = False
            self._sound -= {_key(item) for item in self._undone}
        elif moved and getattr(self._layer, "_staged_history", None):
            self._mixed = True
        return sure

    def _hold(self) -> None:
        """Hold what there is, so that no other atom gets the number of one."""
        # A napari that keeps its steps elsewhere says nothing, and all is doubted.
        self._queue = getattr(self._layer, "_undo_history", ())
        self._done = list(self._queue)
        self._undone = list(getattr(self._layer, "_redo_history", ()))

    def _forget(self) -> None:
        """Forget steps that can be neither undone nor redone any more."""
        there = {_key(item) for item in (*self._done, *self._undone)}
        self._known = {key: one for key, one in self._known.items() if key in there}
        self._sound &= there


def _key(item: Item) -> int:
    """Return what a step is known by, whichever way round its atoms are."""
    return min(id(item[0]), id(item[-1]))
