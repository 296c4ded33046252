"""Merging: which pixels take which number."""

import numpy as np
import pytest

from napari_cihm.correction.joining import merge, merge_along
from napari_cihm.correction.label_index import LabelIndex
from napari_cihm.errors import InputError


def test_the_first_keeps_its_number(draw, make, after) -> None:
    labels = make(draw("1122", "1122", "..33"))
    edit = merge(labels, [(0, 3), (0, 0)])
    assert edit.what == "Merge objects 2 and 1 into 2"
    assert np.array_equal(after(labels, edit), draw("2222", "2222", "..33"))


def test_a_piece_pointed_at_leaves_its_like_elsewhere(draw, make, after) -> None:
    labels = make(draw("11.22", ".....", "22..."))
    edit = merge(labels, [(0, 0), (0, 4)])
    assert np.array_equal(after(labels, edit), draw("11.11", ".....", "22..."))


def test_the_note_tells_of_pieces_left(draw) -> None:
    labels = draw("11.22", ".....", "22...")
    edit = merge(labels, [(0, 0), (0, 4)], index=LabelIndex.of(labels))
    assert edit.note == "Label 2 has 2 more pixels elsewhere; they stay as they are."


def test_a_line_merges_what_it_runs_over(draw, make, after) -> None:
    labels = make(draw("11.22.33", "11.22.33", "44444444"))
    edit = merge_along(labels, [(0, 1), (1, 6)])
    assert edit.what == "Merge objects 1, 2 and 3 into 1"
    assert np.array_equal(after(labels, edit), draw("11.11.11", "11.11.11", "44444444"))


def test_a_line_may_leave_the_image(draw, after) -> None:
    labels = draw("11.22")
    left = after(labels, merge_along(labels, [(0, -3), (0, 9)]))
    assert np.array_equal(left, draw("11.11"))


def test_merging_in_a_plane_leaves_other_slices(make, after) -> None:
    volume = np.zeros((2, 1, 4), np.int32)
    volume[:, :, :2], volume[:, :, 2:] = 1, 2
    labels = make(volume)
    left = after(labels, merge(labels, [(0, 0, 0), (0, 0, 3)], axes=(1, 2)))
    assert left.reshape(2, 4).tolist() == [[1, 1, 1, 1], [1, 1, 2, 2]]


@pytest.mark.parametrize(
    ("points", "said"),
    [([(0, 0), (1, 1)], "only object 1 was hit"), ([(0, 0), (0, 2)], "no object at")],
)
def test_one_object_cannot_be_merged(draw, points, said) -> None:
    with pytest.raises(InputError, match=said):
        merge(draw("11.22", "11.22"), points)


def test_a_line_over_nothing_says_so(draw) -> None:
    with pytest.raises(InputError, match="no object was hit"):
        merge_along(draw("11.22"), [(0, 2), (0, 2)])
