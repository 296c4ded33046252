"""From maps to objects: the distance is flooded from its peaks downwards."""

import numpy as np
from numpy.typing import NDArray

from napari_cihm.config import Decoding
from napari_cihm.data.flooding import flood, landscape


def decode(
    maps: NDArray[np.float32], settings: Decoding | None = None
) -> NDArray[np.int32]:
    """Read single objects from the maps of an instance model.

    Parameters
    ----------
    maps : array of float32, shape (3, height, width)
        Foreground, touching border and normalised distance, in 0..1.
    settings : Decoding, optional
        Thresholds; a model's own stand in its configuration.

    Returns
    -------
    array of int32, shape (height, width)
        0 is background; objects are numbered from 1 without gaps.
    """
    settings = settings or Decoding()
    foreground = maps[0] > settings.foreground
    height = landscape(maps, settings)
    labels = flood(height, foreground, settings.prominence)
    return drop_doubtful(labels, maps[0], settings)


def drop_doubtful(
    labels: NDArray[np.integer], probability: NDArray[np.float32], settings: Decoding
) -> NDArray[np.int32]:
    """Remove objects that are too small or too unsure, and close the numbering."""
    flat = labels.ravel()
    sizes = np.bincount(flat)
    kept = sizes >= max(1, settings.min_size)
    if settings.sure:
        sums = np.bincount(flat, probability.ravel())
        kept &= sums >= settings.sure * sizes
    kept[0] = False
    numbers = np.where(kept, np.cumsum(kept), 0).astype(np.int32)
    return np.asarray(numbers[labels])
