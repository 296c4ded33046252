"""Predictors whose maps are known, and images with their truth."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from napari_cihm.config import ModelConfig, Normalisation
from napari_cihm.data.targets import instance_targets

WHOLE_RANGE = Normalisation(low=0, high=100)


class Perfect:
    """Gives back its input: three channels that are the maps of a perfect model."""

    key = "perfect"

    def __init__(self, **about: object) -> None:
        options = {"recipe": "perfect", "in_channels": 3, "classes": 3} | about
        self.config = ModelConfig(task="instance", normalisation=WHOLE_RANGE, **options)
        self.calls: list[tuple[int, ...]] = []

    def __call__(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        self.calls.append(batch.shape)
        return batch.clip(0, 1)


class Local:
    """A filter that sees ten pixels around each: a network with a finite view."""

    key = "local"
    reach = 10

    def __init__(self, **about: object) -> None:
        options = {"recipe": "local", "classes": 3} | about
        self.config = ModelConfig(task="instance", normalisation=WHOLE_RANGE, **options)
        self.calls: list[tuple[int, ...]] = []

    def __call__(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        self.calls.append(batch.shape)
        fine = ndimage.gaussian_filter(batch, (0, 0, 1, 1), truncate=4)
        coarse = ndimage.gaussian_filter(fine, (0, 0, 1.5, 1.5), truncate=4)
        return np.concatenate([fine, 0 * fine, coarse], axis=1).clip(0, 1)


class Semantic:
    """Two classes, told by brightness."""

    key = "semantic"

    def __init__(self, classes: int = 1) -> None:
        self.config = ModelConfig(
            recipe="bright", classes=classes, normalisation=WHOLE_RANGE
        )

    def __call__(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        if self.config.classes == 1:
            return batch.clip(0, 1)
        return np.concatenate([1 - batch, batch], axis=1).clip(0, 1)


def perfect_maps(truth: NDArray[np.integer]) -> NDArray[np.float32]:
    """Turn 2-D or 3-D truth into maps, channels first and slice by slice."""
    if truth.ndim == 2:
        return instance_targets(truth.astype(np.int32))[0].astype(np.float32) / 255
    return np.stack([perfect_maps(plane) for plane in truth], axis=1)


def discs(shape: tuple[int, int], radius: float, gap: float) -> NDArray[np.int32]:
    """Lay discs on a grid, well apart."""
    truth = np.zeros(shape, np.int32)
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    step = 2 * radius + gap
    number = 0
    for y in np.arange(step / 2, shape[0] - radius, step):
        for x in np.arange(step / 2, shape[1] - radius, step):
            number += 1
            truth[(rows - y) ** 2 + (columns - x) ** 2 <= radius**2] = number
    return truth


def crowd(
    shape: tuple[int, ...],
    count: int,
    radii: tuple[tuple[float, float], ...],
    seed: int = 0,
    squeeze: float = 0.7,
) -> NDArray[np.int32]:
    """Pack ellipsoids that touch: a pixel is the nearest one's, by its own radii."""
    rng = np.random.default_rng(seed)
    nearest = np.ones(shape, np.float32)
    truth = np.zeros(shape, np.int32)
    centres = rng.uniform(np.zeros(len(shape)), shape, (60 * count, len(shape)))
    sizes = np.stack([rng.uniform(*r, 60 * count) for r in radii], axis=1)
    placed: list[int] = []
    for number, (centre, own) in enumerate(zip(centres, sizes, strict=True)):
        if len(placed) == count:
            break
        reach = (own + sizes[placed]) * squeeze
        if placed and (((centre - centres[placed]) / reach) ** 2).sum(1).min() < 1:
            continue
        placed.append(number)
        low = np.maximum(np.floor(centre - own).astype(int), 0)
        high = np.minimum(np.ceil(centre + own).astype(int) + 1, shape)
        box = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
        grid = np.ogrid[box]
        apart = sum(
            ((g - c) / r) ** 2 for g, c, r in zip(grid, centre, own, strict=True)
        )
        closer = apart < nearest[box]
        nearest[box][closer] = apart[closer]
        truth[box][closer] = len(placed)
    return truth


def relabelled(truth: NDArray[np.integer]) -> NDArray[np.int64]:
    """Number objects by the first pixel of each, the order results come in."""
    kept, first, inverse = np.unique(truth, True, True)
    rank = np.zeros(len(kept), np.int64)
    objects = np.flatnonzero(kept > 0)
    rank[objects[np.argsort(first[objects])]] = np.arange(1, len(objects) + 1)
    return rank[inverse].reshape(truth.shape)


@pytest.fixture
def perfect() -> Perfect:
    """Give a predictor whose maps are its input."""
    return Perfect()


@pytest.fixture
def local() -> Local:
    """Give a predictor with a finite view."""
    return Local()


@pytest.fixture
def texture() -> Callable[..., NDArray[np.float32]]:
    """Make smooth noise from 0 to 1, full of blobs."""

    def make(shape: tuple[int, ...], seed: int = 0) -> NDArray[np.float32]:
        noise = np.random.default_rng(seed).random(shape, np.float32)
        smooth = ndimage.gaussian_filter(noise, (0,) * (len(shape) - 2) + (4, 4))
        return (smooth - smooth.min()) / np.ptp(smooth)

    return make
