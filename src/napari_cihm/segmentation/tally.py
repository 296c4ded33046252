"""What of a plan is done: each tile and block counted, and said as it comes."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from napari_cihm.data.tiles import Block
from napari_cihm.data.zoom import AxisZoom
from napari_cihm.events import BlockDone, TileDone
from napari_cihm.segmentation.parts import Part
from napari_cihm.segmentation.placing import arranged, placed
from napari_cihm.segmentation.plan import Plan, Plane
from napari_cihm.segmentation.predictor import FULL, Maps
from napari_cihm.segmentation.store import Shelf


def missing_blocks(plan: Plan, store: Shelf) -> Iterator[tuple[Plane, Block]]:
    """Yield the blocks that the store lacks, in order."""
    for plane in plan.planes:
        for block in plan.blocks:
            if not store.has_part(plane, block.index):
                yield plane, block


class Tally:
    """Counts the tiles and blocks of a run that goes on where another ended.

    Parameters
    ----------
    plan : Plan
        The run.
    tiles, blocks : int
        How many are still to come.
    """

    def __init__(self, plan: Plan, tiles: int, blocks: int) -> None:
        self._plan = plan
        self._blocks = len(plan.planes) * len(plan.blocks)
        self._tiles_done = plan.tile_count - tiles
        self._blocks_done = self._blocks - blocks
        self._highest: dict[Plane, int] = {}

    def tile(self, plane: Plane, number: int, maps: Maps) -> TileDone:
        """Count a finished tile and make its event, the mask at the image's size."""
        self._tiles_done += 1
        plan, axes = self._plan, self._plan.image.label_axes
        box, tile = plan.image_box(number), plan.tiles[number]
        if plan.config.exclusive:
            mask = maps.argmax(axis=0) > 0
        else:
            mask = maps[0] > plan.decoding.foreground * FULL
        picks = [
            _inside(zoom, s, t) for zoom, s, t in zip(plan.back, box, tile, strict=True)
        ]
        return TileDone(
            self._tiles_done,
            plan.tile_count,
            placed(plane, box, axes),
            arranged(mask[np.ix_(*picks)], axes),
        )

    def block(self, plane: Plane, block: Block, part: Part) -> BlockDone:
        """Count a finished block and make its event, numbered on in its plane."""
        self._blocks_done += 1
        axes, highest = self._plan.image.label_axes, self._highest.get(plane, 0)
        self._highest[plane] = highest + len(part.first)
        labels = np.where(part.labels > 0, part.labels + np.uint32(highest), 0)
        where = placed(plane, block.core, axes)
        return BlockDone(self._blocks_done, self._blocks, where, arranged(labels, axes))


def _inside(zoom: AxisZoom, box: slice, tile: slice) -> NDArray[np.intp]:
    picks = zoom.nearest(box) - tile.start
    return np.asarray(picks.clip(0, tile.stop - tile.start - 1))
