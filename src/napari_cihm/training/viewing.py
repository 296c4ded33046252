"""Large images are shown to a model in tiles, as they are when it segments."""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_cihm.config import ModelConfig, SegmentSettings
from napari_cihm.data.boxes import Box, whole
from napari_cihm.data.tiles import TileGrid
from napari_cihm.models import Model
from napari_cihm.segmentation.decoding import decode
from napari_cihm.segmentation.plan import blend
from napari_cihm.segmentation.predictor import to_fractions
from napari_cihm.training.material import Plane

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
    everything = whole(shape)
    if max(shape) <= WHOLE:
        return show(everything)
    overlap = SegmentSettings().overlap
    grid = TileGrid(shape, max(_side(n, overlap) for n in shape), overlap)
    tiles = {number: to_fractions(show(grid[number])) for number in range(len(grid))}
    return blend(grid, tiles, everything)


def label_planes(model: Model, planes: Iterable[Plane]) -> list[NDArray[np.int32]]:
    """Let a model label whole planes."""
    return [labels_of(maps_of(model, plane.image), model.config) for plane in planes]


def maps_of(model: Model, image: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    """Let a model see a whole image, normalised for it."""

    def show(box: Box) -> NDArray[np.float32]:
        part = image[None, :, *box].astype(np.float32, copy=False)
        return np.asarray(model.predict(part)[0])

    return view(image.shape[1:], show)


def labels_of(maps: NDArray[np.float32], config: ModelConfig) -> NDArray[np.int32]:
    """Make objects, or regions, of a model's maps."""
    if config.task == "instance":
        return decode(maps, config.decoding)
    return np.asarray(maps[0] > 0.5 if len(maps) == 1 else maps.argmax(0), np.int32)


def _side(extent: int, overlap: int) -> int:
    """Return the side of the fewest equal tiles, so that little is seen twice."""
    if extent <= WHOLE:
        return extent
    count = -(-(extent - overlap) // (WHOLE - overlap))
    return -(-(extent - overlap) // count) + overlap
