"""Large images are shown to a model in tiles, as they are when it segments."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from napari_cihm.config import SegmentSettings
from napari_cihm.data.tiles import Box, TileGrid
from napari_cihm.segmentation.plan import blend
from napari_cihm.segmentation.predictor import to_fractions

WHOLE = 1536  # pixels to a side, up to which an image is seen at once


def view(
    shape: tuple[int, ...], show: Callable[[Box], NDArray[np.float32]]
) -> NDArray[np.float32]:
    """Return the maps of a whole image.

    Parameters
    ----------
    shape : tuple of int
        Its height and width.
    show : callable
        Gives the maps of a part.
    """
    whole = tuple(slice(0, n) for n in shape)
    if max(shape) <= WHOLE:
        return show(whole)
    overlap = SegmentSettings().overlap
    grid = TileGrid(shape, max(_side(n, overlap) for n in shape), overlap)
    tiles = {number: to_fractions(show(grid[number])) for number in range(len(grid))}
    return blend(grid, tiles, whole)


def _side(extent: int, overlap: int) -> int:
    """Return the side of the fewest equal tiles, so that little is seen twice."""
    if extent <= WHOLE:
        return extent
    count = -(-(extent - overlap) // (WHOLE - overlap))
    return -(-(extent - overlap) // count) + overlap
