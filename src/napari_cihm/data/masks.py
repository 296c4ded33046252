"""Masks: files in which a pixel is a number, however they were saved."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from napari_cihm.data.image import ALPHA, COLOUR, Image
from napari_cihm.data.reading import PICTURE_MAGIC, read_image
from napari_cihm.data.tiff import first_bytes
from napari_cihm.data.tiff_pixels import LazyTiff
from napari_cihm.errors import ReadError

NUMBERS = "one number a pixel: 0, 1, 2 ..."


def open_mask(path: Path) -> Image:
    """Open a mask of any axes.

    Colours that only show its numbers are left out: a palette, equal red, green and
    blue, transparency, and whether 0 is white.

    Raises
    ------
    ReadError
        When it cannot be read, holds colours, or is a JPEG.
    """
    image = read_image(path)
    if isinstance(image.data, LazyTiff):
        image = replace(image, data=image.data.stored)
    numbers = _indices(path)
    if numbers is None and image.axes.endswith("c"):
        numbers = _without_colour(np.asarray(image.data), path)
    if numbers is None:
        return image
    return Image.of(numbers, image.axes.replace("c", ""), name=image.name, path=path)


def read_mask(path: Path) -> NDArray[np.generic]:
    """Read a mask of one plane as (height, width)."""
    mask = open_mask(path)
    planes = mask.size("t") * mask.size("z") * mask.size("c")
    if planes > 1:
        raise ReadError(
            f"{path} holds {planes} planes (axes {mask.axes})",
            NUMBERS,
            "save a file for each plane; `cihm finetune` takes stacks as they are",
        )
    return np.asarray(mask.read()[0])


def _indices(path: Path) -> NDArray[np.generic] | None:
    """Return the numbers behind a picture's palette of colours; refuse a JPEG."""
    if not first_bytes(path).startswith(PICTURE_MAGIC):
        return None
    with Pillow.open(path) as picture:
        if picture.format == "JPEG":
            raise ReadError(
                f"{path} is a JPEG, which blurs the numbers of a mask",
                "a PNG or TIFF",
                "export it again from its source; if it has two values, keep what "
                "is above the middle",
            )
        palette = np.reshape(picture.getpalette() or [], (-1, 3))
        coloured = bool((palette != palette[:, :1]).any())
        return np.asarray(picture) if coloured else None


def _without_colour(colours: NDArray[np.generic], path: Path) -> NDArray[np.generic]:
    seen = colours[..., :COLOUR] if colours.shape[-1] == ALPHA else colours
    if (seen != seen[..., :1]).any():
        raise ReadError(f"{path} is a colour picture", NUMBERS)
    return seen[..., 0]
