"""What a model knew before, to be rehearsed while it learns something new.

The model labels made images itself; learning its own maps again keeps it from
drifting away from them. What it forgets first is to leave alone what is dim or out of
focus, so the images are full of that.
"""

import math
from collections.abc import Iterator
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_cihm.config import FinetuneSettings, Limits
from napari_cihm.data.channels import fit_channels
from napari_cihm.data.normalise import normalise
from napari_cihm.data.samples import Sample
from napari_cihm.data.synthetic import nuclei, tissue
from napari_cihm.models import Model

MOST, LEAST = 24, 6  # images, by the time there is
EACH = 2.5  # seconds of a run for each
SIDE = 256
SIZES = (9.0, 14.0, 24.0, 38.0)
CROWDING = (0.12, 0.3, 0.45)


def rehearse(
    model: Model, channels: int, settings: FinetuneSettings, limits: Limits
) -> Iterator[Sample]:
    """Make images, one after the other, and let a model say what it sees in them.

    Parameters
    ----------
    model : Model
        As it was before.
    channels : int
        Input channels of the model that will rehearse.
    settings : FinetuneSettings
    limits : Limits
        Of the whole run: a short one makes fewer. Its seed chooses the images.
    """
    config = model.config
    for number in range(_count(settings, limits)):
        image = _made(number, limits.seed, colour=config.in_channels == 3)
        own = fit_channels(image, config.in_channels, colour=True)
        seen = normalise(own, config.normalisation)
        maps = model.predict(seen[None])[0]
        others = fit_channels(image, channels, colour=True)
        shown = normalise(others, config.normalisation)
        yield Sample(
            shown.astype(np.float16),
            np.round(255 * maps).astype(np.uint8),
            None,
            np.zeros((0, 2), np.int64),
            np.zeros(maps.shape[1:], np.uint8),
            graded=config.task == "instance",
        )


def _count(settings: FinetuneSettings, limits: Limits) -> int:
    """Choose how many images to make: where steps are counted, what they can draw."""
    if settings.steps is not None:
        patches = settings.steps * settings.batch * settings.replay
        return min(math.ceil(patches * (settings.patch / SIDE) ** 2), MOST)
    if limits.seconds is None:
        return MOST
    return min(max(round(limits.seconds / EACH), LEAST), MOST)


@lru_cache(maxsize=MOST)
def _made(number: int, seed: int, colour: bool) -> NDArray[np.generic]:
    """Make one image; every third is stained tissue where a model sees colour.

    They are kept: correcting and fine-tuning by turns, a user runs the same again.
    """
    shape, one = (SIDE, SIDE), 1000 * seed + number
    if colour and number % 3 == 2:
        return np.moveaxis(tissue(shape, one)[0], -1, 0)
    size, crowding = SIZES[number % len(SIZES)], CROWDING[number % len(CROWDING)]
    rng = np.random.default_rng(one)
    sharp = nuclei(shape, one, size, crowding)[0].astype(np.float32)
    others = nuclei(shape, one + 500, size * rng.uniform(0.7, 1.5))[0]
    blurred = ndimage.gaussian_filter(
        others.astype(np.float32), size * rng.uniform(0.2, 0.5)
    )
    light = sharp * _fading(rng, shape) + rng.uniform(0, 0.8) * blurred
    noise = rng.normal(0, rng.uniform(0, 40), shape).astype(np.float32)
    return np.asarray(light + noise)[None]


def _fading(rng: np.random.Generator, shape: tuple[int, int]) -> NDArray[np.float32]:
    """Return light that falls to a tenth towards one side, here or there."""
    angle, steep = rng.uniform(0, 2 * np.pi), rng.uniform(2, 6)
    y, x = (np.linspace(-1, 1, n) for n in shape)
    along = np.sin(angle) * y[:, None] + np.cos(angle) * x - rng.uniform(-0.3, 0.6)
    return np.asarray(0.1 + 0.9 / (1 + np.exp(steep * along)), np.float32)
