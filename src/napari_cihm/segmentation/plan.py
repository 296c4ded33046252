"""The plan of a run: tiles to predict, blocks to decode, what feeds what."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from math import ceil

import numpy as np
from numpy.typing import NDArray

from napari_cihm.config import Decoding, ModelConfig, SegmentSettings
from napari_cihm.data.boxes import Box, intersection, shape_of, shifted
from napari_cihm.data.image import Image
from napari_cihm.data.tiles import Block, BlockGrid, TileGrid
from napari_cihm.data.zoom import AxisZoom, resample
from napari_cihm.segmentation.predictor import FULL, Maps
from napari_cihm.segmentation.source import Source

Plane = tuple[int, int]
OBJECTS_IN_HALO = 2


@dataclass(frozen=True)
class Plan:
    """How one image is cut up; the same plan gives the same labels anywhere.

    Tiles lie in the network's pixels, blocks in the image's. A block is decoded
    from the blended maps of all tiles that its view touches, so that labels do
    not depend on where blocks end.
    """

    source: Source
    settings: SegmentSettings
    config: ModelConfig
    tile: int
    overlap: int

    @property
    def image(self) -> Image:
        """The image that is cut up."""
        return self.source.image

    @property
    def orthogonal(self) -> bool:
        """Whether it is one of the three directions of a volume."""
        return self.settings.volume == "orthogonal" and self.image.size("z") > 1

    @cached_property
    def planes(self) -> tuple[Plane, ...]:
        """Every (t, z), in order."""
        times, depths = self.image.size("t"), self.image.size("z")
        return tuple((t, z) for t in range(times) for z in range(depths))

    @cached_property
    def tiles(self) -> TileGrid:
        """Tiles of one plane, in network pixels."""
        zooms = self.source.zooms
        return TileGrid(tuple(z.target for z in zooms), self.tile, self.overlap)

    @cached_property
    def blocks(self) -> BlockGrid:
        """Blocks of one plane, in image pixels."""
        shape = (self.image.size("y"), self.image.size("x"))
        typical = (self.config.diameter or 0) / self.zoom
        halo = max(self.settings.halo, ceil(OBJECTS_IN_HALO * typical))
        return BlockGrid(shape, (self.settings.block,) * 2, (halo,) * 2)

    @property
    def tile_count(self) -> int:
        """Tiles of all planes."""
        return len(self.planes) * len(self.tiles)

    @property
    def zoom(self) -> float:
        """Network pixels to an image pixel."""
        rows = self.source.zooms[0]
        return rows.target / rows.source

    @cached_property
    def back(self) -> tuple[AxisZoom, AxisZoom]:
        """From the network's rows and columns to the image's."""
        rows, columns = self.source.zooms
        return rows.reversed(), columns.reversed()

    @property
    def decoding(self) -> Decoding:
        """The model's thresholds with the user's in place of some, in image pixels."""
        chosen = {
            name: value
            for name in ("foreground", "prominence", "min_size")
            if (value := getattr(self.settings, name)) is not None
        }
        own = self.config.decoding
        if self.zoom < 1:  # maps are enlarged before they are decoded
            chosen.setdefault("min_size", round(own.min_size / self.zoom**2))
            chosen["smooth"] = min(own.smooth / self.zoom, 5.0)
        if chosen.get("foreground", 1) < own.foreground:
            chosen["sure"] = 0  # who asks for what is faint is to get it
        return own.but(**chosen)

    def tiles_of(self, block: Block) -> list[int]:
        """Numbers of the tiles a block is decoded from."""
        return self.tiles.touching(self.network_view(block))

    def network_view(self, block: Block) -> Box:
        """Return the network pixels that a block's view is made of."""
        return tuple(z.window(s) for z, s in zip(self.back, block.view, strict=True))

    def image_box(self, tile: int) -> Box:
        """Return the image pixels that a tile covers."""
        return tuple(
            slice(
                int(s.start * z.source / z.target),
                min(-(-s.stop * z.source // z.target), z.source),
            )
            for z, s in zip(self.source.zooms, self.tiles[tile], strict=True)
        )


def blend(
    grid: TileGrid, tiles: Mapping[int, Maps], region: Box
) -> NDArray[np.float32]:
    """Average the maps of overlapping tiles over a region, edges counting least."""
    wanted = grid.touching(region)
    first = tiles[wanted[0]]
    shape = shape_of(region)
    total = np.zeros((first.shape[0], *shape), np.float32)
    weight = np.zeros(shape, np.float32)
    rows, columns = grid.weights
    for number in wanted:
        box = grid[number]
        shared = intersection(box, region)
        inside, there = shifted(shared, box), shifted(shared, region)
        share = rows[inside[0], None] * columns[None, inside[1]]
        total[:, *there] += share * tiles[number][:, *inside]
        weight[there] += share
    total /= weight * np.float32(FULL)
    return total


def block_maps(
    plan: Plan, block: Block, tiles: Mapping[int, Maps]
) -> NDArray[np.float32]:
    """Return the maps of a block's view, in image pixels where those are finer."""
    maps = blend(plan.tiles, tiles, plan.network_view(block))
    if plan.zoom < 1:
        return resample(maps, plan.back, block.view)
    return maps
