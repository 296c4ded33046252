"""From maps to objects: the distance is flooded from its peaks downwards."""

import numpy as np
from numpy.typing import NDArray
from skimage.segmentation import relabel_sequential

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
    return drop_small(labels, settings.min_size)


def drop_small(labels: NDArray[np.integer], least: int) -> NDArray[np.int32]:
    """Remove objects of fewer than `least` pixels and close the numbering."""
    sizes = np.bincount(labels.ravel())
    small = sizes < least
    small[0] = False
    if small.any():
        labels = np.where(small[labels], 0, labels)
    return np.asarray(relabel_sequential(labels)[0], np.int32)
