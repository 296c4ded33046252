"""Tools that change an object's outline, never another object's.

Labels, point and axes are for all of them as for `fill_holes`.
"""

from collections.abc import Callable, Sequence
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_cihm.correction.chunked import readable
from napari_cihm.correction.edits import Edit, edit_of
from napari_cihm.correction.pieces import piece_at, pieces_in
from napari_cihm.correction.windows import Window
from napari_cihm.errors import InputError

NOTHING = "Nothing to change."


def fill_holes(
    labels: Any, point: Sequence[float], *, axes: Sequence[int] | None = None
) -> Edit:
    """Fill the background that an object encloses.

    Another object in a hole stays. A hole that is open to the side in depth is
    none in 3-D: fill such holes slice by slice, with the plane's axes.

    Parameters
    ----------
    labels : array-like of int
        numpy, zarr, dask or chunked labels.
    point : sequence of float
        A pixel of the object.
    axes : sequence of int, optional
        Work along these axes alone, such as the plane on screen.
    """
    return _reshaped(
        labels,
        point,
        axes,
        lambda w: ndimage.binary_fill_holes(w.mask),
        "Fill holes of",
    )


def smooth(
    labels: Any,
    point: Sequence[float],
    sigma: float = 1.5,
    *,
    axes: Sequence[int] | None = None,
) -> Edit:
    """Smooth an object's outline: bumps and bays narrower than about 2 sigma go."""
    _check_positive("a smoothing", sigma)

    def smoothed(window: Window) -> NDArray[np.bool_]:
        outline = window.mask.astype(np.float32)
        soft = ndimage.gaussian_filter(outline, sigma, mode="nearest")
        return _main_part(soft > 0.5, window)

    # The filter reaches four widths, as scipy cuts it.
    margin = ceil(4 * sigma) + 1
    return _reshaped(labels, point, axes, smoothed, "Smooth", margin=margin)


def grow(
    labels: Any,
    point: Sequence[float],
    pixels: float = 1,
    *,
    axes: Sequence[int] | None = None,
) -> Edit:
    """Grow an object by some pixels into the background, never over a neighbour."""
    _check_positive("a growth", pixels)

    def grown(window: Window) -> NDArray[np.bool_]:
        # Behind a neighbour it would be a piece of its own: not meant.
        reached = ndimage.distance_transform_edt(~window.mask) <= pixels
        return _main_part(reached, window)

    by, full = f" by {pixels:g} px", "It fills the image already."
    margin = ceil(pixels) + 1
    return _reshaped(labels, point, axes, grown, "Grow", by, margin, full)


def shrink(
    labels: Any,
    point: Sequence[float],
    pixels: float = 1,
    *,
    axes: Sequence[int] | None = None,
) -> Edit:
    """Shrink an object by some pixels; where the image cuts it off, it stays so."""
    _check_positive("a shrinkage", pixels)

    def shrunk(window: Window) -> Any:
        return ndimage.distance_transform_edt(window.mask) > pixels

    by, full = f" by {pixels:g} px", "It has no outline."
    return _reshaped(labels, point, axes, shrunk, "Shrink", by, full=full)


def _reshaped(
    labels: Any,
    point: Sequence[float],
    axes: Sequence[int] | None,
    outline_of: Callable[[Window], NDArray[np.bool_]],
    verb: str,
    by: str = "",
    margin: int = 1,
    full: str = NOTHING,
) -> Edit:
    """Give the object at a point the outline that is found in its surroundings.

    `full` is said of an object that leaves nothing of them.
    """
    labels = readable(labels)
    piece = piece_at(labels, point, axes)
    window = Window.around(labels, piece, margin)
    what = f"{verb} object {piece.label}{by}"
    if window.mask.all():
        return edit_of([], labels, what, full)
    outline = outline_of(window)
    if not outline.any():
        raise InputError(
            f"nothing of object {piece.label} would be left",
            "a smaller step",
            "delete the object if that is what you want",
        )
    block = window.reshaped(outline, piece.label)
    return edit_of([block], labels, what, "" if block else NOTHING)


def _main_part(outline: NDArray[np.bool_], window: Window) -> NDArray[np.bool_]:
    """Keep the part, on no other object, that shares most pixels with this one."""
    numbered, count = pieces_in(outline & (window.mask | window.free))
    shared = np.bincount(numbered[window.mask], minlength=count + 1)
    shared[0] = 0
    part: NDArray[np.bool_] = numbered == shared.argmax()
    return part & (numbered > 0)


def _check_positive(what: str, value: float) -> None:
    if not value > 0 or not np.isfinite(value):
        raise InputError(f"{what} of {value} pixels", "a number above 0")
