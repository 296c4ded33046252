"""Carrying out a plan in this process: tiles as blocks need them, blocks in order."""

from collections.abc import Callable, Iterator, Mapping
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from napari_cihm.data.tiles import Block
from napari_cihm.data.zoom import AxisZoom
from napari_cihm.events import BlockDone, Event, TileDone
from napari_cihm.segmentation.parts import Part, decode_block
from napari_cihm.segmentation.placing import arranged, placed
from napari_cihm.segmentation.plan import Plan, Plane
from napari_cihm.segmentation.predictor import FULL, Maps
from napari_cihm.segmentation.store import Shelf
from napari_cihm.segmentation.thrift import Thrift

Job = tuple[Plane, int]
Decode = Callable[[Plan, Block, Mapping[int, Maps]], Part]


def run_local(
    plan: Plan, thrift: Thrift, store: Shelf, decode: Decode = decode_block
) -> Iterator[Event]:
    """Predict and decode what the store lacks, saying each tile and block.

    A tile is kept before it is said, and dropped once the last block that needs
    it is done; so memory holds a few rows of tiles whatever the image's size.
    """
    queue = _jobs(plan, store)
    total = len(plan.planes) * len(plan.tiles)
    done, decoded = total - sum(1 for _ in _jobs(plan, store)), 0
    for plane in plan.planes:
        waiting = _uses(plan)
        highest = 0
        for block in plan.blocks:
            needed = plan.tiles_of(block)
            if not store.has_part(plane, block.index):
                while not all(store.has_tile(plane, n) for n in needed):
                    for job, maps in _predict_next(plan, thrift, queue):
                        store.put_tile(*job, maps)
                        done += 1
                        yield said(plan, job, maps, done, total)
                tiles = {n: store.tile(plane, n) for n in needed}
                part = decode(plan, block, tiles)
                store.put_part(plane, block.core, part)
                decoded += 1
                yield told(plan, plane, block, part, decoded, highest)
                highest += len(part.first)
            for number in needed:
                waiting[number] -= 1
                if not waiting[number]:
                    store.drop_tile(plane, number)


def said(plan: Plan, job: Job, maps: Maps, done: int, total: int) -> TileDone:
    """Make the event of a finished tile, its mask at the image's size."""
    axes = plan.image.label_axes
    plane, number = job
    box = plan.image_box(number)
    tile = plan.tiles[number]
    if plan.config.task == "semantic" and len(maps) > 1:
        mask = maps.argmax(axis=0) > 0
    else:
        mask = maps[0] > plan.decoding.foreground * FULL
    picks = [
        _inside(zoom, s, t) for zoom, s, t in zip(plan.back, box, tile, strict=True)
    ]
    return TileDone(
        done, total, placed(plane, box, axes), arranged(mask[np.ix_(*picks)], axes)
    )


def told(
    plan: Plan, plane: Plane, block: Block, part: Part, done: int, highest: int
) -> BlockDone:
    """Make the event of a finished block, numbered from above `highest`."""
    axes, total = plan.image.label_axes, len(plan.planes) * len(plan.blocks)
    labels = np.where(part.labels > 0, part.labels + np.uint32(highest), 0)
    where = placed(plane, block.core, axes)
    return BlockDone(done, total, where, arranged(labels, axes))


def _jobs(plan: Plan, store: Shelf) -> Iterator[Job]:
    """Yield the tiles that are missing, in the order in which blocks need them."""
    for plane in plan.planes:
        seen: set[int] = set()
        for block in plan.blocks:
            if store.has_part(plane, block.index):
                continue
            for number in plan.tiles_of(block):
                if number not in seen and not store.has_tile(plane, number):
                    yield plane, number
                seen.add(number)


def _predict_next(
    plan: Plan, thrift: Thrift, queue: Iterator[Job]
) -> list[tuple[Job, Maps]]:
    jobs = list(islice(queue, thrift.batch))
    tiles = [plan.source.read(*plane, plan.tiles[number]) for plane, number in jobs]
    return list(zip(jobs, thrift(tiles), strict=True))


def _uses(plan: Plan) -> dict[int, int]:
    uses: dict[int, int] = dict.fromkeys(range(len(plan.tiles)), 0)
    for block in plan.blocks:
        for number in plan.tiles_of(block):
            uses[number] += 1
    return uses


def _inside(zoom: AxisZoom, box: slice, tile: slice) -> NDArray[np.intp]:
    picks = zoom.nearest(box) - tile.start
    return np.asarray(picks.clip(0, tile.stop - tile.start - 1))
