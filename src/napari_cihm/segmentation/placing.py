"""Where parts of a plane or a volume lie in labels of any order of axes."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_cihm.data.boxes import Box
from napari_cihm.data.image import Image

CANON = "tzyx"
Unit = tuple[int, ...]  # what is decoded apart: a plane (t, z), or a volume (t,)


def picked(of_canon: Sequence[Any], axes: str) -> tuple[Any, ...]:
    """Return what belongs to the labels' axes, in their order."""
    return tuple(of_canon[CANON.index(letter)] for letter in axes)


def placed(unit: Unit, box: Box, axes: str) -> Box:
    """Return the place of a unit's box in labels with these axes."""
    return picked((*(slice(u, u + 1) for u in unit), *box), axes)


def arranged(part: NDArray[Any], axes: str) -> NDArray[Any]:
    """Turn a part of a plane (y, x) or a volume (z, y, x) to fit `placed`."""
    part = part.reshape((1,) * (len(CANON) - part.ndim) + part.shape)
    lost = tuple(i for i, letter in enumerate(CANON) if letter not in axes)
    left = [letter for letter in CANON if letter in axes]
    return part.squeeze(lost).transpose([left.index(letter) for letter in axes])


def plane_of(
    labels: Any,
    image: Image,
    t: int,
    z: int,
    rows: slice = slice(None),
    columns: slice = slice(None),
) -> NDArray[Any]:
    """Read a plane of an image's labels, or some of it, rows first as `Image.read`."""
    axes = image.label_axes
    part = np.asarray(labels[picked((t, z, rows, columns), axes)])
    return part if axes.index("y") < axes.index("x") else part.T
