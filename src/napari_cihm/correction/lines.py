"""Drawn lines as pixels."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from napari_cihm.errors import InputError


def rasterised(points: Sequence[Sequence[float]]) -> NDArray[np.intp]:
    """Return the pixels along a line through `points`, in order.

    No two neighbours in the list touch by a corner alone, so that not even
    diagonal neighbours slip through a line in a plane. A single point gives a
    single pixel.
    """
    corners = np.asarray(points, np.float64)
    if corners.ndim != 2 or not len(corners) or not np.isfinite(corners).all():
        raise InputError(
            f"a line of shape {corners.shape}", "points of the labels' dimensions"
        )
    pixels = [np.rint(corners[:1]).astype(np.intp)]
    for one, other in pairwise(np.rint(corners)):
        steps = int(np.abs(other - one).max())
        if steps:
            ramp = np.arange(1, steps + 1)[:, None] / steps
            pixels.append(np.rint(one + ramp * (other - one)).astype(np.intp))
    return _without_corners(np.concatenate(pixels))


def inside(pixels: NDArray[np.intp], shape: Sequence[int]) -> NDArray[np.intp]:
    """Return the pixels that lie within `shape`."""
    return pixels[((pixels >= 0) & (pixels < np.array(shape))).all(axis=1)]


def extended(points: Sequence[Sequence[float]], by: float) -> list[list[float]]:
    """Return the line made longer at both ends, straight on.

    The direction at an end is taken over a few pixels, since the last bit of a
    stroke drawn by hand is often a twitch.
    """
    corners = np.asarray(points, np.float64)
    ends = []
    for line in (corners, corners[::-1]):
        away = np.linalg.norm(line - line[0], axis=1)
        far = line[np.argmax(away >= 4)] if (away >= 4).any() else line[away.argmax()]
        length = float(np.linalg.norm(line[0] - far))
        step = (line[0] - far) / length if length else np.zeros_like(far)
        ends.append(line[0] + by * step)
    return [ends[0].tolist(), *corners.tolist(), ends[1].tolist()]


def _without_corners(pixels: NDArray[np.intp]) -> NDArray[np.intp]:
    """Insert a pixel wherever a step changes more than one coordinate."""
    path = [pixels[:1]]
    for one, other in pairwise(pixels):
        between = one.copy()
        for axis in np.flatnonzero(other != one):
            between[axis] = other[axis]
            path.append(between[None].copy())
    return np.concatenate(path)
