"""How channels become those a model sees: one rule for learning and segmenting."""

import numpy as np
from numpy.typing import NDArray

LUMINANCE = (0.299, 0.587, 0.114)  # how bright red, green and blue look


def merging(count: int, colour: bool) -> tuple[float, ...]:
    """Weigh channels that become one: colours as the eye does, others alike."""
    return LUMINANCE if colour else (1 / count,) * count


def merge(
    channels: NDArray[np.generic], weights: tuple[float, ...]
) -> NDArray[np.float32]:
    """Merge (channels, height, width) into one channel."""
    known = np.asarray(weights, np.float32)
    merged: NDArray[np.float32] = np.einsum(
        "c,cyx->yx", known, channels.astype(np.float32)
    )
    return merged[None]


def fit_channels(
    image: NDArray[np.generic], channels: int, colour: bool
) -> NDArray[np.generic]:
    """Bring (channels, height, width) to a model's input: merged, and repeated.

    Parameters
    ----------
    image : array of shape (channels, height, width)
        What there is.
    channels : int
        How many the model sees.
    colour : bool
        Whether several channels are red, green and blue.
    """
    have = len(image)
    if have == channels:
        return image
    if have > 1:
        image = merge(image, merging(have, colour))
    return np.repeat(image, channels, axis=0)
