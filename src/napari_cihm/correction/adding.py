"""Add an object from a click or a scribble."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_cihm.config import Decoding
from napari_cihm.correction.chunked import readable
from napari_cihm.correction.edits import Edit, edit_of
from napari_cihm.correction.given import check_axes_of, check_point
from napari_cihm.correction.label_index import LabelIndex
from napari_cihm.correction.lines import inside, rasterised
from napari_cihm.correction.proposing import disc, from_intensities, from_maps
from napari_cihm.correction.windows import Window, flat
from napari_cihm.data.boxes import Box, box_at, grown, hull, start_of
from napari_cihm.errors import InputError, ShapeError

# An outline that reaches the window's edge is looked for again in a wider one.
WIDENINGS = 3
# An outline of more squares of the usual width: the model misjudges the place.
LARGEST = 20


def add_object(
    labels: Any,
    scribble: Sequence[Sequence[float]],
    *,
    maps: Any = None,
    image: Any = None,
    diameter: float = 24.0,
    decoding: Decoding | None = None,
    axes: Sequence[int] | None = None,
    index: LabelIndex | None = None,
) -> Edit:
    """Add the object that a click or a scribble points at.

    Its outline comes from the model's maps; where they show nothing, or there
    are none, from the image's intensities; and without an image it is a disc.
    Only background is taken.

    Parameters
    ----------
    labels : array-like of int
        numpy, zarr, dask or chunked labels.
    scribble : sequence of points
        One point for a click, or the corners of a line within the object.
    maps : array-like of float, optional
        The model's maps, channels first, then the labels' shape.
    image : array-like, optional
        Intensities of the labels' shape: one channel.
    diameter : float
        Typical size of an object in pixels: how far to look.
    decoding : Decoding, optional
        The model's thresholds.
    axes : sequence of int, optional
        Add within these axes alone, such as the plane on screen.
    index : LabelIndex, optional
        Gives the new number without a scan of the labels.
    """
    labels = readable(labels)
    chosen = check_axes_of(axes, len(labels.shape))
    shape = tuple(int(n) for n in labels.shape)
    _check_shapes(shape, maps, image)
    pixels = _seed_pixels(scribble, shape, chosen)
    around = hull(box_at(p, (1,) * len(shape)) for p in pixels.tolist())
    reach = max(8, round(diameter))
    for widening in range(WIDENINGS + 1):
        box = grown(around, reach << widening, shape, chosen)
        window, seeds = _seeded(labels, box, pixels, chosen)
        outline, source = _propose(
            window, seeds, chosen, maps, image, decoding or Decoding(), diameter
        )
        if source == "disc" or not _at_edge(outline, box, shape, chosen):
            break
    outline = ndimage.binary_fill_holes(outline) & window.free
    index = LabelIndex(labels) if index is None else index
    number = index.fresh()[0]
    block = window.reshaped(outline, number)
    return edit_of([block], labels, f"Add object {number}", _said(source, maps))


def _seed_pixels(
    scribble: Sequence[Sequence[float]], shape: tuple[int, ...], axes: tuple[int, ...]
) -> NDArray[np.intp]:
    if not len(scribble):
        raise InputError("an empty scribble", "a click or a line")
    first = check_point(scribble[0], shape)
    pixels = inside(rasterised(scribble), shape)
    others = [a for a in range(len(shape)) if a not in axes]
    if (pixels[:, others] != np.array(first)[others]).any():
        raise InputError("a scribble through several slices", "a scribble in one slice")
    return pixels


def _seeded(
    labels: Any, box: Box, pixels: NDArray[np.intp], axes: tuple[int, ...]
) -> tuple[Window, NDArray[np.bool_]]:
    near = flat(np.asarray(labels[box]), axes)
    seeds = np.zeros(near.shape, np.bool_)
    inner = pixels - np.array(start_of(box))
    seeds[tuple(inner[:, a] for a in axes)] = True
    met = np.unique(near[seeds & (near != 0)]).tolist()
    seeds &= near == 0
    if not seeds.any():
        raise InputError(
            f"object {met[0]} is already there",
            "a click or scribble on the background",
            "split it, or delete it first",
        )
    return Window(box, near, np.zeros(near.shape, np.bool_)), seeds


def _propose(
    window: Window,
    seeds: NDArray[np.bool_],
    axes: tuple[int, ...],
    maps: Any,
    image: Any,
    decoding: Decoding,
    diameter: float,
) -> tuple[NDArray[np.bool_], str]:
    found = None
    if maps is not None:
        part = np.asarray(maps[(slice(None), *window.box)])
        shown = np.stack([flat(channel, axes) for channel in part])
        found = from_maps(shown, seeds, window.free, decoding)
    doubtful = found is None or _too_large(found, diameter)
    if image is not None and doubtful:
        seen = flat(np.asarray(image[window.box]), axes)
        seen = from_intensities(seen.astype(np.float32), seeds, window.free)
        small = np.count_nonzero(seen) <= 2 * np.count_nonzero(seeds)
        if not small and (found is None or not _too_large(seen, diameter)):
            return seen, "image"
    if found is not None:
        return found, "maps"
    return disc(seeds, diameter / 2, window.free), "disc"


def _too_large(outline: NDArray[np.bool_], diameter: float) -> bool:
    """Say whether an outline holds more than any object will."""
    return bool(np.count_nonzero(outline) > LARGEST * diameter**outline.ndim)


def _at_edge(
    outline: NDArray[np.bool_], box: Box, shape: tuple[int, ...], axes: tuple[int, ...]
) -> bool:
    """Say whether an outline is cut by the window and not by the image."""
    return any(
        (box[axis].start > 0 and np.take(outline, 0, inner).any())
        or (box[axis].stop < shape[axis] and np.take(outline, -1, inner).any())
        for inner, axis in enumerate(axes)
    )


def _said(source: str, maps: Any) -> str:
    if source == "maps":
        return ""
    if source == "image":
        unseen = "The model sees no object there; " if maps is not None else ""
        return f"{unseen}{'the' if unseen else 'The'} outline is from the image."
    return "Nothing stands out there; the outline is a disc of the usual size."


def _check_shapes(shape: tuple[int, ...], maps: Any, image: Any) -> None:
    if maps is not None and tuple(maps.shape[1:]) != shape:
        raise ShapeError(
            f"maps of shape {tuple(maps.shape)} for labels of shape {shape}",
            "channels first, then the labels' shape",
        )
    if image is not None and tuple(image.shape) != shape:
        raise ShapeError(
            f"an image of shape {tuple(image.shape)} for labels of shape {shape}",
            "one channel of the labels' shape",
        )
