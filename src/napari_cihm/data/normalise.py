"""Intensities to the range a network was trained on."""

import numpy as np
from numpy.typing import NDArray

from napari_cihm.config import Normalisation

SAMPLE = 1_000_000


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
    groups = image[None] if joint else image
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
    flat = values.reshape(-1)
    if flat.size > SAMPLE:  # evenly spaced, so that the answer is repeatable
        flat = flat[:: -(-flat.size // SAMPLE)]
    flat = flat.astype(np.float64)
    flat = flat[np.isfinite(flat)]
    if not flat.size:
        return [0.0, 0.0]
    ends = np.percentile(flat, [low, high])
    if ends[1] <= ends[0]:  # few bright pixels on black: take all there is
        ends = np.array([flat.min(), flat.max()])
    return [float(e) for e in ends]
