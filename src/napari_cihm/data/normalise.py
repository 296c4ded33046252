"""Intensities to the range a network was trained on."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_cihm.config import Normalisation

SAMPLE = 1_000_000
WHOLE = 100  # the percentile that leaves nothing out

# Dust is what leaves nearly all pixels so small a share of the range, if those are so
# bimodal up to a percentile. Of 459 fluorescence images of DSB18 none is taken for
# dusty, and of their quarters one: all others have up to .51. With patches ten times as
# bright as nuclei they have .73 and more.
MOST, DIM, OBJECTS, LIGHT_AND_DARK = 0.98, 0.1, 99.0, 0.7

Floats = NDArray[np.float64]


def normalise(
    image: NDArray[np.generic], settings: Normalisation | None = None
) -> NDArray[np.float32]:
    """Map percentiles of a (channels, height, width) image to 0 and 1.

    What lies beyond is kept, within (-1, 3): a bright speck must not flatten the
    rest. A constant image becomes zeros, and pixels that are not finite become
    the low end.

    Parameters
    ----------
    image : array of shape (channels, height, width)
        Any real numbers.
    settings : Normalisation, optional
        The percentiles, and whether the channels share one range.

    Returns
    -------
    array of float32
        Same shape.
    """
    settings = settings or Normalisation()
    ranges = intensity_ranges(image, settings)
    return rescale(image, ranges)


def intensity_ranges(
    image: NDArray[np.generic], settings: Normalisation
) -> NDArray[np.float64]:
    """Return the low and high end of each channel, shape (channels, 2)."""
    joint = settings.joint and image.shape[0] == 3
    groups = image[None] if joint else image[:, None]
    ends = [_percentiles(g, settings.low, settings.high) for g in groups]
    return np.repeat(ends, image.shape[0], axis=0) if joint else np.array(ends)


def rescale(
    image: NDArray[np.generic], ranges: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Apply the ends that `intensity_ranges` found to an image or a part of it."""
    low = ranges[:, 0, None, None]
    span = (ranges[:, 1] - ranges[:, 0])[:, None, None]
    gain = np.divide(1.0, span, out=np.zeros_like(span), where=span > 0)
    # Numbers of 32 bits and more are told apart best before they are made short.
    exact = np.result_type(image.dtype, np.float32)
    out = image.astype(exact)
    np.subtract(out, low.astype(exact), out=out)
    with np.errstate(invalid="ignore"):  # infinite light on no contrast is none
        np.multiply(out, gain.astype(exact), out=out)
    np.nan_to_num(out, copy=False, nan=0.0, posinf=3.0, neginf=-1.0)
    return np.clip(out, -1.0, 3.0, out=out).astype(np.float32, copy=False)


def _percentiles(values: NDArray[np.generic], low: float, high: float) -> list[float]:
    flat = _spread(values)
    if not flat.size:
        return [0.0, 0.0]
    dark, bright = np.percentile(flat, [low, high])
    if bright <= dark:  # few bright pixels on black: take all there is
        dark, bright = flat.min(), flat.max()
    elif high < WHOLE:
        outshone = [_outshone(_spread(one), dark, bright) for one in values]
        bright = max(bright if end is None else end for end in outshone)
    return [float(dark), float(bright)]


def _outshone(flat: Floats, dark: float, bright: float) -> float | None:
    """Return where the light of all but debris ends, if there is debris.

    Dust that fills its pixels would leave the objects a tenth of the range. A few
    bright objects on dark ground look the same, but for what is left without them:
    grain, where dust leaves objects and ground.
    """
    rest = flat[flat <= dark + DIM * (bright - dark)]
    if len(rest) < MOST * len(flat):
        return None
    end = float(np.percentile(rest, OBJECTS))
    return end if bimodality(np.minimum(rest, end)) > LIGHT_AND_DARK else None


def bimodality(light: NDArray[np.floating[Any]]) -> float:
    """Return Sarle's coefficient of bimodality, (skewness^2 + 1) / kurtosis.

    It is 1 for two values, 1/3 for a bell curve, and 0 where all are alike.
    """
    light = light.astype(np.float64)
    if not light.std():
        return 0.0
    light = (light - light.mean()) / light.std()
    return float(((light**3).mean() ** 2 + 1) / (light**4).mean())


def _spread(values: NDArray[np.generic]) -> Floats:
    """Return finite values, evenly spaced where they are many: always the same."""
    flat = values.reshape(-1)
    some: Floats = flat[:: max(1, -(-flat.size // SAMPLE))].astype(np.float64)
    return some[np.isfinite(some)]
