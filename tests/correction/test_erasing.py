"""Taking objects away: the exact array that is left."""

import numpy as np
import pytest

from napari_cihm.correction.erasing import (
    delete,
    remove_smaller,
    remove_touching_border,
)
from napari_cihm.correction.label_index import LabelIndex
from napari_cihm.errors import InputError


def test_delete_takes_the_object_under_the_point(draw, make, after) -> None:
    labels = make(draw("11.22", "11.22", ".1..2"))
    edit = delete(labels, (0.4, 3.2))
    assert edit.what == "Delete object 2"
    assert edit.note == ""
    assert np.array_equal(after(labels, edit), draw("11...", "11...", ".1..."))


def test_delete_leaves_other_pieces_of_the_label_and_says_so(draw, after) -> None:
    labels = draw("33...", ".....", "...33")
    edit = delete(labels, (0, 0), index=LabelIndex.of(labels))
    assert edit.note == "Label 3 has 2 more pixels elsewhere; they stay as they are."
    assert np.array_equal(after(labels, edit), draw(".....", ".....", "...33"))


def test_delete_in_a_plane_leaves_other_slices(make, after) -> None:
    volume = np.full((3, 2, 2), 4, np.int32)
    labels = make(volume)
    left = after(labels, delete(labels, (1, 0, 0), axes=(1, 2)))
    assert left.sum(axis=(1, 2)).tolist() == [16, 0, 16]
    assert after(labels, delete(labels, (0, 0, 0))).sum(axis=(1, 2)).tolist() == [
        0,
        0,
        16,
    ]


def test_nothing_to_delete_says_what_to_do(draw) -> None:
    with pytest.raises(InputError, match=r"no object at \(0, 2\)"):
        delete(draw("11.22"), (0, 2))


def test_remove_smaller_counts_whole_labels(draw, make, after) -> None:
    labels = make(draw("1.222", "1.222", "3...1", "44..."))
    edit = remove_smaller(labels, 3)
    assert edit.what == "Remove 2 objects of fewer than 3 pixels"
    left = draw("1.222", "1.222", "....1", ".....")
    assert np.array_equal(after(labels, edit), left)


def test_remove_smaller_can_judge_each_piece(draw, make, after) -> None:
    labels = make(draw("11.222", "11.222", "3....1", "44...."))
    edit = remove_smaller(labels, 3, pieces=True)
    assert edit.note == "1 object lost specks."
    assert edit.what == "Remove 2 objects of fewer than 3 pixels"
    left = draw("11.222", "11.222", "......", "......")
    assert np.array_equal(after(labels, edit), left)


def test_remove_smaller_with_very_many_objects(after) -> None:
    labels = np.zeros((64, 64), np.int32)
    labels[::2, ::2] = np.arange(1, 1025).reshape(32, 32)
    labels[0, 1] = labels[0, 0]
    labels[2, 3] = labels[0, 0]
    edit = remove_smaller(labels, 2, pieces=True)
    assert edit.what == "Remove 1023 objects of fewer than 2 pixels"
    assert edit.note == "1 object lost specks."
    assert np.argwhere(after(labels, edit)).tolist() == [[0, 0], [0, 1]]


def test_remove_touching_border_looks_at_the_axes_given(make, after) -> None:
    volume = np.zeros((3, 5, 5), np.int32)
    volume[0, 2, 2] = 1
    volume[1, 2, 2] = 2
    volume[1, 0, 3] = 3
    labels = make(volume)
    edit = remove_touching_border(labels, axes=(1, 2))
    assert edit.what == "Remove 1 object cut by the border"
    assert set(np.unique(after(labels, edit))) == {0, 1, 2}
    assert set(np.unique(after(labels, remove_touching_border(labels)))) == {0, 2}


def test_rules_that_find_nothing_say_so(draw, make) -> None:
    labels = make(draw(".....", ".11..", ".11..", "....."))
    for edit, said in (
        (remove_smaller(labels, 4), "No object has fewer than 4 pixels."),
        (remove_touching_border(labels), "No object is cut by the border."),
    ):
        assert not edit and edit.note == said
