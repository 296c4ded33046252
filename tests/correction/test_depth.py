"""Carrying outlines to other slices."""

import numpy as np
import pytest
from skimage.draw import disk

from napari_cihm.correction.depth import copy_to_slice, interpolate
from napari_cihm.errors import InputError


def test_copy_takes_only_background(make, after) -> None:
    volume = np.zeros((3, 4, 5), np.int32)
    volume[0, 1:3, 1:4] = 6
    volume[1, 1, 1] = 2
    labels = make(volume)
    edit = copy_to_slice(labels, (0, 1, 2), 0)
    assert edit.note == "1 of its pixels belong to other objects there."
    left = after(labels, edit)
    assert left[1].tolist() == [[0] * 5, [0, 2, 6, 6, 0], [0, 6, 6, 6, 0], [0] * 5]
    assert left[2].sum() == 0
    again = copy_to_slice(labels, (0, 1, 2), 0)
    assert not again


def test_copy_goes_back_and_along_any_axis(make, after) -> None:
    volume = np.zeros((4, 3, 5), np.int32)
    volume[1:3, 1, 4] = 3
    labels = make(volume)
    left = after(labels, copy_to_slice(labels, (1, 1, 4), 2, -1))
    assert np.argwhere(left == 3).tolist() == [
        [1, 1, 3],
        [1, 1, 4],
        [2, 1, 3],
        [2, 1, 4],
    ]


def test_copy_beyond_the_stack_is_refused() -> None:
    volume = np.ones((2, 3, 3), np.int32)
    with pytest.raises(InputError, match=r"there is no slice 2.*0 to 1"):
        copy_to_slice(volume, (1, 1, 1), 0)
    with pytest.raises(InputError, match="there is no slice before the first; "):
        copy_to_slice(volume, (0, 1, 1), 0, -1)
    with pytest.raises(InputError, match="axis 5"):
        copy_to_slice(volume, (1, 1, 1), 5)


def test_discs_are_interpolated_to_discs(make, after) -> None:
    volume = np.zeros((9, 60, 80), np.int32)
    rows, columns = disk((30, 20), 8)
    volume[0, rows, columns] = 4
    rows, columns = disk((30, 60), 16)
    volume[8, rows, columns] = 4
    labels = make(volume)
    left = after(labels, interpolate(labels, (0, 30, 20), (8, 30, 60), 0))
    for at in range(1, 8):
        part = at / 8
        wanted = np.zeros((60, 80), bool)
        wanted[disk((30, 20 + 40 * part), 8 + 8 * part, shape=(60, 80))] = True
        got = left[at] == 4
        assert (got & wanted).sum() / (got | wanted).sum() > 0.93, at
    assert np.array_equal(left[0], volume[0])
    assert np.array_equal(left[8], volume[8])


def test_interpolation_leaves_neighbours_and_takes_the_first_number(after) -> None:
    volume = np.zeros((5, 20, 20), np.int32)
    volume[0, 5:15, 5:15] = 1
    volume[4, 5:15, 5:15] = 8
    volume[2, 10, 10] = 3
    left = after(volume, interpolate(volume, (4, 9, 9), (0, 9, 9), 0))
    assert set(np.unique(left[1])) == {0, 8}
    assert left[2, 10, 10] == 3
    assert (left[2] == 8).sum() == 99


def test_neighbouring_slices_have_nothing_between() -> None:
    volume = np.ones((3, 3, 3), np.int32)
    with pytest.raises(InputError, match="slices 0 and 1 have none between"):
        interpolate(volume, (0, 1, 1), (1, 1, 1), 0)
    with pytest.raises(InputError, match="both clicks are in frame 2; "):
        interpolate(volume, (2, 1, 1), (2, 0, 1), 0, called="frame")


def test_time_is_left_alone(after) -> None:
    movie = np.zeros((2, 3, 5, 5), np.int32)
    movie[:, 0, 1:4, 1:4] = 1
    movie[:, 2, 1:4, 1:4] = 1
    edit = interpolate(movie, (1, 0, 2, 2), (1, 2, 2, 2), 1, axes=(2, 3))
    left = after(movie, edit)
    assert left.sum(axis=(2, 3)).tolist() == [[9, 0, 9], [9, 9, 9]]
    with pytest.raises(InputError, match="also differ along another axis"):
        interpolate(movie, (0, 0, 2, 2), (1, 2, 2, 2), 1, axes=(2, 3))
