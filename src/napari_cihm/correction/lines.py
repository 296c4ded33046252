"""Drawn lines: their pixels, what they run over, and where they cut it in two."""

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_cihm.correction.pieces import Piece, flood, label_at, pieces_in
from napari_cihm.errors import InputError

# Crumbs that a shaky line chips off belong to the side they lie at.
CRUMB = 0.01
LEAST = 4


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


def crossed(
    labels: Any, line: Sequence[Sequence[float]], axes: tuple[int, ...]
) -> Counter[Piece]:
    """Return the pieces that a line runs over, in order, each with how many pixels."""
    runs: Counter[Piece] = Counter()
    for pixel in inside(rasterised(line), labels.shape).tolist():
        label = label_at(labels, pixel)
        if label:
            known = (one for one in runs if one.label == label and pixel in one)
            piece = next(known, None) or flood(labels, tuple(pixel), label, axes)
            runs[piece] += 1
    return runs


def cut_sides(
    mask: NDArray[np.bool_],
    line: Sequence[Sequence[float]],
    drawn: Sequence[int],
    extend: bool = False,
) -> NDArray[np.int32] | None:
    """Give numbers to the parts that a line cuts a mask into, the largest first.

    What is outside the mask is 0; there is None when one part is all there is.

    Parameters
    ----------
    mask : array of bool
        The object.
    line : sequence of points
        Corners, along the two axes it was drawn along.
    drawn : sequence of int
        Those two axes of the mask; along others the line cuts all the way.
    extend : bool
        Make the line longer at both ends, up to where it leaves the object.
    """
    drawn = tuple(drawn)
    others = tuple(a for a in range(mask.ndim) if a not in drawn)
    shadow = np.asarray(mask.any(axis=others))
    wall = _wall(shadow, line, extend)
    rest = mask & ~np.expand_dims(wall, others)
    numbered, count = pieces_in(rest)
    sizes = np.bincount(numbered.reshape(-1), minlength=count + 1)[1:]
    order = np.argsort(-sizes, kind="stable")
    least = max(LEAST, CRUMB * float(mask.sum()))
    sides = [n for rank, n in enumerate(order) if rank < 2 or sizes[n] >= least]
    if len(sides) < 2:
        return None
    table = np.zeros(count + 1, np.int32)
    table[np.array(sides) + 1] = np.arange(1, len(sides) + 1)
    parts = table[numbered]
    # The wall's own pixels, and crumbs, go to the side that is nearest.
    nearest = ndimage.distance_transform_edt(
        parts == 0, return_distances=False, return_indices=True
    )
    return np.where(mask, parts[tuple(nearest)], 0).astype(np.int32)


def _wall(
    shadow: NDArray[np.bool_], line: Sequence[Sequence[float]], extend: bool
) -> NDArray[np.bool_]:
    wall = np.zeros(shadow.shape, np.bool_)
    wall[tuple(inside(rasterised(line), shadow.shape).T)] = True
    if extend and len(line) > 1:
        longer = _extended(line, float(np.hypot(*shadow.shape)))
        for away in ([line[0], longer[0]], [line[-1], longer[-1]]):
            for pixel in inside(rasterised(away), shadow.shape).tolist():
                if not shadow[tuple(pixel)]:
                    break
                wall[tuple(pixel)] = True
    return wall


def _extended(points: Sequence[Sequence[float]], by: float) -> list[list[float]]:
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
