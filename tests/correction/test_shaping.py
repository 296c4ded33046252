"""Outlines: filled, smoothed, grown, shrunk, and never over a neighbour."""

import numpy as np
import pytest
from scipy import ndimage
from skimage.draw import disk

from napari_cihm.correction.shaping import fill_holes, grow, shrink, smooth
from napari_cihm.errors import InputError


def test_holes_are_filled_around_other_objects(draw, make, after) -> None:
    labels = make(
        draw("........", ".33333..", ".3...3..", ".3.7.3..", ".33333..", "....3.3.")
    )
    left = after(labels, fill_holes(labels, (1, 1)))
    assert np.array_equal(
        left,
        draw("........", ".33333..", ".33333..", ".33733..", ".33333..", "....3.3."),
    )


def test_a_hole_open_in_depth_is_filled_in_its_plane(make, after) -> None:
    volume = np.zeros((3, 5, 5), np.int32)
    volume[:, 1:4, 1:4] = 1
    volume[:, 2, 2] = 0
    labels = make(volume)
    assert not fill_holes(labels, (1, 1, 1))
    assert fill_holes(labels, (1, 1, 1)).note == "Nothing to change."
    left = after(labels, fill_holes(labels, (1, 1, 1), axes=(1, 2)))
    assert left[:, 2, 2].tolist() == [0, 1, 0]


def test_growing_stops_at_neighbours(draw, make, after) -> None:
    labels = make(draw("........", "...11...", "...11.22", "........"))
    left = after(labels, grow(labels, (1, 3), 1))
    assert np.array_equal(left, draw("...11...", "..1111..", "..111122", "...11..."))
    left = after(labels, grow(labels, (1, 3), 1))
    assert np.array_equal(left, draw("..1111..", ".111111.", ".1111122", "..1111.."))


def test_growing_does_not_reach_behind_a_wall(draw, after) -> None:
    labels = draw("1.2..", "1.2..", "1.2..")
    left = after(labels, grow(labels, (0, 0), 4))
    assert np.array_equal(left, draw("112..", "112..", "112.."))


def test_growing_is_a_distance(after) -> None:
    labels = np.zeros((41, 41), np.int32)
    labels[disk((20, 20), 8)] = 5
    mask = labels == 5
    left = after(labels, grow(labels, (20, 20), 3))
    away = ndimage.distance_transform_edt(~mask)
    assert np.array_equal(left == 5, away <= 3)


def test_shrinking_keeps_to_the_image_edge(draw, make, after) -> None:
    labels = make(draw("1111..", "1111..", "1111..", "1111..", "......"))
    left = after(labels, shrink(labels, (0, 0), 1))
    assert np.array_equal(left, draw("111...", "111...", "111...", "......", "......"))


def test_shrinking_undoes_the_growing_of_a_square(draw, after) -> None:
    labels = np.zeros((30, 30), np.int32)
    labels[10:20, 10:20] = 1
    before = labels.copy()
    after(labels, grow(labels, (15, 15), 1))
    assert np.array_equal(after(labels, shrink(labels, (15, 15), 1)), before)


def test_an_object_shrunk_to_nothing_is_refused(draw) -> None:
    with pytest.raises(InputError, match="nothing of object 1 would be left"):
        shrink(draw("....", ".11.", "...."), (1, 1), 2)


def test_smoothing_takes_a_spike_and_keeps_the_disc(after) -> None:
    labels = np.zeros((60, 60), np.int32)
    labels[disk((30, 30), 15)] = 2
    round_one = labels == 2
    labels[30, 45:58] = 2
    left = after(labels, smooth(labels, (30, 30), 2.0))
    assert (left[30, 49:] == 0).all()
    shared = (left == 2) & round_one
    assert shared.sum() / ((left == 2) | round_one).sum() > 0.97


def test_smoothing_respects_neighbours_and_the_edge(after) -> None:
    labels = np.zeros((20, 40), np.int32)
    labels[:, :20], labels[:, 20:] = 1, 2
    labels[5:15, 18:20] = 2
    before = labels.copy()
    left = after(labels, smooth(labels, (0, 0), 2.0))
    assert np.array_equal(left == 2, before == 2)
    assert (left[:, :15] == 1).all()


@pytest.mark.parametrize("tool", [grow, shrink, smooth])
def test_steps_must_be_above_zero(draw, tool) -> None:
    with pytest.raises(InputError, match="above 0"):
        tool(draw("111"), (0, 0), 0)


def test_an_object_that_fills_the_image_has_nowhere_to_go() -> None:
    labels = np.ones((4, 4), np.int32)
    assert not grow(labels, (0, 0), 1)
    assert not shrink(labels, (0, 0), 1)


def test_a_plane_is_worked_on_alone(make, after) -> None:
    volume = np.zeros((3, 7, 7), np.int32)
    volume[:, 3, 3] = 1
    labels = make(volume)
    left = after(labels, grow(labels, (1, 3, 3), 1, axes=(1, 2)))
    assert left.sum(axis=(1, 2)).tolist() == [1, 5, 1]
    labels = make(volume)
    assert after(labels, grow(labels, (1, 3, 3), 1)).sum() == 3 * 5


def test_smoothing_a_ring_that_would_leave_its_hole_alone_is_refused(draw) -> None:
    labels = draw(".......", ".......", "..222..", "..2.2..", "..222..", ".......")
    with pytest.raises(InputError, match="nothing of object 2 would be left"):
        smooth(labels, (2, 2), 1.1)
