"""What is rehearsed: as many images as a run has a use for, and the same ones."""

import numpy as np
import pytest

from napari_cihm.config import FinetuneSettings, Limits, ModelConfig
from napari_cihm.models import Model
from napari_cihm.training import rehearsal

CONFIG = ModelConfig(recipe="unet", options={"base": 4}, classes=3, task="instance")
HALF = FinetuneSettings(replay=0.5)  # four patches a step, one image large together


@pytest.fixture(scope="module")
def model():
    return Model.untrained(CONFIG)


def made(model, settings, seconds=None):
    limits = Limits(seconds=seconds, seed=1)
    return list(rehearsal.rehearse(model, 1, settings, limits))


@pytest.fixture
def tiny(monkeypatch):
    """Make images at no cost."""
    monkeypatch.setattr(rehearsal, "_made", lambda *_, colour: np.eye(16)[None])


@pytest.mark.usefixtures("tiny")
@pytest.mark.parametrize(("steps", "count"), [(1, 1), (5, 5), (200, 24)])
def test_no_more_images_are_made_than_counted_steps_can_draw(model, steps, count):
    assert len(made(model, HALF.but(steps=steps))) == count


@pytest.mark.usefixtures("tiny")
@pytest.mark.parametrize(("seconds", "count"), [(1, 6), (30, 12), (60, 24), (None, 24)])
def test_a_short_run_makes_fewer(model, seconds, count):
    assert len(made(model, HALF, seconds)) == count


def test_few_are_the_first_of_many(model):
    few, many = made(model, HALF.but(steps=2)), made(model, HALF, 1)
    for one, other in zip(few, many, strict=False):
        np.testing.assert_array_equal(one.image, other.image)
        np.testing.assert_array_equal(one.targets, other.targets)
