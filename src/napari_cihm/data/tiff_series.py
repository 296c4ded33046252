"""A stack that lies in many TIFF files, one plane each."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_cihm.data.axes import check_axes
from napari_cihm.data.image import Image, readable
from napari_cihm.data.tiff import first_bytes, is_tiff, open_tiff
from napari_cihm.errors import ReadError


def open_tiff_series(paths: Sequence[Path], axes: str | None = None) -> Image:
    """Open files of one shape as a stack, in the order they are given.

    Its axes are depth and then those of a file, unless others are given.

    Raises
    ------
    ReadError
        If there is no file, or one differs from the first.
    """
    if not paths:
        raise ReadError("a stack of no files", "TIFF files of one shape")
    planes = [_open(path) for path in paths]
    first = planes[0]
    for plane in planes:
        if (plane.shape, plane.dtype) != (first.shape, first.dtype):
            raise ReadError(
                f"{plane.path} is {plane.shape} {plane.dtype}",
                f"{first.shape} {first.dtype} as in {first.path}",
            )
    data = _Files(planes)
    letters = axes or ("z" if "z" not in first.axes else "t") + first.axes
    check_axes(letters, data.shape)
    return Image.of(
        data,
        letters,
        scale=first.scale,
        units=first.units,
        name=paths[0].resolve().parent.name,
        path=paths[0].parent,
    )


class _Files:
    """Images of one shape, one behind another."""

    def __init__(self, planes: list[Image]) -> None:
        self._planes = planes
        self.shape = (len(planes), *planes[0].shape)
        self.dtype = planes[0].dtype
        self.ndim = len(self.shape)

    def __getitem__(self, where: Any) -> NDArray[Any]:
        where = where if isinstance(where, tuple) else (where,)
        if isinstance(where[0], slice):
            numbers = range(*where[0].indices(len(self._planes)))
            return np.stack([self[(number, *where[1:])] for number in numbers])
        return np.asarray(self._planes[where[0]].data[where[1:]])


def _open(path: Path) -> Image:
    with readable(path):
        if not is_tiff(first_bytes(path)):
            raise ReadError(f"{path} is not a TIFF", "TIFF files of one shape")
        return open_tiff(path)
