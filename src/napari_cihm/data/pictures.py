"""Read and write single flat pictures: the files of training folders."""

from pathlib import Path

import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image as Pillow

from napari_cihm.errors import ReadError

SUFFIXES = (".png", ".tif", ".tiff", ".jpg", ".jpeg", ".bmp")


def read_picture(path: Path) -> NDArray[np.generic]:
    """Read a flat picture as (height, width) or (height, width, channels).

    Raises
    ------
    ReadError
        When the file is missing, broken or not a flat picture.
    """
    try:
        if path.suffix.lower() in (".tif", ".tiff"):
            values = np.asarray(tifffile.imread(path))
        else:
            values = _read_with_pillow(path)
    except FileNotFoundError:
        raise ReadError(f"{path} does not exist", "a picture") from None
    except Exception as error:  # decoders raise whatever they like
        raise ReadError(
            f"{path} cannot be read ({type(error).__name__}: {error})",
            f"a picture ({', '.join(SUFFIXES)})",
            "open it in another program; copy it anew if that fails too",
        ) from error
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


def _read_with_pillow(path: Path) -> NDArray[np.generic]:
    with Pillow.open(path) as picture:
        if picture.mode in ("P", "PA", "CMYK", "YCbCr", "LAB", "HSV"):
            return np.asarray(picture.convert("RGB"))
        if picture.mode == "1":
            return np.asarray(picture.convert("L"))
        return np.asarray(picture)
