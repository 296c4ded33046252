"""The decoder is tuned to maps."""

import numpy as np
import pytest

from napari_cihm.config import Decoding
from napari_cihm.data.synthetic import nuclei
from napari_cihm.data.targets import instance_targets
from napari_cihm.training.metrics import mean_ap
from napari_cihm.training.tuning import tune
from napari_cihm.training.validation import Mapped, score


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


def test_thresholds_follow_the_maps(timid):
    start = Decoding()
    assert timid(start) == 0
    best = tune(timid, start)
    assert best.foreground < 0.45
    assert timid(best) > 0.8


def test_what_is_never_sure_is_not_asked_to_be(timid):
    best = tune(timid, Decoding(sure=0.86))
    assert best.sure == 0
    assert timid(best) > 0.8


def test_doubtful_objects_go_where_that_helps():
    _, labels = nuclei((96, 96), 1, 18.0, 0.2)
    ghosts = np.where(np.random.default_rng(0).random(labels.max() + 1) < 0.3, 0.78, 1)
    maps = instance_targets(labels)[0].astype(np.float32) / 255
    maps[0] *= ghosts[labels]
    truth = np.where(ghosts[labels] < 1, 0, labels)
    mapped = [Mapped(maps, truth)]
    best = tune(lambda decoding: mean_ap(score(mapped, decoding)), Decoding())
    assert best.sure == 0.8
    assert mean_ap(score(mapped, best)) > 0.95


def test_no_thresholds_are_tried_twice():
    tried = []
    tune(lambda decoding: tried.append(decoding) or float(len(tried)), Decoding())
    assert len(tried) == len(set(tried)) > 20
