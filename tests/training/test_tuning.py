"""The decoder is tuned to maps, in the time there is, by what may be looked at."""

import time
from types import SimpleNamespace

import numpy as np
import pytest

from napari_cihm.config import Decoding, ModelConfig
from napari_cihm.data.synthetic import nuclei
from napari_cihm.data.targets import instance_targets
from napari_cihm.models import Model
from napari_cihm.training.gate import label_planes, score_split
from napari_cihm.training.holdout import folds, learnt
from napari_cihm.training.material import Plane
from napari_cihm.training.tuning import ENOUGH, tune, tune_to_learnt
from napari_cihm.training.validation import Mapped, mean_ap, score


def timid_maps(labels):
    """Give the maps of a model that is right and never sure."""
    maps = instance_targets(labels)[0].astype(np.float32)
    maps /= maps.max()
    maps[0] *= 0.45
    return maps


@pytest.fixture
def timid():
    """How good thresholds are for a timid model."""
    _, labels = nuclei((96, 96), 1, 18.0, 0.2)
    mapped = [Mapped(timid_maps(labels), labels)]
    return lambda decoding: mean_ap(score(mapped, decoding))


@pytest.fixture
def plane():
    _, labels = nuclei((192, 192), 1, 14.0, 0.2)
    image = timid_maps(labels)
    return Plane(image, labels, np.ones(labels.shape, bool), 0)


@pytest.fixture
def model():
    """A model that gives its image for maps."""
    config = ModelConfig(recipe="cihm", in_channels=3, classes=3, task="instance")
    made = Model.untrained(config, "cpu")
    made.predict = lambda batch: batch
    return made


@pytest.fixture(autouse=True)
def _same_maps(monkeypatch):
    """Have a tuned model give the same maps as before."""
    monkeypatch.setattr(Model, "predict", lambda self, batch: batch)


def test_thresholds_follow_the_maps(timid):
    start = Decoding()
    assert timid(start) == 0
    best, reached = tune(timid, start)
    assert best.foreground < 0.45
    assert reached == pytest.approx(timid(best))
    assert reached > 0.8


def test_no_thresholds_are_tried_twice():
    tried = []
    tune(lambda decoding: tried.append(decoding) or float(len(tried)), Decoding())
    assert len(tried) == len(set(tried)) > 20


def test_the_time_is_kept_and_the_best_so_far_given():
    def slow(decoding):
        time.sleep(0.02)
        return decoding.prominence

    began = time.monotonic()
    best, reached = tune(slow, Decoding(prominence=0.1), seconds=0.1)
    assert time.monotonic() - began < 0.3
    assert reached == best.prominence > 0.1


def test_a_model_is_tuned_to_what_it_has_learnt(model, plane):
    [split] = folds([plane], 0.25, 0)
    tuned = tune_to_learnt(model, [plane], split, None)
    assert tuned.config.decoding.foreground < 0.45 <= model.config.decoding.foreground
    before, after = (
        score_split([plane], label_planes(one, [plane]), split).map
        for one in (model, tuned)
    )
    assert before == 0 and after > 0.8


def test_what_is_held_out_is_not_looked_at(model, plane):
    [split] = folds([plane], 0.25, 0)
    held_out = split.parts[0].block
    turned = np.where(held_out, 0.0, plane.image).astype(np.float32)
    blind = Plane(turned, plane.labels, plane.reviewed, 0)
    tuned, the_same = (
        tune_to_learnt(model, [one], split, None).config.decoding
        for one in (plane, blind)
    )
    assert tuned == the_same


def test_few_objects_and_plain_regions_leave_thresholds_alone(model, plane):
    few = plane.labels * (plane.labels < ENOUGH)
    lone = Plane(plane.image, few, plane.reviewed, 0)
    assert tune_to_learnt(model, [lone], None, None) is model
    model.config = SimpleNamespace(task="semantic")
    assert tune_to_learnt(model, [plane], None, None) is model


def test_learnt_objects_are_whole_and_none_is_held_out(plane):
    [split] = folds([plane], 0.25, 0)
    part, turned = split.parts[0], learnt([plane], split).parts[0]
    assert turned.scored and not turned.scored & part.scored
    for number in turned.scored:
        assert part.learn[plane.labels == number].all()
    assert learnt([plane], None).held_out == len(plane.objects)
