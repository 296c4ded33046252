"""A part of an image is labelled as it would be within the whole."""

import numpy as np
import pytest

from napari_cihm.config import ModelConfig
from napari_cihm.data.image import Image
from napari_cihm.events import Segmented
from napari_cihm.segmentation import segment_iter


class Bright:
    """Takes for foreground what is brighter than the middle of the contrast."""

    key = "bright"
    config = ModelConfig(recipe="unet", classes=3, task="instance")

    def __call__(self, batch):
        light = batch[:, 0].clip(0, 1)
        return np.stack([light, np.zeros_like(light), light], axis=1)


@pytest.fixture
def picture():
    rng = np.random.default_rng(0)
    image = rng.normal(10, 1, (96, 128))
    image[20:40, 20:40] = image[60:80, 90:110] = 200
    return image


@pytest.fixture
def stack():
    rng = np.random.default_rng(0)
    image = rng.normal(10, 1, (12, 40, 64))
    image[2:10, 8:24, 8:24] = 200
    return image


def _labels(image, **more):
    run = segment_iter(image, Bright(), diameter=None, **more)
    return next(event for event in run if isinstance(event, Segmented)).labels


@pytest.mark.parametrize("box", [np.s_[:48, 48:], np.s_[:, :64], np.s_[50:, 80:]])
def test_labels_of_a_part_are_those_of_the_whole(picture, box):
    whole = _labels(picture) > 0
    part = _labels(picture[box], of=Image.of(picture)) > 0
    np.testing.assert_array_equal(part, whole[box])


def test_without_the_whole_noise_is_stretched_to_objects(picture):
    assert _labels(picture[:48, 48:]).max() > 0


def test_from_three_sides_too_the_contrast_is_that_of_the_whole(stack):
    dark = stack[:, :, 32:]
    assert _labels(dark, volume="orthogonal").max() > 0
    part = _labels(dark, volume="orthogonal", of=Image.of(stack))
    assert part.max() == 0
