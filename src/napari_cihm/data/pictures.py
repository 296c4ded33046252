"""Single flat pictures, read whole: the files of training folders."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_cihm.data.axes import guess_axes
from napari_cihm.data.image import COLOUR, Image, is_colour
from napari_cihm.data.reading import read_header, read_image
from napari_cihm.errors import ReadError

SUFFIXES = (".png", ".tif", ".tiff", ".jpg", ".jpeg", ".bmp")


def read_picture(path: Path) -> NDArray[np.generic]:
    """Read a flat picture as (channels, height, width)."""
    return read_channels(open_picture(path))


def read_channels(picture: Image) -> NDArray[np.generic]:
    """Read the channels that are segmented: all of them, less transparency.

    A colour picture whose three channels are equal is grey, and becomes one.
    """
    channels = picture.read()
    if is_colour(picture):
        channels = channels[:COLOUR]
    equal = len(channels) == COLOUR and bool((channels == channels[:1]).all())
    return channels[:1] if equal else channels


def open_picture(path: Path) -> Image:
    """Open a flat picture.

    Raises
    ------
    ReadError
        When the file is missing, broken or not a flat picture.
    """
    return _flat(read_image(path), path)


def form_of(path: Path) -> tuple[tuple[int, int, int], np.dtype[Any]]:
    """Return the shape and kind of what `read_picture` gives, from the header alone.

    Colours that are all equal count as three, which only their pixels tell.
    """
    image = _flat(read_header(path), path)
    channels = COLOUR if is_colour(image) else image.size("c")
    shape = (channels, image.size("y"), image.size("x"))
    return shape, image.dtype.newbyteorder("=")


def _flat(image: Image, path: Path) -> Image:
    """Take the one dimension beside rows and columns for channels.

    Whatever its name: many programs write channels as mere pages, and a mask lies
    over one plane.
    """
    if image.size("t") * image.size("z") == 1:
        return image
    if len(image.shape) != 3:
        raise ReadError(f"{path} holds an array of shape {image.shape}", "one picture")
    return image.with_axes(guess_axes(image.shape).replace("z", "c"))
