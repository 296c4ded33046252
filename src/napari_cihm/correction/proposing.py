"""Propose the outline of an object from a click: by a model's maps, or by eye."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage import filters, segmentation

from napari_cihm.config import Decoding
from napari_cihm.correction.pieces import pieces_in
from napari_cihm.data.flooding import flood, landscape

Mask = NDArray[np.bool_]

# A model that is this sure of background proposes nothing of use.
DOUBT = 0.05


def from_maps(
    maps: NDArray[np.floating], seeds: Mask, free: Mask, decoding: Decoding
) -> Mask | None:
    """Outline what the maps show under the seeds.

    Decoded as the model's own objects are, except that the foreground's
    threshold gives way where the user points at something fainter, and that
    what the seeds touch is one object. None where the maps show nothing there.

    Parameters
    ----------
    maps : array of float, shape (1 to 3 or more, ...)
        Foreground, and where there are, touching border and distance, in 0..1.
    seeds : array of bool
        Where the user pointed.
    free : array of bool
        Background, which alone may be taken.
    decoding : Decoding
        The model's thresholds.
    """
    foreground = np.asarray(maps[0], np.float32)
    level = float(np.median(foreground[seeds]))
    if level < DOUBT:
        return None
    region = (foreground > min(decoding.foreground, level / 2)) & free
    region |= seeds
    if len(maps) < 3:
        return _touching(region, seeds)
    height = landscape(maps, decoding)
    basins = flood(height, region, decoding.prominence)
    if level > decoding.foreground:
        # A click beside an object's top is still meant for the whole object.
        return _touching(np.isin(basins, basins[seeds]), seeds)
    # Fainter than any object of the model's: those keep what they have.
    known = np.where(foreground > decoding.foreground, basins, 0)
    ours = basins.max() + 1
    pointed_at = np.isin(known, known[seeds & (known > 0)]) | seeds
    markers = np.where(pointed_at, ours, known)
    sides = segmentation.watershed(-height, markers, mask=region)
    return _touching(sides == ours, seeds)


def from_intensities(image: NDArray[np.floating], seeds: Mask, free: Mask) -> Mask:
    """Outline what stands out from its surroundings under the seeds.

    Otsu's threshold of the surroundings tells bright from dark; the seeds say
    which of both is the object. Touching neighbours of the same kind are held
    back by a watershed from the thickest places.
    """
    calm = ndimage.gaussian_filter(np.asarray(image, np.float32), 1.0)
    if float(np.ptp(calm)) == 0:
        return seeds
    # Objects that are labelled already would pull the threshold their way.
    level = filters.threshold_otsu(calm[free])
    bright = bool(np.median(calm[seeds]) > level)
    region = ((calm > level) if bright else (calm < level)) & free
    region = ndimage.binary_opening(region, iterations=1) | seeds
    region = ndimage.binary_fill_holes(region) & free
    depth = ndimage.gaussian_filter(ndimage.distance_transform_edt(region), 1.5)
    peaks = (ndimage.maximum_filter(depth, 9) == depth) & region & (depth > 2)
    tops, count = pieces_in(peaks)
    numbered, _ = pieces_in(region)
    here = np.isin(numbered, numbered[seeds])
    uphill = segmentation.watershed(-depth, tops, mask=here)[seeds]
    ours = (np.isin(tops, uphill) & (tops > 0)) | seeds
    markers = np.where(ours, count + 1, tops)
    basins = segmentation.watershed(-depth, markers, mask=here)
    return _touching(basins == count + 1, seeds)


def disc(seeds: Mask, radius: float, free: Mask) -> Mask:
    """Take what lies within a radius of the seeds, for want of anything better."""
    near = ndimage.distance_transform_edt(~seeds) <= radius
    return _touching(near & free, seeds)


def _touching(region: Mask, seeds: Mask) -> Mask:
    """Keep the connected parts of a region that hold a seed."""
    numbered, _ = pieces_in(region | seeds)
    return np.isin(numbered, numbered[seeds])
