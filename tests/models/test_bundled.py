"""The bundled weights find what is there, and nothing where nothing is."""

import numpy as np
import pytest
from scipy import ndimage

from napari_cihm import load_model, segment
from napari_cihm.data.synthetic import nuclei
from napari_cihm.models import bundled_names
from napari_cihm.training.metrics import match, total

SHAPE = (192, 160)


def photons(rng):
    return rng.poisson(20, SHAPE).astype(np.uint16)


def hot_pixel(rng):
    image = rng.poisson(100, SHAPE)
    image[40, 50] = 60000
    return image.astype(np.uint16)


def white_slide(rng):
    return rng.normal(235, 4, (*SHAPE, 3)).clip(0, 255).astype(np.uint8)


def smoothed(rng):
    return ndimage.gaussian_filter(rng.standard_normal(SHAPE, np.float32), 1.2)


every_model = pytest.mark.parametrize("name", bundled_names())


@every_model
@pytest.mark.parametrize("field", [photons, hot_pixel, white_slide, smoothed])
def test_an_empty_field_stays_empty(name, field):
    # stretched to black and white, its grain is as bright as nuclei are
    assert segment(field(np.random.default_rng(3)), load_model(name)).max() == 0


@every_model
def test_nuclei_are_found(name):
    image, truth = nuclei(SHAPE, 3)
    found = segment(image, load_model(name))
    assert total([match(truth, found)])[0].ap > 0.9
