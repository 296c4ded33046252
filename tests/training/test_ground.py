"""A number that stands for background is told wherever masks are read."""

from dataclasses import replace

import numpy as np
import pytest

from napari_cihm import load_model
from napari_cihm.data.pairs import PairSource
from napari_cihm.errors import DataError
from napari_cihm.events import Note
from napari_cihm.training import finetune, train
from napari_cihm.training.evaluation import EMPTY, evaluate


def learning(pairs):
    return train(pairs, "unet", epochs=1, patch=32, batch=2, options={"base": 4})


def fine_tuning(pairs):
    images, labels = zip(*((p.image[0], p.labels) for p in pairs), strict=True)
    return finetune("cihm-fluo", images, labels, seconds=None, steps=1)


def evaluating(pairs):
    model = load_model("cihm-fluo", "cpu")
    return evaluate(model, [PairSource.holding(pair) for pair in pairs])


@pytest.mark.parametrize("run", [learning, fine_tuning, evaluating])
def test_a_background_that_has_a_number_is_told(run, make_discs):
    pairs = [make_discs(seed, count=9) for seed in range(4)]
    pairs = [replace(pair, labels=pair.labels + 1) for pair in pairs]
    said = next(event.text for event in run(pairs) if isinstance(event, Note))
    assert said.startswith("The number 1 fills most of the masks")


@pytest.mark.parametrize("run", [learning, fine_tuning, evaluating])
def test_masks_that_are_black_on_white_are_told(run, make_discs):
    pairs = [make_discs(seed, count=9) for seed in range(5)]
    pairs = [replace(p, labels=np.where(p.labels, 0, 255)) for p in pairs]
    said = (event.text for event in run(pairs) if isinstance(event, Note))
    words = "The number 255 fills most of the masks, around pieces of 0"
    assert any(text.startswith(words) for text in said)


def test_fewer_than_can_be_learnt_from_are_not_asked_for_if_the_ground_is_one(
    make_discs,
):
    pair = make_discs(0, count=9)
    pair = replace(pair, labels=np.where(pair.labels, 0, 255))
    with pytest.raises(DataError, match=r"is 1 labelled.* The number 255 fills most"):
        list(fine_tuning([pair]))


@pytest.mark.parametrize("blank", [2, 1])
def test_masks_that_are_all_empty_are_told_with_the_figures(make_discs, blank):
    pairs = [make_discs(seed, count=9) for seed in range(2)]
    for at in range(blank):
        pairs[at] = replace(pairs[at], labels=np.zeros_like(pairs[at].labels))
    said = [event.text for event in evaluating(pairs) if isinstance(event, Note)]
    assert said == [EMPTY] * (blank == 2)
