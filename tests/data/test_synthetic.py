"""Made images are repeatable, and their truth is where the light is."""

import numpy as np
import pytest
from scipy import ndimage

from napari_cihm.data.synthetic import nuclei, nuclei_stack, tissue

MAKERS = {
    "nuclei": (nuclei, (200, 160)),
    "stack": (nuclei_stack, (8, 96, 80)),
    "tissue": (tissue, (200, 160)),
}


@pytest.fixture(params=MAKERS)
def maker(request):
    return MAKERS[request.param]


def test_one_seed_makes_one_image(maker):
    make, shape = maker
    for one, other in zip(make(shape, seed=3), make(shape, seed=3), strict=True):
        np.testing.assert_array_equal(one, other)
    assert (make(shape, seed=3)[0] != make(shape, seed=4)[0]).any()


def test_labels_fit_the_image_and_count_without_gaps(maker):
    make, shape = maker
    image, labels = make(shape)
    assert image.shape[: len(shape)] == labels.shape == shape
    assert set(np.unique(labels)) == set(range(labels.max() + 1))


@pytest.mark.parametrize("seed", [0, 1])
def test_nuclei_have_the_size_and_the_crowding_asked_for(seed):
    labels = nuclei((512, 512), seed, diameter=30, crowding=0.2)[1]
    areas = np.bincount(labels.ravel())[1:]
    assert np.sqrt(np.median(areas) * 4 / np.pi) == pytest.approx(30, rel=0.15)
    assert (labels > 0).mean() == pytest.approx(0.2, abs=0.05)


@pytest.mark.parametrize("make", [nuclei, nuclei_stack])
def test_nuclei_are_the_bright_pixels(make):
    image, labels = make(seed=1)
    inside = image[labels > 0].astype(float)
    outside = image[labels == 0].astype(float)
    # The chance that a nucleus's pixel is brighter than one of the background.
    ranks = np.searchsorted(np.sort(outside), inside) / outside.size
    assert ranks.mean() > 0.95
    assert image.dtype == np.uint16
    assert image.max() < 4096


def test_tissue_is_purple_where_nuclei_are():
    image, labels = tissue()
    assert image.shape == (512, 512, 3)
    assert image.dtype == np.uint8
    red, green, blue = image[labels > 0].mean(axis=0)
    assert blue > red > green
    assert image[labels == 0].mean() > image[labels > 0].mean() + 40


def test_some_nuclei_touch_and_each_is_one_piece():
    labels = nuclei()[1]
    right, left = labels[:, 1:], labels[:, :-1]
    meet = (right != left) & (right > 0) & (left > 0)
    assert len(np.unique(left[meet])) > 20
    pieces = [
        ndimage.label(labels[box] == number)[1]
        for number, box in enumerate(ndimage.find_objects(labels), start=1)
    ]
    assert np.mean(np.array(pieces) == 1) > 0.99


def test_a_stack_shows_a_nucleus_in_several_slices():
    labels = nuclei_stack()[1]
    spans = [box[0].stop - box[0].start for box in ndimage.find_objects(labels)]
    assert 8 <= np.median(spans) <= 16  # 24 pixels at 2 pixels a slice
