"""One block's objects, and what is needed to join them to its neighbours'."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_cihm.data.boxes import shifted
from napari_cihm.data.tiles import Block
from napari_cihm.segmentation.decoding import decode
from napari_cihm.segmentation.plan import Plan, block_maps
from napari_cihm.segmentation.predictor import Maps
from napari_cihm.segmentation.surety import uncertainty_of

BAND = 3  # pixels on each side of a face in which two blocks compare their objects

Labels = NDArray[np.uint32]


@dataclass(frozen=True)
class Part:
    """The objects of one block, numbered from 1 within it.

    Parameters
    ----------
    index : tuple of int
        Which block.
    labels : array of uint32
        Its core.
    first : array of int64
        For each object, the first of its pixels, counted row by row over the
        whole plane: an order that does not depend on the blocks. Of a semantic
        model, the classes that were met.
    faces : mapping of (axis, side) to array
        The block's view of a band around each face it shares.
    maps : array of float32, optional
        Of the core, where they are to be kept.
    doubt : array of float32, optional
        How unsure the model is of the core, where that is to be kept.
    """

    index: tuple[int, ...]
    labels: Labels
    first: NDArray[np.int64]
    faces: Mapping[tuple[int, int], Labels] = field(default_factory=dict)
    maps: NDArray[np.float32] | None = None
    doubt: NDArray[np.float32] | None = None

    def without_pixels(self) -> "Part":
        """Return what joining needs, a few kilobytes."""
        return replace(self, labels=np.zeros((0, 0), np.uint32), maps=None, doubt=None)


def decode_block(plan: Plan, block: Block, tiles: Mapping[int, Maps]) -> Part:
    """Tell a block's objects apart from the maps of the tiles it touches."""
    maps = block_maps(plan, block, tiles)
    if plan.config.task == "semantic":
        seen: NDArray[Any] = classes_of(maps, plan.decoding.foreground)
    else:
        seen = decode(maps, plan.decoding)
    if plan.zoom > 1:
        window = plan.network_view(block)
        picks = [
            z.nearest(s) - w.start
            for z, s, w in zip(plan.back, block.view, window, strict=True)
        ]
        seen, maps = seen[np.ix_(*picks)], maps[:, *np.ix_(*picks)]
    core = shifted(block.core, block.view)
    if plan.config.task == "semantic":
        part = class_part(block, seen[core])
    else:
        part = make_part(block, plan.blocks.shape, plan.blocks.counts, seen)
    return with_kept(part, maps[:, *core], plan)


def class_part(block: Block, classes: Labels) -> Part:
    """Make a block of a semantic model's classes."""
    met = np.unique(classes).astype(np.int64)
    return Part(block.index, classes, met[met > 0])


def with_kept(part: Part, maps: NDArray[np.float32], plan: Plan) -> Part:
    """Add what the user wants to keep of the maps of a block's core."""
    if plan.settings.maps:
        part = replace(part, maps=maps)
    if plan.settings.uncertainty:
        part = replace(part, doubt=uncertainty_of(maps, plan.config.exclusive))
    return part


def classes_of(maps: NDArray[np.float32], threshold: float) -> Labels:
    """Turn the maps of a semantic model into class numbers, 0 the background."""
    if len(maps) == 1:
        return np.asarray(maps[0] > threshold, np.uint32)
    return np.asarray(maps.argmax(axis=0), np.uint32)


def make_part(
    block: Block,
    shape: tuple[int, ...],
    counts: tuple[int, ...],
    seen: NDArray[Any],
) -> Part:
    """Cut a decoded view down to its core and keep the bands around its faces."""
    core = seen[shifted(block.core, block.view)]
    present, first_here, inverse = np.unique(core, True, True)
    inside = present > 0
    numbers = np.cumsum(inside) * inside
    labels = numbers[inverse].reshape(core.shape).astype(np.uint32)
    places = np.unravel_index(first_here[inside], core.shape)
    corner = [s.start for s in block.core]
    first = np.ravel_multi_index(
        tuple(p + c for p, c in zip(places, corner, strict=True)), shape
    )
    lut = np.zeros(int(seen.max(initial=0)) + 1, np.uint32)
    lut[present[inside]] = numbers[inside]
    faces = {
        (axis, side): lut[seen[band]]
        for (axis, side), band in _bands(block, counts).items()
    }
    return Part(block.index, labels, first.astype(np.int64), faces)


def _bands(
    block: Block, counts: tuple[int, ...]
) -> dict[tuple[int, int], tuple[slice, ...]]:
    bands = {}
    for axis, (core, view) in enumerate(zip(block.core, block.view, strict=True)):
        for side, face in enumerate((core.start, core.stop)):
            last = 0 if side == 0 else counts[axis] - 1
            if block.index[axis] == last:
                continue
            box = list(shifted(block.core, block.view))
            low = face - BAND - view.start
            box[axis] = slice(max(low, 0), low + 2 * BAND)
            bands[axis, side] = tuple(box)
    return bands
