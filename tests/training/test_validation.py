"""Validation judges what was reviewed, as evaluation does."""

from dataclasses import replace

import numpy as np
import pytest

from napari_cihm import load_model
from napari_cihm.data.pairs import PairSource
from napari_cihm.data.samples import make_sample
from napari_cihm.training.evaluation import evaluate
from napari_cihm.training.losses import pick_loss
from napari_cihm.training.scores import summary
from napari_cihm.training.validation import Validator


@pytest.fixture(scope="module")
def model():
    return load_model("cihm-fluo", "cpu")


@pytest.fixture(scope="module")
def half(make_discs):
    """A pair of which the upper half was reviewed, and no more is labelled."""
    pair = make_discs(3, shape=(128, 128), count=20)
    reviewed = np.zeros(pair.labels.shape, bool)
    reviewed[:64] = True
    return replace(pair, labels=np.where(reviewed, pair.labels, 0), reviewed=reviewed)


def scored(model, pair):
    validator = Validator(
        [make_sample(pair, model.config)], pick_loss("instance", "dice")
    )
    return validator.score(model)


def test_what_nobody_looked_at_counts_for_nothing(model, half):
    blind, seeing = (scored(model, p) for p in (replace(half, reviewed=None), half))
    assert seeing["map"] > blind["map"] + 0.2
    assert seeing["dice"] > blind["dice"] + 0.2


def test_labels_beside_the_review_change_nothing(model, half, make_discs):
    whole = make_discs(3, shape=(128, 128), count=20)
    noise = np.where(half.reviewed, half.labels, 1 + np.indices(whole.labels.shape)[1])
    other = replace(half, labels=noise.astype(np.int32))
    assert scored(model, other)["dice"] == scored(model, half)["dice"]


def test_validation_and_evaluation_agree(model, half):
    *_, last = evaluate(model, [PairSource.holding(half)], diameter=None)
    figures, found = summary(last.scored), scored(model, half)
    assert figures["map"] == pytest.approx(found["map"], abs=0.02)
    assert figures["ap"]["0.50"] == pytest.approx(found["ap0.50"], abs=0.02)
