"""From numbers within blocks to final ones: faces joined, slices and frames linked."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from napari_cihm.config import ModelConfig, SegmentSettings
from napari_cihm.data.tiles import Block, BlockGrid
from napari_cihm.segmentation.joining import join
from napari_cihm.segmentation.linking import link_frames, link_sections
from napari_cihm.segmentation.placing import Unit
from napari_cihm.segmentation.sections import Sections, collect_sections
from napari_cihm.segmentation.store import Store, Tables

Table = NDArray[np.uint32]


def number_objects(
    units: Sequence[Unit],
    blocks: BlockGrid,
    store: Store,
    config: ModelConfig,
    settings: SegmentSettings,
) -> tuple[Tables, int]:
    """Find the final number of each block's objects.

    Parameters
    ----------
    units : sequence of tuple
        What was decoded apart: planes (t, z), or volumes (t,).
    blocks : BlockGrid
        How each was cut into blocks.
    store : Store
        The blocks.
    config, settings
        Of the model and of the run.

    Returns
    -------
    tables : mapping
        For each unit and block, the final number of each of its own numbers.
    count : int
        The objects there are.
    """
    if config.task == "semantic":
        return _class_tables(units, blocks, store, config)
    numbering = _Numbering(units, list(blocks), store)
    if len(units[0]) == 2:
        numbering.link_depth(settings)
    count = numbering.link_time(settings)
    return numbering.tables(), count


class _Numbering:
    """Tables that grow from one unit to a stack to a series."""

    def __init__(
        self, units: Sequence[Unit], blocks: list[Block], store: Store
    ) -> None:
        self.units, self.blocks, self.store = units, blocks, store
        self.joined: dict[Unit, Mapping[tuple[int, ...], Table]] = {}
        self.table: dict[Unit, Table] = {}
        for unit in units:
            self.joined[unit], count = join(store.parts(unit))
            self.table[unit] = np.arange(count + 1, dtype=np.uint32)

    def frames(self) -> list[list[Unit]]:
        """Return the units of each time point."""
        frames: dict[int, list[Unit]] = {}
        for unit in self.units:
            frames.setdefault(unit[0], []).append(unit)
        return [frames[t] for t in sorted(frames)]

    def pixels(self, unit: Unit, block: Block) -> Table:
        """Return a block's labels with the numbers reached so far."""
        own = self.store.labels(unit, block.core)
        return np.asarray(self.table[unit][self.joined[unit][block.index][own]])

    def link_depth(self, settings: SegmentSettings) -> None:
        """Give objects one number in each stack, or each slice's after the last's."""
        for stack in self.frames():
            if len(stack) < 2:
                continue
            counts = [len(self.table[unit]) - 1 for unit in stack]
            if settings.volume != "linked":
                own = np.arange(1, sum(counts) + 1)
                self._renumber(stack, np.split(own, np.cumsum(counts)[:-1]))
                continue
            sections = collect_sections(
                counts,
                len(self.blocks),
                lambda k, b, stack=stack: self.pixels(stack[k], self.blocks[b]),  # type: ignore[misc]
                settings.gap + 1,
            )
            objects = link_sections(sections, settings) + 1
            self._renumber(stack, np.split(objects, np.cumsum(counts)[:-1]))

    def link_time(self, settings: SegmentSettings) -> int:
        """Give objects one number in the series, or each frame's after the last's."""
        frames = self.frames()
        counts = [max(int(self.table[u].max()) for u in frame) for frame in frames]
        starts = np.cumsum([0, *counts]).tolist()
        if settings.time == "frames" or len(frames) < 2:
            objects = np.arange(1, starts[-1] + 1)
        else:
            tracks = link_frames(self._tracked(frames, counts, settings.gap), settings)
            objects = tracks + 1
        for frame, first, last in zip(frames, starts[:-1], starts[1:], strict=True):
            own = np.concatenate([[0], objects[first:last]]).astype(np.uint32)
            for unit in frame:
                self.table[unit] = own[self.table[unit]]
        return int(objects.max(initial=0))

    def tables(self) -> Tables:
        """Return the final number of each number of each block."""
        return {
            (unit, block.index): self.table[unit][self.joined[unit][block.index]]
            for unit in self.units
            for block in self.blocks
        }

    def _tracked(
        self, frames: list[list[Unit]], counts: list[int], gap: int
    ) -> Sections:
        depth = len(frames[0])
        return collect_sections(
            counts,
            depth * len(self.blocks),
            lambda k, p: self.pixels(frames[k][p % depth], self.blocks[p // depth]),
            gap + 1,
        )

    def _renumber(self, stack: list[Unit], objects: list[NDArray[np.int64]]) -> None:
        for unit, numbers in zip(stack, objects, strict=True):
            self.table[unit] = np.concatenate([[0], numbers]).astype(np.uint32)


def _class_tables(
    units: Sequence[Unit], blocks: BlockGrid, store: Store, config: ModelConfig
) -> tuple[Tables, int]:
    # Classes keep their numbers: there is nothing to join.
    same = np.arange(config.classes + 1, dtype=np.uint32)
    met: set[int] = set()
    for unit in units:
        for part in store.parts(unit):
            met.update(part.first.tolist())
    keys = [(unit, block.index) for unit in units for block in blocks]
    return dict.fromkeys(keys, same), len(met)
