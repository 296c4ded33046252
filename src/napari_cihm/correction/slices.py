"""Reviewed slices of an image: what fine-tuning learns from and export writes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_cihm.data.boxes import Box
from napari_cihm.data.image import Image
from napari_cihm.errors import InputError, ShapeError


@dataclass(frozen=True, eq=False)
class ReviewedSlice:
    """One plane of an image with its labels.

    Attributes
    ----------
    plane : mapping of str to int
        Where it lies: its number along each stacked axis, such as ``{"z": 12}``.
    image : array of shape (channels, height, width)
        As it is, not normalised.
    labels : array of int, shape (height, width)
        The labels there.
    reviewed : array of bool, shape (height, width), or None
        Where they may be believed; None for everywhere.
    """

    plane: Mapping[str, int]
    image: NDArray[Any]
    labels: NDArray[Any]
    reviewed: NDArray[np.bool_] | None


def reviewed_slices(
    image: Image,
    labels: Any,
    reviewed: Any = None,
    channels: tuple[int, ...] | None = None,
) -> Iterator[ReviewedSlice]:
    """Go through the planes in which anything is reviewed, reading one at a time.

    Everything counts as reviewed where marks are missing, and all channels are read
    unless some are chosen.
    """
    for plane in reviewed_planes(image, labels, reviewed):
        box = _box(image, plane)
        yield ReviewedSlice(
            plane,
            image.read(t=plane.get("t", 0), z=plane.get("z", 0), channels=channels),
            _flat(np.asarray(labels[box]), image),
            None if reviewed is None else _flat(_seen(reviewed, box), image),
        )


def reviewed_planes(
    image: Image, labels: Any, reviewed: Any = None
) -> list[dict[str, int]]:
    """List the planes in which anything is reviewed.

    Raises
    ------
    ShapeError
        If labels or marks do not fit the image.
    InputError
        If nothing is reviewed.
    """
    for what, given in {"labels": labels, "reviewed marks": reviewed}.items():
        if given is not None and tuple(given.shape) != image.label_shape:
            raise ShapeError(
                f"{what} of shape {tuple(given.shape)} for an image whose labels are "
                f"{image.label_axes!r} {image.label_shape}"
            )
    stacked = [axis for axis in image.label_axes if axis not in "yx"]
    numbers = product(*[range(image.size(axis)) for axis in stacked])
    planes = [dict(zip(stacked, at, strict=True)) for at in numbers]
    if reviewed is not None:
        planes = [at for at in planes if _seen(reviewed, _box(image, at)).any()]
    if not planes:
        raise InputError(
            "nothing is reviewed yet",
            "a reviewed slice, region or image",
            "mark what you have checked as reviewed",
        )
    return planes


def _seen(reviewed: Any, box: Box) -> NDArray[np.bool_]:
    return np.asarray(reviewed[box]).astype(bool, copy=False)


def _box(image: Image, plane: Mapping[str, int]) -> Box:
    return tuple(
        slice(plane[axis], plane[axis] + 1)
        if axis in plane
        else slice(0, image.size(axis))
        for axis in image.label_axes
    )


def _flat(values: NDArray[Any], image: Image) -> NDArray[Any]:
    """Drop the stacked axes of a box and put rows first."""
    axes = image.label_axes
    sizes = [n for n, a in zip(values.shape, axes, strict=True) if a in "yx"]
    flat = values.reshape(sizes)
    return flat if axes.index("y") < axes.index("x") else flat.T
