"""An object is a basin: maps as a landscape, flooded from its peaks downwards."""

from functools import cache
from typing import Any

import numpy as np
from numba import types
from numpy.typing import NDArray
from scipy import ndimage

from napari_cihm.compiling import Kernel, compiled
from napari_cihm.config import Decoding

LEVELS = np.iinfo(np.uint16).max

Levels = NDArray[np.uint16]
Pixels = NDArray[np.int64]


def landscape(
    maps: NDArray[np.floating[Any]], decoding: Decoding
) -> NDArray[np.float32]:
    """Turn border and distance into heights whose basins are the objects."""
    border, distance = np.asarray(maps[1:3], np.float32)
    height: NDArray[np.float32] = distance * np.clip(1 - decoding.border * border, 0, 1)
    if decoding.smooth > 0:
        height = ndimage.gaussian_filter(height, decoding.smooth)
    return height


def flood(
    height: NDArray[np.floating[Any]], inside: NDArray[np.bool_], prominence: float
) -> NDArray[np.int32]:
    """Part a region into the basins of its prominent peaks.

    Pixels are taken from the highest down. One without a neighbour that was taken
    begins a basin; any other joins the basin of its highest neighbour. Where basins
    meet, those whose peak rises less than `prominence` above the meeting point are
    one with the highest of them. Heights are in 0..1, of two or three dimensions;
    the numbers of basins have gaps, and what is not inside gets 0.
    """
    # A frame spares the kernel from asking where the picture ends, and whole numbers
    # sort in a tenth of the time.
    levels = np.pad(np.round(height * LEVELS).astype(np.uint16), 1)
    pixels = np.flatnonzero(np.pad(inside, 1))
    order = pixels[np.argsort(LEVELS - levels.ravel()[pixels], kind="stable")]
    strides = np.array(levels.strides) // levels.itemsize
    steps = np.concatenate([-strides, strides[::-1]])
    names = np.zeros(levels.size, np.int32)
    roots = np.zeros(len(order) + 1, np.int32)
    peaks = np.zeros(len(order) + 1, np.uint16)
    rise = round(prominence * LEVELS)
    _kernel()(levels.ravel(), steps, order, rise, names, roots, peaks)
    return names.reshape(levels.shape)[(slice(1, -1),) * levels.ndim]


@cache
def _kernel() -> Kernel:
    levels, names = types.Array(types.uint16, 1, "C"), types.Array(types.int32, 1, "C")
    pixels = types.Array(types.int64, 1, "C")
    signature = types.void(levels, pixels, pixels, types.intp, names, names, levels)
    return compiled(_flood, signature, nogil=True, _nrt=False)


def _flood(
    levels: Levels,
    steps: Pixels,
    order: Pixels,
    rise: int,
    names: NDArray[np.int32],
    roots: NDArray[np.int32],
    peaks: Levels,
) -> None:
    """Name the pixels of `order`, highest first, by their basins.

    `steps` lead to a pixel's neighbours.
    Basins that are one share a root, the oldest name among them and so the highest
    peak; `peaks` holds the height at which each was begun.
    """
    count = 0
    for at in order:
        best, steepest, highest = 0, 0, -1
        for step in steps:
            root = names[at + step]
            if root == 0:
                continue
            while roots[root] != root:
                roots[root] = roots[roots[root]]
                root = roots[root]
            if best == 0 or root < best:
                best = root
            if levels[at + step] > highest:
                highest, steepest = levels[at + step], root
        if best == 0:
            count += 1
            names[at] = roots[count] = count
            peaks[count] = levels[at]
            continue
        for step in steps:
            root = names[at + step]
            if root == 0:
                continue
            while roots[root] != root:
                root = roots[root]
            if root != best and int(peaks[root]) - int(levels[at]) < rise:
                roots[root] = best
        names[at] = roots[steepest]
    for at in order:
        root = names[at]
        while roots[root] != root:
            root = roots[root]
        names[at] = root
