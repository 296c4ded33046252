"""Stained tissue: what haematoxylin absorbs, told from what other dyes do.

A model that learnt nuclei in purple alone finds none where eosin or another dye colours
the rest as well. Each dye absorbs its share of red, green and blue, and in proportion
to how much of it there is, so that they can be told apart.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_cihm.config import Channels, ModelConfig
from napari_cihm.data.channels import one_tint, some_pixels
from napari_cihm.errors import InputError

# What haematoxylin, eosin and DAB absorb of red, green and blue (Ruifrok and Johnston,
# Analytical and Quantitative Cytology and Histology 23, 2001).
DYES = np.array([[0.65, 0.70, 0.29], [0.07, 0.99, 0.11], [0.27, 0.57, 0.78]])
DYES /= np.linalg.norm(DYES, axis=1, keepdims=True)
HAEMATOXYLIN, OF_LIGHT = DYES[0], np.linalg.inv(DYES)[:, 0]
LEAST = 1 / 255  # of all light: less cannot be told from none

WHITE = 99.5  # the percentile of all colours that stands for light without tissue
BRIGHT = 0.5  # so much of the brightest that there can be is white,
GROUND = 0.4  # and so much of white the middle of all pixels: no dyes on black
STAINED = 0.6  # the absorbance of all colours together from which there is dye, and
ENOUGH = 0.02  # in how many of the pixels
# The share of blue in what is absorbed: .18 in what haematoxylin absorbs, up to .17 in
# DSB18's 91 images of tissue and .22 in their quarters; with eosin or DAB .26 and more.
BLUE = 0.23
# Nuclei that DAB stains among others that it does not: so much blue is absorbed in so
# many of the pixels with dye. In DSB18's tissue in up to .02, in its quarters .09.
BROWN, SOME = 0.35, 0.1
BEYOND = 2.0  # fractions of white light are no larger, reflexes aside
GREY = 0.1  # of grey no colour absorbs so much more than another


def suited(colours: NDArray[np.generic], config: ModelConfig) -> Channels:
    """Choose what of colours a model sees, if it knows grey too.

    Of one tint the strongest, since fluorescence is learnt in grey, and of stained
    tissue, in which it finds nuclei, haematoxylin alone; else all as they are.
    """
    if not config.accepts_grey:
        return "auto"
    if counterstained(colours):  # it may look as if of one tint
        return "haematoxylin" if config.task == "instance" else "auto"
    tint = one_tint(colours)
    return "auto" if tint is None else tint


def haematoxylin(colours: NDArray[np.generic]) -> NDArray[np.float32]:
    """Show what haematoxylin alone would leave of white light, (colours, y, x).

    Black, as beside an image that was turned, stays black.

    Raises
    ------
    InputError
        If of fractions most are so far beyond 1 that nobody knows what is white.
    """
    if colours.dtype.kind == "f":
        _refuse_beyond_white(colours)
    light = np.clip(colours.astype(np.float32) / _full(colours.dtype), LEAST, 1)
    dye = np.einsum("c,cyx->yx", -OF_LIGHT.astype(np.float32), np.log(light))
    left = np.exp(-HAEMATOXYLIN.astype(np.float32)[:, None, None] * dye.clip(0))
    return np.asarray(left * colours.any(axis=0), np.float32)


def counterstained(colours: NDArray[np.generic]) -> bool:
    """Tell whether colours are of tissue that more than haematoxylin stains.

    Its ground is bright, and what is stained, or a part of it, absorbs more blue than
    haematoxylin does.
    """
    some = some_pixels(colours)
    light = some[:, some.any(axis=0)]
    if not light.size:
        return False
    white = np.percentile(light, WHITE)
    if not BRIGHT <= white / _full(colours.dtype) <= 1:
        return False
    if np.median(light.mean(axis=0)) < GROUND * white:
        return False
    absorbed = -np.log(np.clip(light / white, LEAST, 1))
    stained = absorbed[:, absorbed.sum(axis=0) > STAINED]
    if stained.shape[1] < ENOUGH * light.shape[1]:
        return False
    shares = stained / stained.sum(axis=0)
    if np.median(np.ptp(shares, axis=0)) <= GREY:  # also of one channel
        return False
    brown = np.mean(shares[2] > BROWN) > SOME
    return bool(brown or np.median(shares[2]) > BLUE)


def _refuse_beyond_white(colours: NDArray[Any]) -> None:
    seen = colours[colours > 0]  # neither black beside an image nor not-a-numbers
    usual = float(np.median(seen)) if seen.size else 0.0
    if usual > BEYOND:
        raise InputError(
            f"haematoxylin in colours of fractions as large as {usual:g}",
            "fractions from 0 to 1, or whole numbers",
            "divide them by the number that stands for white",
        )


def _full(dtype: np.dtype[Any]) -> float:
    """Return the brightest that colours can be."""
    return float(np.iinfo(dtype).max) if dtype.kind in "iu" else 1.0
