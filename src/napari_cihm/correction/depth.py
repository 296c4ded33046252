"""Tools that carry an outline to other slices of a stack."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_cihm.correction.chunked import readable
from napari_cihm.correction.edits import Edit, changed, edit_of
from napari_cihm.correction.pieces import Piece, piece_at
from napari_cihm.correction.windows import flat
from napari_cihm.data.boxes import Box, grown, hull, sliced, start_of
from napari_cihm.errors import InputError

Floats = NDArray[np.float64]


def copy_to_slice(
    labels: Any,
    point: Sequence[float],
    axis: int,
    step: int = 1,
    *,
    axes: Sequence[int] | None = None,
    called: str = "slice",
) -> Edit:
    """Copy an object's outline in one slice to another slice.

    Only background is taken there.

    Parameters
    ----------
    labels : array-like of int
        numpy, zarr, dask or chunked labels.
    point : sequence of float
        A pixel of the object, in the slice to copy from.
    axis : int
        The axis that numbers the slices.
    step : int
        1 for the next slice, -1 for the one before.
    axes : sequence of int, optional
        The axes of the slice; all but `axis` by default.
    called : str
        What a slice is called in words to the user.
    """
    labels = readable(labels)
    axis, plane = _plane(labels, axis, axes)
    piece = piece_at(labels, point, plane)
    at = piece.box[axis].start + step
    if not 0 <= at < labels.shape[axis]:
        which = at if at >= 0 else "before the first"
        raise InputError(
            f"there is no {called} {which}",
            f"{called}s 0 to {labels.shape[axis] - 1}",
        )
    box = sliced(piece.box, axis, at)
    before = np.asarray(labels[box])
    wanted = piece.mask_in(piece.box)
    after = np.where(wanted & (before == 0), piece.label, before)
    taken = int(np.count_nonzero(wanted & (before != 0) & (before != piece.label)))
    block = changed(start_of(box), before, after)
    note = f"{taken} of its pixels belong to other objects there." if taken else ""
    note = note or ("" if block else "It is there already.")
    what = f"Copy object {piece.label} to {called} {at}"
    return edit_of([block], labels, what, note)


def interpolate(
    labels: Any,
    first: Sequence[float],
    last: Sequence[float],
    axis: int,
    *,
    axes: Sequence[int] | None = None,
    called: str = "slice",
) -> Edit:
    """Draw an object in all slices between two, changing shape from one to other.

    Signed distances to the two outlines are blended, each outline carried along
    the straight line between their centres. Only background is taken.

    Parameters
    ----------
    labels, axes, called
        As for `copy_to_slice`.
    first, last : sequence of float
        A pixel of the object in each of the two slices. If they belong to
        different objects, what is drawn between takes the first's number.
    axis : int
        The axis that numbers the slices.
    """
    labels = readable(labels)
    axis, plane = _plane(labels, axis, axes)
    ends = [piece_at(labels, first, plane), piece_at(labels, last, plane)]
    label = ends[0].label
    ends.sort(key=lambda piece: piece.box[axis].start)
    low, high = (piece.box[axis].start for piece in ends)
    if high - low < 2:
        met = f"{called}s {low} and {high} have none between them"
        raise InputError(
            met if low < high else f"both clicks are in {called} {low}",
            f"an object in two {called}s with others in between",
        )
    fixed = [a for a in range(len(labels.shape)) if a != axis and a not in plane]
    if any(ends[0].box[a] != ends[1].box[a] for a in fixed):
        raise InputError(
            "the two clicks also differ along another axis",
            "two slices of one stack",
            "point at the object twice at the same time point",
        )
    tight = hull(sliced(piece.box, axis, low) for piece in ends)
    # Room for an outline to move in; none comes in from beyond the window.
    room = max(s.stop - s.start for a, s in enumerate(tight) if a in plane)
    box = grown(tight, room, labels.shape, plane)
    shapes = [flat(_shadow(piece, box), plane) for piece in ends]
    centres = [np.array(ndimage.center_of_mass(shape)) for shape in shapes]
    depths = [_signed(shape) for shape in shapes]
    blocks = []
    for at in range(low + 1, high):
        shape = _between(depths, centres, (at - low) / (high - low))
        place = sliced(box, axis, at)
        before = np.asarray(labels[place])
        wanted = shape.reshape(before.shape) & (before == 0)
        blocks.append(changed(start_of(place), before, np.where(wanted, label, before)))
    what = f"Interpolate object {label} between {called}s {low} and {high}"
    note = "" if any(blocks) else "Nothing to change."
    return edit_of(blocks, labels, what, note)


def _between(
    depths: Sequence[Floats], centres: Sequence[Floats], part: float
) -> NDArray[np.bool_]:
    """Return the outline a part of the way from the first end to the last."""
    centre = (1 - part) * centres[0] + part * centres[1]
    blend = np.zeros(depths[0].shape)
    for depth, own, weight in zip(depths, centres, (1 - part, part), strict=True):
        blend += weight * ndimage.shift(depth, centre - own, mode="nearest", order=1)
    return np.asarray(blend > 0)


def _shadow(piece: Piece, box: Box) -> NDArray[np.bool_]:
    """Return a piece as a mask of `box`, as if it lay in that slice."""
    place = tuple(
        wide if a in piece.axes else own
        for a, (wide, own) in enumerate(zip(box, piece.box, strict=True))
    )
    return piece.mask_in(place)


def _signed(mask: NDArray[np.bool_]) -> Floats:
    """Return the distance to the outline, above 0 inside."""
    wide = np.pad(mask, 1)
    inner = ndimage.distance_transform_edt(wide)
    outer = ndimage.distance_transform_edt(~wide)
    core = (slice(1, -1),) * mask.ndim
    return np.asarray(np.where(wide, inner - 0.5, 0.5 - outer)[core])


def _plane(
    labels: Any, axis: int, axes: Sequence[int] | None
) -> tuple[int, tuple[int, ...]]:
    n = len(labels.shape)
    if not -n <= axis < n or n < 2:
        raise InputError(f"axis {axis} of labels with {n} dimensions", "one of theirs")
    axis %= n
    plane = tuple(a for a in range(n) if a != axis) if axes is None else tuple(axes)
    if axis in plane:
        raise InputError(f"slices along axis {axis} that lie along it", "other axes")
    return axis, plane
