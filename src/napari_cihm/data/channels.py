"""How channels become those a model sees: one rule for learning and segmenting."""

import numpy as np
from numpy.typing import NDArray

LUMINANCE = (0.299, 0.587, 0.114)  # how bright red, green and blue look
SAMPLE = 100_000
# What colours of one tint may vary beside it, in shares of all that they vary: up to
# .04 after a JPEG; stained tissue has .11 and more.
BESIDE = 0.06
# Dyes on black: the middle of all pixels is so dark, beside the brightest, and of all
# light so much is of some colour.
BLACK, BRIGHTEST, COLOURED = 0.25, 99.5, 0.1


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
    """Bring (channels, height, width) to those a model sees: merged, and repeated.

    `colour` says whether several channels are red, green and blue.
    """
    have = len(image)
    if have == channels:
        return image
    if have > 1:
        image = merge(image, merging(have, colour))
    return np.repeat(image, channels, axis=0)


def some_pixels(image: NDArray[np.generic]) -> NDArray[np.float64]:
    """Return pixels that stand for all, without those that hold no number."""
    every = max(1, image[0].size // SAMPLE)
    some = image.reshape(len(image), -1)[:, ::every].astype(np.float64)
    return some[:, np.isfinite(some).all(axis=0)]


def one_tint(colours: NDArray[np.generic]) -> int | None:
    """Return the strongest colour, if all are shades of a single one on black.

    So is fluorescence that was saved as it looks: what a second dye adds to it is
    weak. None for other colours, and where they are equal, as of grey; black is a
    shade of any, as beside stained tissue that was turned.
    """
    some = some_pixels(colours)
    flat = some[:, some.any(axis=0)]
    if (flat == flat[:1]).all():
        return None
    shares, tints = np.linalg.eigh(flat @ flat.T)
    if shares[:-1].sum() >= BESIDE * flat.var(axis=1).sum() * flat.shape[1]:
        return None
    return int(np.abs(tints[:, -1]).argmax())


def dyes_on_black(colours: NDArray[np.generic]) -> bool:
    """Tell whether colours are of fluorescence, and not grey."""
    flat = some_pixels(colours)
    if not flat.any():
        return False
    grey = flat.mean(axis=0)
    dark = np.median(grey) < BLACK * np.percentile(flat, BRIGHTEST)
    return bool(dark and ((flat - grey) ** 2).sum() > COLOURED * (flat**2).sum())
