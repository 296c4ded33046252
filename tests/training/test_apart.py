"""Masks that a threshold gave teach and judge single objects all the same."""

from dataclasses import replace

import numpy as np
import pytest

from napari_cihm import load_model
from napari_cihm.data.apart import WORDS, tell_apart
from napari_cihm.data.pairs import PairSource
from napari_cihm.events import Evaluated, FinetuneStarted, Note
from napari_cihm.training import finetune, train
from napari_cihm.training.evaluation import evaluate

SMALL = {"options": {"base": 4}, "patch": 32, "batch": 2, "steps_per_epoch": 2}


@pytest.fixture(scope="module")
def masked(make_discs):
    """Pairs whose masks are 0 and 255."""
    pairs = [make_discs(seed, count=9) for seed in range(4)]
    return [replace(p, labels=(p.labels > 0) * np.int32(255)) for p in pairs]


def numbered(pairs):
    return [replace(pair, labels=tell_apart(pair.labels)) for pair in pairs]


def notes(events):
    return [event.text for event in events if isinstance(event, Note)]


def test_training_takes_what_lies_apart_for_objects_and_says_so(masked):
    events = list(train(masked, "unet", epochs=1, **SMALL))
    same = list(train(numbered(masked), "unet", epochs=1, **SMALL))
    assert WORDS in notes(events) and WORDS not in notes(same)
    assert events[-1].model.hash == same[-1].model.hash
    assert events[-1].model.config.training.objects > 3 * 6


def test_training_on_regions_leaves_masks_as_they_are(masked):
    events = list(train(masked, "unet", epochs=1, task="semantic", **SMALL))
    assert WORDS not in notes(events)
    assert events[-1].model.config.classes == 1


def test_evaluating_judges_what_lies_apart(masked):
    def judged(pairs):
        model = load_model("cihm-fluo", "cpu")
        return list(evaluate(model, [PairSource.holding(p) for p in pairs]))

    events, same = judged(masked), judged(numbered(masked))
    assert notes(events) == [WORDS] and notes(same) == []
    assert isinstance(events[-1], Evaluated)
    found = [[s.row() for s in run[-1].scored] for run in (events, same)]
    assert found[0] == found[1]
    assert all(row["objects"] > 3 for row in found[0])


def test_fine_tuning_learns_what_lies_apart(masked):
    def run(pairs):
        images, labels = zip(*((p.image[0], p.labels) for p in pairs), strict=True)
        return list(finetune("cihm-fluo", images, labels, seconds=None, steps=1))

    events, same = run(masked), run(numbered(masked))
    started = next(e for e in events if isinstance(e, FinetuneStarted))
    assert started.objects == sum(int(p.labels.max()) for p in numbered(masked))
    assert WORDS in notes(events) and WORDS not in notes(same)
    assert events[-1].model.hash == same[-1].model.hash
