"""Surveys, samples within a memory budget, and how often each image is drawn."""

from dataclasses import replace

import numpy as np
import pytest

from napari_cihm.config import ModelConfig
from napari_cihm.data.channels import fit_channels
from napari_cihm.data.pairs import Pair, PairSource
from napari_cihm.data.samples import SampleCache, drawing_weights
from napari_cihm.data.survey import survey

CONFIG = ModelConfig(recipe="unet", in_channels=1, classes=3, task="instance")


@pytest.fixture
def pairs():
    rng = np.random.default_rng(0)
    labels = np.zeros((64, 64), int)
    labels[4:24, 4:24] = 1
    labels[40:60, 40:60] = 5
    return [Pair.of(f"p{i}", rng.random((64, 64)), labels) for i in range(4)]


def test_a_survey_counts_what_there_is(pairs):
    facts = survey([PairSource.holding(p) for p in pairs])
    assert facts.objects == 8 and facts.numbers == {1, 5}
    assert facts.channels == {1}
    assert facts.diameter == pytest.approx(2 * np.sqrt(400 / np.pi), abs=0.1)


def test_only_what_was_reviewed_is_counted(pairs):
    reviewed = np.zeros((64, 64), bool)
    reviewed[:32] = True
    facts = survey([PairSource.holding(replace(p, reviewed=reviewed)) for p in pairs])
    assert facts.objects == 4 and facts.numbers == {1}


def test_the_fingerprint_follows_content_and_not_order(pairs):
    def fingerprint(of):
        return survey([PairSource.holding(p) for p in of]).fingerprint

    assert fingerprint(pairs) == fingerprint(pairs[::-1])
    other = Pair.of("p0", pairs[0].image, np.minimum(pairs[0].labels, 1))
    assert fingerprint(pairs) != fingerprint([other, *pairs[1:]])


def test_the_cache_stays_within_its_budget_and_always_gives_the_same(pairs):
    large = [
        Pair.of(p.name, np.tile(p.image[0], (8, 8)), np.tile(p.labels, (8, 8)))
        for p in pairs
    ]
    reads = []

    def source(pair):
        return PairSource(pair.name, lambda: (reads.append(pair.name), pair)[1])

    cache = SampleCache([source(p) for p in large], CONFIG, megabytes=4)
    one = cache[0].nbytes  # 512 x 512 pixels of 2 + 3 + 1 bytes
    assert one == 512 * 512 * 6
    for _ in range(2):
        for i in range(4):
            np.testing.assert_array_equal(cache[i].labels, large[i].labels)
    # two of 1.5 MiB fit into 4 MiB; the others are read each time
    assert [reads.count(f"p{i}") for i in range(4)] == [1, 1, 2, 2]


def test_rare_kinds_are_drawn_more_often_than_their_number():
    weights = drawing_weights([(1, 8, 8)] * 9 + [(3, 8, 8)])
    assert weights.sum() == pytest.approx(1)
    assert weights[-1] == pytest.approx(1 / 4)  # 1 of sqrt(9) + sqrt(1)


def test_one_channel_fills_three_and_several_merge_into_one():
    grey, three = np.ones((1, 2, 2), np.float32), np.zeros((3, 2, 2), np.float32)
    three[1] = 2
    assert fit_channels(grey, 3, colour=False).shape == (3, 2, 2)
    # green counts for 587 thousandths of what the eye takes for brightness
    np.testing.assert_allclose(fit_channels(three, 1, colour=True), 1.174, rtol=1e-5)
    np.testing.assert_allclose(fit_channels(three, 1, colour=False), 2 / 3, rtol=1e-5)
