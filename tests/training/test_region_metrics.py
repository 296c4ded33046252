"""Metrics of regions by hand, and against all distances between outlines."""

import numpy as np
import pytest
from scipy import ndimage
from scipy.spatial import distance

from napari_cihm.training.region_metrics import Regions, hd95


def test_regions_by_hand():
    truth = np.array([[1, 1, 0, 0]], bool)
    found = np.array([[0, 1, 1, 1]], bool)
    counts = Regions.of(truth, found)
    assert counts.dice == pytest.approx(2 / 5)
    assert counts.iou == pytest.approx(1 / 4)
    assert counts.precision == pytest.approx(1 / 3)
    assert counts.recall == pytest.approx(1 / 2)
    assert Regions.of(truth & False, found & False).dice == 1


def test_hd95_is_that_of_all_distances_between_outlines():
    rng = np.random.default_rng(0)
    specks = (rng.random((96, 120)) > share for share in (0.999, 0.998))
    truth, found = (ndimage.binary_dilation(s, iterations=6) for s in specks)
    edges = (np.argwhere(m & ~ndimage.binary_erosion(m)) for m in (truth, found))
    apart = distance.cdist(*edges)
    both = np.concatenate([apart.min(0), apart.min(1)])
    assert hd95(truth, found) == pytest.approx(np.percentile(both, 95))
    assert hd95(found, truth) == pytest.approx(np.percentile(both, 95))


def test_hd95_of_shifted_squares_is_the_shift():
    truth, found = np.zeros((40, 40), bool), np.zeros((40, 40), bool)
    truth[10:20, 10:20] = True
    found[10:20, 13:23] = True
    assert hd95(truth, found) == pytest.approx(3)
    assert hd95(truth, truth) == 0
    assert hd95(truth, np.zeros_like(truth)) == pytest.approx(np.hypot(40, 40))
