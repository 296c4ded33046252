"""Carrying out a plan in this process: tiles as blocks need them, blocks in order."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from itertools import islice

from napari_cihm.data.tiles import Block
from napari_cihm.events import Event
from napari_cihm.segmentation.parts import Part
from napari_cihm.segmentation.plan import Plan, Plane
from napari_cihm.segmentation.predictor import Maps
from napari_cihm.segmentation.store import Shelf
from napari_cihm.segmentation.tally import Tally, missing_blocks
from napari_cihm.segmentation.thrift import Thrift

Job = tuple[Plane, int]
Decode = Callable[[Plan, Block, Mapping[int, Maps]], Part]


def run_local(
    plan: Plan, thrift: Thrift, store: Shelf, decode: Decode
) -> Iterator[Event]:
    """Predict and decode what the store lacks, saying each tile and block.

    A tile is kept before it is said, and dropped once the last block that needs
    it is done; so memory holds a few rows of tiles whatever the image's size.
    """
    queue = _jobs(plan, store)
    missing = sum(1 for _ in _jobs(plan, store))
    tally = Tally(plan, missing, sum(1 for _ in missing_blocks(plan, store)))
    for plane in plan.planes:
        waiting = Counter(n for block in plan.blocks for n in plan.tiles_of(block))
        for block in plan.blocks:
            needed = plan.tiles_of(block)
            if not store.has_part(plane, block.index):
                while not all(store.has_tile(plane, n) for n in needed):
                    for job, maps in _predict_next(plan, thrift, queue):
                        store.put_tile(*job, maps)
                        yield tally.tile(*job, maps)
                tiles = {n: store.tile(plane, n) for n in needed}
                part = decode(plan, block, tiles)
                store.put_part(plane, block.core, part)
                yield tally.block(plane, block, part)
            for number in needed:
                waiting[number] -= 1
                if not waiting[number]:
                    store.drop_tile(plane, number)


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
