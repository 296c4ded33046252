"""Made pairs, small enough to train on in a second."""

import numpy as np
import pytest

from napari_cihm.data.pairs import Pair
from napari_cihm.training import train

QUICK = {"patch": 32, "batch": 2, "steps_per_epoch": 3, "model": "unet"}
SMALL = {"options": {"base": 4}}


def discs(seed, shape=(64, 64), count=6):
    """Bright discs on a dim noisy ground, with their labels."""
    rng = np.random.default_rng(seed)
    y, x = np.indices(shape)
    labels = np.zeros(shape, np.int32)
    for number in range(1, count + 1):
        cy, cx = (rng.uniform(4, n - 4) for n in shape)
        labels[(y - cy) ** 2 + (x - cx) ** 2 < rng.uniform(4, 7) ** 2] = number
    image = 20 + 150 * (labels > 0) + rng.normal(0, 8, shape)
    return Pair.of(f"discs{seed}", np.clip(image, 0, 255).astype(np.uint8), labels)


@pytest.fixture(scope="session")
def make_discs():
    """Make a pair from a seed."""
    return discs


@pytest.fixture(scope="session")
def make_dark():
    """Make the image and labels of dark discs on a bright ground."""

    def dark(seed, **settings):
        pair = discs(seed, **settings)
        return 255 - pair.image[0], pair.labels

    return dark


@pytest.fixture(scope="session")
def pairs():
    return [discs(seed) for seed in range(6)]


def weights(event):
    return {k: v.clone() for k, v in event.model.network.state_dict().items()}


def run(pairs, **settings):
    return list(train(pairs, **{**QUICK, **SMALL, "epochs": 2, **settings}))
