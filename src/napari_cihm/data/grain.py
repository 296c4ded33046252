"""Grain: the noise of little light, smoothed away where it would hide the objects."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

# Grain is told by its share of the range of intensities. In images of DSB18 it takes
# up to .025, and models see objects through .05 as well as they do in it smoothed. Of
# a field of nothing but grain it takes .16 and more: there nothing is to be seen.
HEAVY, ALL = 0.08, 0.14
LEFT = 0.015  # how much of it smoothing leaves
DARK, BRIGHT = 1, 99.8  # percentiles between which the range lies
ENOUGH = 250_000  # pixels to tell it from
REACH = 4  # how many sigmas a filter reaches
STEP, LEAST = 2**0.5, 0.5  # from one sigma to the next, and one that hardly smooths

# Median of how much of a bell curve lies between its middle and a value, and what a
# second difference adds to its width.
NORMAL = 0.6745 * 6**0.5


@np.errstate(over="ignore", invalid="ignore")  # what numbers cannot hold is none
def find_smoothing(parts: Sequence[NDArray[np.generic]]) -> float:
    """Return by which sigma an image has to be smoothed, 0 as a rule.

    Where objects can be seen in one channel, what grain is in others hides none. The
    parts, (channels, rows, columns) each, are the image or stand for it.
    """
    sigma = np.inf
    for channel in range(len(parts[0])):
        sigma = min(sigma, _smoothing_of([part[channel] for part in parts]))
        if not sigma:
            break
    return sigma


def _smoothing_of(planes: Sequence[NDArray[np.generic]]) -> float:
    step = max(1, sum(plane.size for plane in planes) // ENOUGH)
    some = [plane[::step].astype(np.float64) for plane in planes]
    bends = [plane[:, 2:] - 2 * plane[:, 1:-1] + plane[:, :-2] for plane in some]
    light, bend = (
        np.concatenate([plane.reshape(-1) for plane in each]) for each in (some, bends)
    )
    bend = np.abs(bend)
    light, bend = light[np.isfinite(light)], bend[np.isfinite(bend)]
    if not bend.size:
        return 0.0
    dark, bright = np.percentile(light, [DARK, BRIGHT])
    grain = float(np.median(bend)) / NORMAL
    if not HEAVY * (bright - dark) < grain < ALL * (bright - dark):
        return 0.0
    return smoothing_for(grain / float(bright - dark))


def smoothing_for(share: float) -> float:
    """Return the sigma that leaves little of grain of such a share of the range."""
    return share / LEFT / (2 * math.sqrt(math.pi))


def smoothings(sigma: float) -> list[float]:
    """Return by what else an image may be smoothed that needs a sigma, the least first.

    Nothing for a sigma of 0.
    """
    steps = []
    while sigma > LEAST:
        steps.append(sigma)
        sigma /= STEP
    return steps[::-1]


@np.errstate(over="ignore", invalid="ignore")
def smooth(image: NDArray[Any], sigma: float) -> NDArray[np.floating[Any]]:
    """Smooth the channels of an image or a part; what is no number stays so."""
    first, *others = image
    if others and all(np.array_equal(first, other) for other in others):  # grey
        return np.repeat(smooth(image[:1], sigma), len(image), axis=0)
    light = image.astype(np.result_type(image.dtype, np.float32))
    known = np.isfinite(light)
    if known.all():
        return _blurred(light, sigma)
    weight = np.maximum(_blurred(known.astype(light.dtype), sigma), 1e-6)
    return np.where(known, _blurred(np.where(known, light, 0), sigma) / weight, light)


def smoothed(image: NDArray[Any]) -> NDArray[Any]:
    """Return an image as a model is shown it: without the grain, if it is heavy."""
    sigma = find_smoothing([image])
    return smooth(image, sigma) if sigma else image


def _blurred(image: NDArray[Any], sigma: float) -> NDArray[np.floating[Any]]:
    return np.asarray(ndimage.gaussian_filter(image, (0, sigma, sigma), truncate=REACH))
