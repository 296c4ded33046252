"""Where outlines meet the edges of their image: in their place, beside it, nowhere."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_cihm.training.material import Plane

FARTHEST = 12  # pixels by which labels are moved, in search of a better place
SHIFTS = 2 * FARTHEST + 1
MOVED = 2.0  # pixels beside the edges that are no habit of drawing
BETTER = 1.08  # edge met there, by edge met where the labels are
RELIEF = 1.15  # edge under the outlines, by edge met anywhere near
ENOUGH_OUTLINE = 20_000  # pixels of a plane


def edge_met(planes: Sequence[Plane], images: int) -> NDArray[np.float64]:
    """Sum the edge under the outlines of each image, for every way to move them.

    Of the first channel by itself in which they follow something, where in all
    together they do not: one may show the objects, and another nothing but grain.
    """
    met = _edge_by_image(planes, images, slice(None))
    count = len(planes[0].image)
    if count > 1 and relief(met.sum(0)) < RELIEF:
        single = (_edge_by_image(planes, images, slice(c, c + 1)) for c in range(count))
        met = next((one for one in single if relief(one.sum(0)) >= RELIEF), met)
    return met


def relief(met: NDArray[np.float64]) -> float:
    """Compare the most edge met anywhere near with what is met by chance."""
    return float(met.max() / np.median(met))


def best_move(met: NDArray[np.float64]) -> tuple[int, int]:
    """Return the move that meets the most edge, where it clearly is a better place."""
    row, column = np.unravel_index(np.argmax(met), met.shape)
    down, right = int(row) - FARTHEST, int(column) - FARTHEST
    better = met.max() / met[FARTHEST, FARTHEST]
    clear = np.hypot(down, right) >= MOVED and better >= BETTER
    return (down, right) if clear and relief(met) >= RELIEF else (0, 0)


def move(labels: NDArray[np.int32], down: int, right: int) -> NDArray[np.int32]:
    """Return labels that lie so much further up and left; what leaves is gone."""
    far = max(abs(down), abs(right))
    padded = np.pad(labels, far)
    rows, columns = labels.shape
    top, left = far + down, far + right
    return padded[top : top + rows, left : left + columns]


def _edge_by_image(
    planes: Sequence[Plane], images: int, channels: slice
) -> NDArray[np.float64]:
    """Sum the edge of some channels under the outlines of each image, by shift."""
    met = np.full((images, SHIFTS, SHIFTS), 1e-9)
    for plane in planes:
        met[plane.source] += _edge_by_shift(plane, channels)
    return met


def _edge_by_shift(plane: Plane, channels: slice) -> NDArray[np.float64]:
    """Sum the edge under the outlines, for every way to move them a little."""
    edge = np.pad(_edge(plane.image[channels]), FARTHEST, mode="reflect")
    outline = np.ptp(_neighbours(plane.labels), axis=0) > 0
    at = np.argwhere(outline & plane.reviewed)
    rows, columns = at[:: 1 + len(at) // ENOUGH_OUTLINE].T
    reach = range(SHIFTS)
    met = [[edge[rows + dy, columns + dx].sum() for dx in reach] for dy in reach]
    return np.array(met)


def _neighbours(labels: NDArray[np.integer]) -> NDArray[np.integer]:
    """Stack the lowest and highest label around each pixel."""
    filters = ndimage.minimum_filter, ndimage.maximum_filter
    return np.stack([lay_out(labels, 3) for lay_out in filters])


def _edge(image: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return how much the intensity varies about each pixel.

    Wide enough to hold both flanks of a membrane, for outlines run on its crest,
    where a gradient would be nothing.
    """
    spreads = []
    for channel in image.astype(np.float64):
        mean, square = (ndimage.uniform_filter(c, 5) for c in (channel, channel**2))
        spreads.append(np.sqrt(np.maximum(square - mean**2, 0)))
    return np.asarray(ndimage.uniform_filter(np.max(spreads, axis=0), 5))
