"""The decoder is tuned to maps, and never looks at the same thresholds twice."""

import numpy as np
import pytest

from napari_cihm.config import Decoding
from napari_cihm.data.synthetic import nuclei
from napari_cihm.data.targets import instance_targets
from napari_cihm.training import tuning
from napari_cihm.training.tuning import tune
from napari_cihm.training.validation import Mapped


@pytest.fixture
def timid():
    """Give the maps of a model that is right and never sure."""
    _, labels = nuclei((96, 96), 1, 18.0, 0.2)
    maps = instance_targets(labels)[0].astype(np.float32)
    maps /= maps.max()
    maps[0] *= 0.45
    return [Mapped(maps, labels)]


def test_thresholds_follow_the_maps(timid):
    start = Decoding()
    assert tuning.mean_ap(tuning.score(timid, start)) == 0
    best, reached = tune(timid, start)
    assert best.foreground < 0.45
    assert reached == pytest.approx(tuning.mean_ap(tuning.score(timid, best)))
    assert reached > 0.8


def test_no_thresholds_are_tried_twice(timid, monkeypatch):
    tried = []
    real = tuning.score
    monkeypatch.setattr(tuning, "score", lambda m, d: tried.append(d) or real(m, d))
    tune(timid, Decoding())
    assert len(tried) == len(set(tried))
