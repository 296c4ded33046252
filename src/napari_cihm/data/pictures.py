"""Single flat pictures, read whole: the files of training folders."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_cihm.data.axes import guess_axes
from napari_cihm.data.image import ALPHA, COLOUR, Image, is_colour
from napari_cihm.data.reading import read_image
from napari_cihm.data.tiff import has_alpha
from napari_cihm.errors import ReadError

SUFFIXES = (".png", ".tif", ".tiff", ".jpg", ".jpeg", ".bmp")


def read_picture(path: Path) -> NDArray[np.generic]:
    """Read a flat picture as (channels, height, width).

    The channels are those that are segmented: all of them, less transparency. A
    colour picture whose three channels are equal is grey, and becomes one.

    Raises
    ------
    ReadError
        When the file is missing, broken or not a flat picture.
    """
    image = _flat(read_image(path), path)
    channels = image.read()
    if is_colour(image):
        channels = channels[:COLOUR]
    elif len(channels) == 2 and has_alpha(path):
        channels = channels[:1]
    return _grey_if_equal(channels)


def split_channels(values: NDArray[np.generic]) -> NDArray[np.generic]:
    """Turn (height, width, channels) into what `read_picture` gives of such a file."""
    channels = np.moveaxis(values, -1, 0)
    return _grey_if_equal(channels[:COLOUR] if len(channels) == ALPHA else channels)


def _grey_if_equal(channels: NDArray[np.generic]) -> NDArray[np.generic]:
    equal = len(channels) == COLOUR and bool((channels == channels[:1]).all())
    return channels[:1] if equal else channels


def _flat(image: Image, path: Path) -> Image:
    """Take the one dimension beside rows and columns for channels, if it has no name.

    Many programs write channels as mere pages.
    """
    if image.size("t") * image.size("z") == 1:
        return image
    if len(image.shape) != 3:
        raise ReadError(f"{path} holds an array of shape {image.shape}", "one picture")
    return image.with_axes(guess_axes(image.shape).replace("z", "c"))
