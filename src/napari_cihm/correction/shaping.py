"""Tools that change an object's outline, never another object's."""

from collections.abc import Sequence
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_cihm.correction.chunked import readable
from napari_cihm.correction.edits import Edit, edit_of
from napari_cihm.correction.pieces import Piece, piece_at, pieces_in
from napari_cihm.correction.windows import Window
from napari_cihm.errors import InputError


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
        Look along these axes alone, such as the plane on screen.
    """
    labels = readable(labels)
    piece = piece_at(labels, point, axes)
    window = Window.around(labels, piece)
    filled = ndimage.binary_fill_holes(window.mask)
    return _edit(labels, piece, window, filled, f"Fill holes of object {piece.label}")


def smooth(
    labels: Any,
    point: Sequence[float],
    sigma: float = 1.5,
    *,
    axes: Sequence[int] | None = None,
) -> Edit:
    """Smooth an object's outline.

    Parameters
    ----------
    labels : array-like of int
        The labels.
    point : sequence of float
        A pixel of the object.
    sigma : float
        Bumps and bays narrower than about twice this many pixels go.
    axes : sequence of int, optional
        Smooth along these axes alone.
    """
    labels = readable(labels)
    _check_positive("a smoothing", sigma)
    piece = piece_at(labels, point, axes)
    # The filter reaches four widths, as scipy cuts it.
    window = Window.around(labels, piece, ceil(4 * sigma) + 1)
    soft = ndimage.gaussian_filter(
        window.mask.astype(np.float32), sigma, mode="nearest"
    )
    outline = _main_part((soft > 0.5) & (window.mask | window.free), window.mask)
    what = f"Smooth object {piece.label}"
    return _edit(labels, piece, window, outline, what)


def grow(
    labels: Any,
    point: Sequence[float],
    pixels: float = 1,
    *,
    axes: Sequence[int] | None = None,
) -> Edit:
    """Grow an object into the background around it, never over a neighbour.

    Parameters
    ----------
    labels : array-like of int
        The labels.
    point : sequence of float
        A pixel of the object.
    pixels : float
        How far.
    axes : sequence of int, optional
        Grow along these axes alone.
    """
    labels = readable(labels)
    _check_positive("a growth", pixels)
    piece = piece_at(labels, point, axes)
    window = Window.around(labels, piece, ceil(pixels) + 1)
    if window.mask.all():
        what = f"Grow object {piece.label}"
        return edit_of([], labels, what, "It fills the image already.")
    reached = ndimage.distance_transform_edt(~window.mask) <= pixels
    # Behind a neighbour it would be a piece of its own: not meant.
    outline = _main_part(reached & (window.mask | window.free), window.mask)
    what = f"Grow object {piece.label} by {pixels:g} px"
    return _edit(labels, piece, window, outline, what)


def shrink(
    labels: Any,
    point: Sequence[float],
    pixels: float = 1,
    *,
    axes: Sequence[int] | None = None,
) -> Edit:
    """Shrink an object; where the image cuts it off, it stays cut off.

    Parameters
    ----------
    labels : array-like of int
        The labels.
    point : sequence of float
        A pixel of the object.
    pixels : float
        How far.
    axes : sequence of int, optional
        Shrink along these axes alone.
    """
    labels = readable(labels)
    _check_positive("a shrinkage", pixels)
    piece = piece_at(labels, point, axes)
    window = Window.around(labels, piece)
    if window.mask.all():
        what = f"Shrink object {piece.label}"
        return edit_of([], labels, what, "It has no outline.")
    outline = ndimage.distance_transform_edt(window.mask) > pixels
    what = f"Shrink object {piece.label} by {pixels:g} px"
    return _edit(labels, piece, window, outline, what)


def _edit(
    labels: Any,
    piece: Piece,
    window: Window,
    outline: NDArray[np.bool_],
    what: str,
) -> Edit:
    if not outline.any():
        raise InputError(
            f"nothing of object {piece.label} would be left",
            "a smaller step",
            "delete the object if that is what you want",
        )
    block = window.reshaped(outline, piece.label)
    note = "" if block else "Nothing to change."
    return edit_of([block], labels, what, note)


def _main_part(
    outline: NDArray[np.bool_], mask: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Keep the connected part that shares most pixels with the object."""
    numbered, count = pieces_in(outline)
    if not count:
        return outline
    shared = np.bincount(numbered[mask], minlength=count + 1)
    shared[0] = 0
    part: NDArray[np.bool_] = numbered == int(shared.argmax())
    return part


def _check_positive(what: str, value: float) -> None:
    if not value > 0 or not np.isfinite(value):
        raise InputError(f"{what} of {value} pixels", "a number above 0")
