"""Intensities to the range a network was trained on."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_cihm.config import Normalisation
from napari_cihm.data.image import COLOUR

SAMPLE = 1_000_000
WHOLE = 100  # the percentile that leaves nothing out

# Dust is what leaves nearly all pixels so small a share of the range, if those are so
# bimodal up to a percentile. Of 459 fluorescence images of DSB18 none is taken for
# dusty, and of their quarters one: all others have up to .51. With patches ten times as
# bright as nuclei they have .73 and more.
MOST, DIM, OBJECTS, LIGHT_AND_DARK = 0.98, 0.1, 99.0, 0.7

# Blank is the darkest light where it fills some of the image, but no more than half,
# and where so large a share of the range above it is as good as empty: in images of
# DSB18 up to .04. Where levels are few, each is as far from the next. What is grey has
# a dark ground of its own; else it is cells whose ground was set to black.
SOME, HALF, APART, BETWEEN, LEVELS = 0.005, 0.5, 0.06, 0.25, 32
DARK, BRIGHT = 2.0, 99.8  # percentiles of what is not blank
ON_DARK = 0.25  # where its median lies between them at most
TOGETHER = 0.97  # of all blank pixels, so many have another beside them

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Ranges:
    """What the light of each channel stands for.

    Attributes
    ----------
    low, high : array of shape (channels,)
        What becomes 0 and 1; not-a-number where no pixel is a finite one.
    blank : float
        Up to where all channels hold no light of the image, but what that was filled
        up with as it was stitched or turned; minus infinity where nothing is blank.
    ground : array of shape (channels,)
        What is seen in its place.
    smoothing : float
        The sigma in pixels by which the image is smoothed first; 0 as a rule.
    less : Ranges, optional
        The same of the image smoothed by less, if it is smoothed.
    """

    low: Floats
    high: Floats
    blank: float
    ground: Floats
    smoothing: float = 0.0
    less: "Ranges | None" = None


def normalise(
    image: NDArray[np.generic], settings: Normalisation | None = None
) -> NDArray[np.float32]:
    """Map percentiles of a (channels, height, width) image to 0 and 1.

    What lies beyond is kept, within (-1, 3): a bright speck must not flatten the
    rest. A constant image becomes zeros, pixels that are not finite become the low
    end, and those that the image was filled up with become its ground. Three channels
    share one range where `settings` say so.
    """
    settings = settings or Normalisation()
    return rescale(image, intensity_ranges(image, settings))


@np.errstate(over="ignore", invalid="ignore")  # what numbers cannot hold is none
def intensity_ranges(image: NDArray[np.generic], settings: Normalisation) -> Ranges:
    """Look at an image, or what stands for it, of shape (channels, rows, columns)."""
    lightest = image.max(axis=0)
    colour, filled = image.shape[0] == COLOUR, False
    blank = _blank(_spread(lightest), colour)
    if blank > -np.inf:
        empty = np.less_equal(lightest, blank)
        filled = _hangs_together(empty)
    if filled:
        image = image[:, None, ~empty]
    joint = settings.joint and colour
    groups = image[None] if joint else image[:, None]
    ends = np.array([_ends(group, settings) for group in groups])
    low, high = np.repeat(ends, image.shape[0] // len(ends), axis=0).T
    ground = low
    if filled and colour:  # of stained tissue it is bright, not the darkest there is
        ground = np.array([np.median(_spread(channel)) for channel in image])
    return Ranges(low, high, blank if filled else -np.inf, ground)


@np.errstate(over="ignore", invalid="ignore")  # infinite light on no contrast is none
def rescale(image: NDArray[np.generic], ranges: Ranges) -> NDArray[np.float32]:
    """Apply what `intensity_ranges` found to an image or a part of it."""
    low, high, ground = (
        ends[:, None, None] for ends in (ranges.low, ranges.high, ranges.ground)
    )
    if ranges.blank > -np.inf:
        blank = np.less_equal(image.max(axis=0), ranges.blank)
        image = np.where(blank, ground, image)
    span = high - low
    gain = np.divide(1.0, span, out=np.zeros_like(span), where=span > 0)
    # Numbers of 32 bits and more are told apart best before they are made short.
    exact = np.result_type(image.dtype, np.float32)
    out = image.astype(exact)
    np.subtract(out, low.astype(exact), out=out)
    np.multiply(out, gain.astype(exact), out=out)
    np.nan_to_num(out, copy=False, nan=0.0, posinf=3.0, neginf=-1.0)
    return np.clip(out, -1.0, 3.0, out=out).astype(np.float32, copy=False)


def _ends(values: NDArray[np.generic], settings: Normalisation) -> list[float]:
    """Return the low and the high end of some channels."""
    flat = _spread(values)
    if not flat.size:
        return [np.nan, np.nan]
    dark, bright = np.percentile(flat, [settings.low, settings.high])
    if bright <= dark:  # few bright pixels on black: take all there is
        dark, bright = flat.min(), flat.max()
    elif settings.high < WHOLE:
        each = [flat] if len(values) == 1 else map(_spread, values)
        outshone = [_outshone(light, dark, bright) for light in each]
        bright = max(bright if end is None else end for end in outshone)
    return [float(dark), float(bright)]


def _blank(flat: Floats, colour: bool) -> float:
    """Return up to where there is no light of the image.

    What it was filled up with is well below what a camera sees, and would take a part
    of the range. Turning and compressing leave a little in between.
    """
    least = flat.min(initial=np.inf)
    count = np.count_nonzero(flat == least)
    if not SOME * len(flat) < count < HALF * len(flat):
        return -np.inf
    rest = flat[flat > least]
    dark, middle, bright = np.percentile(rest, [DARK, 50, BRIGHT])
    edge = float(least + 0.75 * (dark - least))
    apart = dark - least > APART * (bright - dark)
    empty = np.count_nonzero(rest <= edge) < BETWEEN * count
    graded = len(np.unique(rest)) >= LEVELS
    grounded = colour or middle - dark < ON_DARK * (bright - dark)
    return edge if apart and empty and graded and grounded else -np.inf


def _hangs_together(empty: NDArray[np.bool_]) -> bool:
    """Tell whether pixels lie in large parts, not scattered or between cells."""
    beside = empty[1:][empty[:-1]], empty[:, 1:][empty[:, :-1]]
    return any(one.size and one.mean() > TOGETHER for one in beside)


def _outshone(flat: Floats, dark: float, bright: float) -> float | None:
    """Return where the light of all but debris ends, if there is debris.

    Dust that fills its pixels would leave the objects a tenth of the range. A few
    bright objects on dark ground look the same, but for what is left without them:
    grain, or the soft edges of these on black, where dust leaves objects and ground.
    """
    dim = flat <= dark + DIM * (bright - dark)
    if not dim.any() or np.count_nonzero(dim) < MOST * len(flat):
        return None
    rest = flat[dim]
    if np.median(rest) <= rest.min():
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
