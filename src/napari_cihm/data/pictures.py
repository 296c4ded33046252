"""Single flat pictures, read whole: the files of training folders."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_cihm.data.reading import read_image
from napari_cihm.errors import ReadError

SUFFIXES = (".png", ".tif", ".tiff", ".jpg", ".jpeg", ".bmp")


def read_picture(path: Path) -> NDArray[np.generic]:
    """Read a flat picture as (height, width) or (height, width, channels).

    Raises
    ------
    ReadError
        When the file is missing, broken or not a flat picture.
    """
    values = np.asarray(read_image(path).data)
    if values.ndim == 3 and values.shape[0] in (2, 3, 4) and values.shape[2] > 4:
        values = np.moveaxis(values, 0, -1)
    if values.ndim not in (2, 3) or not values.size:
        raise ReadError(f"{path} holds an array of shape {values.shape}", "one picture")
    return values


def split_channels(values: NDArray[np.generic]) -> NDArray[np.generic]:
    """Turn a picture into (channels, height, width), dropping an alpha channel.

    A colour picture whose three channels are equal is grey, and becomes one.
    """
    if values.ndim == 2:
        return values[None]
    if values.shape[-1] == 4:
        values = values[..., :3]
    elif values.shape[-1] == 2:
        values = values[..., :1]
    first = values[..., :1]
    if values.shape[-1] == 3 and bool((values == first).all()):
        values = first
    return np.moveaxis(values, -1, 0)
