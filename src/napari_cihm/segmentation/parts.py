"""One block's objects, and what is needed to join them to its neighbours'."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_cihm.data.boxes import shifted
from napari_cihm.data.tiles import Block, BlockGrid
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
    seen = told_apart(plan, maps)
    if plan.zoom > 1:
        window = plan.network_view(block)
        picks = [
            z.nearest(s) - w.start
            for z, s, w in zip(plan.back, block.view, window, strict=True)
        ]
        seen, maps = seen[np.ix_(*picks)], maps[:, *np.ix_(*picks)]
    return cut_down(plan, block, plan.blocks, seen, maps)


def told_apart(plan: Plan, maps: NDArray[np.float32]) -> NDArray[Any]:
    """Turn maps into numbers of objects, or of classes where a model is semantic."""
    if plan.config.task == "instance":
        return decode(maps, plan.decoding)
    if len(maps) == 1:
        return np.asarray(maps[0] > plan.decoding.foreground, np.uint32)
    return np.asarray(maps.argmax(axis=0), np.uint32)


def cut_down(
    plan: Plan,
    block: Block,
    blocks: BlockGrid,
    seen: NDArray[Any],
    maps: NDArray[np.float32],
) -> Part:
    """Cut a view down to its core, with what is to be kept of its maps."""
    core = shifted(block.core, block.view)
    if plan.config.task == "instance":
        part = make_part(block, blocks.shape, blocks.counts, seen)
    else:
        met = np.unique(seen[core]).astype(np.int64)
        part = Part(block.index, seen[core], met[met > 0])
    maps = maps[:, *core]
    if plan.settings.maps:
        part = replace(part, maps=maps)
    if plan.settings.uncertainty:
        part = replace(part, doubt=uncertainty_of(maps, plan.config.exclusive))
    return part


def make_part(
    block: Block,
    shape: tuple[int, ...],
    counts: tuple[int, ...],
    seen: NDArray[Any],
) -> Part:
    """Cut a decoded view down to its core and keep the bands around its faces."""
    core = seen[shifted(block.core, block.view)]
    inside = np.flatnonzero(core)
    found = core.ravel()[inside]
    here = np.bincount(found, minlength=int(seen.max(initial=0)) + 1) > 0
    numbers = np.where(here, np.cumsum(here), 0).astype(np.uint32)
    first_here = np.zeros(len(here), np.int64)
    first_here[found[::-1]] = inside[::-1]  # of an object's pixels the first is last
    corner = [s.start for s in block.core]
    places = np.unravel_index(first_here[here], core.shape)
    first = np.ravel_multi_index(
        tuple(p + c for p, c in zip(places, corner, strict=True)), shape
    )
    faces = {
        (axis, side): numbers[seen[band]]
        for (axis, side), band in _bands(block, counts).items()
    }
    return Part(block.index, numbers[core], first.astype(np.int64), faces)


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
