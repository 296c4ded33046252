"""What was undone and redone is read from napari's own history."""

from typing import Any

import numpy as np
import pytest

from napari_cihm.correction.history import History, Moves

layers = pytest.importorskip("napari.layers")


class Followed:
    """Labels of which each step is known by its rank."""

    def __init__(self) -> None:
        self.layer = layers.Labels(np.zeros((30, 30), np.int32))
        self.layer.brush_size = 6
        self.history: History[int] = History(self.layer)
        self.made = 0

    def paint(self, *place: int) -> None:
        self.layer.paint(place, self.made + 1)

    def look(self) -> Moves[int]:
        moves = self.history.look()
        for item in moves.made:
            self.made += 1
            self.history.keep(item, self.made)
        return moves

    def seen(self) -> tuple[list[int], list[int], int, bool]:
        moves = self.look()
        return moves.undone, moves.redone, len(moves.made), moves.sure


@pytest.fixture
def followed() -> Followed:
    """Two strokes that overlap, which are known."""
    followed = Followed()
    for place in ((10, 10), (10, 12)):
        followed.paint(*place)
        assert followed.seen() == ([], [], 1, True)
    return followed


def test_what_changed_nothing_moved_nothing(followed) -> None:
    followed.layer.refresh()
    assert followed.seen() == ([], [], 0, True)


@pytest.mark.parametrize("visible", [True, False])
def test_each_step_is_followed_back_and_forth(followed, visible) -> None:
    layer = followed.layer
    layer.visible = visible
    layer.undo()
    assert followed.seen() == ([2], [], 0, True)
    layer.undo()
    assert followed.seen() == ([1], [], 0, True)
    layer.redo()
    layer.redo()
    assert followed.seen() == ([], [1, 2], 0, True)
    layer.undo()
    layer.undo()
    layer.redo()
    assert followed.seen() == ([2], [], 0, True)


def test_what_was_undone_before_a_stroke_is_known(followed) -> None:
    followed.layer.undo()
    followed.layer.undo()
    followed.paint(12, 12)
    moves = followed.look()
    assert (moves.undone, moves.redone, len(moves.made)) == ([2, 1], [], 1)
    followed.layer.undo()
    assert followed.seen() == ([3], [], 0, True)


def test_what_is_done_again_by_hand_is_no_redo(followed) -> None:
    followed.layer.undo()
    followed.look()
    followed.layer.paint((10, 12), 2)
    assert followed.seen() == ([], [], 1, True)


def test_undoing_within_a_stroke_is_not_sure(followed) -> None:
    layer = followed.layer
    with layer.block_history():
        layer.paint((12, 12), 9)
        layer.undo()
        assert followed.seen() == ([2], [], 0, True)
        layer.paint((14, 12), 9)
    assert followed.seen() == ([], [], 1, False)
    with layer.block_history():
        layer.paint((10, 12), 8)
        layer.undo()
    assert followed.seen() == ([3], [], 1, False)
    layer.redo()  # of what lay below, upon it
    assert followed.seen() == ([], [3], 0, False)


def test_what_is_not_known_is_not_sure() -> None:
    layer = layers.Labels(np.zeros((30, 30), np.int32))
    layer.paint((5, 5), 1)
    history: History[Any] = History(layer)
    for act in (layer.undo, layer.redo):
        act()
        assert history.look() == Moves([], [], [], False)


def test_steps_after_a_silent_change_are_not_sure(followed) -> None:
    followed.history.doubt()
    followed.layer.undo()
    assert followed.seen() == ([2], [], 0, False)
    followed.paint(20, 20)
    followed.look()
    followed.layer.undo()
    assert followed.seen() == ([3], [], 0, True)


def test_a_history_that_was_emptied_is_not_sure(followed) -> None:
    followed.layer.undo()
    followed.layer.editable = False
    followed.layer.editable = True
    assert followed.seen() == ([], [], 0, False)
    followed.paint(20, 20)
    assert followed.seen() == ([], [], 1, True)


def test_steps_that_napari_dropped_are_not_undone(followed) -> None:
    layer = followed.layer
    for row in range(layer._history_limit):
        followed.paint(row % 30, 20)
        assert followed.seen() == ([], [], 1, True)
    assert len(layer._undo_history) == layer._history_limit
    for _ in range(layer._history_limit):
        layer.undo()
    undone = followed.look().undone
    assert undone == list(range(followed.made, 2, -1))
    assert len(followed.history._known) == layer._history_limit
