"""One run of a fine-tuning learns what a trial leaves it, and rehearses the rest."""

from dataclasses import replace

import numpy as np
import pytest

from napari_cihm.config import FinetuneSettings, ModelConfig
from napari_cihm.data.samples import sample_of
from napari_cihm.models import Model
from napari_cihm.training.fitting import Fitting
from napari_cihm.training.holdout import folds
from napari_cihm.training.material import Plane
from napari_cihm.training.trial import Trial

CONFIG = ModelConfig(recipe="unet", options={"base": 4}, classes=3, task="instance")
SETTINGS = FinetuneSettings(patch=32, batch=4, replay=0.5, steps=2)


@pytest.fixture(scope="module")
def start():
    return Model.untrained(CONFIG)


@pytest.fixture(scope="module")
def plane(make_discs):
    return Plane.of(make_discs(1, shape=(160, 160), count=30), CONFIG, 0)


@pytest.fixture(scope="module")
def trial(plane):
    (split,) = folds([plane], 0.4, seed=0)
    return Trial.of([plane], split, [plane])


def learnt(start, plane, trial, rehearsed=()):
    """Return the hash of what two steps make of a model."""
    run = Fitting(start, [plane], rehearsed, SETTINGS, seed=0).fit(trial, None)
    while True:
        try:
            next(run)
        except StopIteration as end:
            return end.value.model.hash


def test_what_is_held_out_is_not_learnt(start, plane, trial):
    before = start.hash
    (part,) = trial.split.parts
    scored = np.isin(plane.labels, [*part.scored])
    others = [
        replace(plane, labels=np.where(gone, 0, plane.labels))
        for gone in (scored, ~scored)
    ]
    first, unseen, seen = (learnt(start, one, trial) for one in (plane, *others))
    assert first == unseen != seen
    assert learnt(start, plane, None) != learnt(start, others[0], None)
    assert start.hash == before


def test_what_was_known_is_rehearsed_beside_it(start, plane, trial):
    known = np.flip(plane.image), np.flip(plane.labels)
    rehearsed = [sample_of(*known, None, CONFIG)]
    once, again = (learnt(start, plane, trial, rehearsed) for _ in range(2))
    assert once == again != learnt(start, plane, trial)
