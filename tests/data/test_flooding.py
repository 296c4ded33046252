"""Basins of prominent peaks: which merge, which stay, and to whom a pixel goes."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy import ndimage
from skimage.measure import label
from skimage.morphology import h_maxima

from napari_cihm.data.flooding import LEVELS, flood

RIDGE = np.array([[0.2, 0.6, 0.9, 0.5, 0.4, 0.5, 0.8, 0.3]])
ALL = np.ones(RIDGE.shape, bool)


def test_a_pass_deeper_than_the_prominence_parts_two_peaks() -> None:
    named = flood(RIDGE, ALL, 0.39)
    assert_array_equal(named == named[0, 2], [[1, 1, 1, 1, 1, 0, 0, 0]])
    assert len(np.unique(named)) == 2


def test_a_peak_that_rises_less_is_one_with_the_higher() -> None:
    assert len(np.unique(flood(RIDGE, ALL, 0.41))) == 1


def test_what_lies_alone_is_a_basin_however_low() -> None:
    height = np.zeros((5, 9))
    height[1:4, 1:3], height[1:4, 5:8] = 0.01, 1.0
    named = flood(height, height > 0, 0.9)
    assert_array_equal(named > 0, height > 0)
    assert named[2, 1] != named[2, 6]


def test_corners_do_not_join() -> None:
    inside = np.eye(4, dtype=bool)
    assert len(np.unique(flood(np.ones((4, 4)), inside, 0.5))) == 5


def test_a_plateau_is_one_basin_whichever_way_it_winds() -> None:
    inside = np.array([[1, 0, 1, 0, 1], [1, 1, 1, 1, 1], [1, 0, 1, 0, 1]], bool)
    assert len(np.unique(flood(np.full((3, 5), 0.5), inside, 0.001))) == 2


def test_a_volume_is_flooded_too() -> None:
    height = np.zeros((9, 5, 5))
    height[:, 2, 2] = [0.1, 0.7, 0.9, 0.7, 0.2, 0.6, 0.8, 0.6, 0.1]
    named = flood(height, height > 0, 0.3)
    assert len(np.unique(named[:, 2, 2])) == 2
    assert_array_equal(named > 0, height > 0)


def test_nothing_inside_gives_nothing() -> None:
    assert not flood(np.ones((6, 7)), np.zeros((6, 7), bool), 0.3).any()


@pytest.mark.parametrize("number", range(4))
def test_peaks_are_those_of_morphology(number: int) -> None:
    rng = np.random.default_rng(number)
    height = ndimage.gaussian_filter(rng.random((80, 90)), 2)
    height = (height - height.min()) / np.ptp(height)
    inside = height > 0.2
    levels = np.where(inside, LEVELS + 1 + np.round(height * LEVELS), 0).astype(int)
    cross = ndimage.generate_binary_structure(2, 1)
    maxima = h_maxima(levels, round(0.1 * LEVELS), cross)
    peaks = label(maxima, connectivity=1)
    named = flood(height, inside, 0.1)
    assert peaks.max() > 5
    assert len(np.unique(named)) - 1 == peaks.max()
    of_peaks = {(a, b) for a, b in zip(peaks.flat, named.flat, strict=True) if a}
    assert len(of_peaks) == len({b for _, b in of_peaks}) == peaks.max()
    for basin in range(1, named.max() + 1):
        assert label(named == basin, connectivity=1).max() <= 1
