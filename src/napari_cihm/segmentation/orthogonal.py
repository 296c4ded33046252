"""A volume seen from three sides: maps of all three averaged, objects told in 3-D."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from tempfile import TemporaryFile

import numpy as np
from numpy.typing import NDArray

from napari_cihm.data.boxes import Box, shifted
from napari_cihm.data.image import Image
from napari_cihm.data.tiles import Block, BlockGrid
from napari_cihm.data.zoom import resample
from napari_cihm.events import BlockDone, Event, TileDone
from napari_cihm.segmentation.local import Decode
from napari_cihm.segmentation.parts import Part, cut_down, told_apart
from napari_cihm.segmentation.placing import Unit, arranged, placed
from napari_cihm.segmentation.plan import Plan, blend
from napari_cihm.segmentation.planning import make_plan
from napari_cihm.segmentation.predictor import FULL, Maps, Predictor
from napari_cihm.segmentation.slabs import Slabs
from napari_cihm.segmentation.store import Shelf, Store
from napari_cihm.segmentation.thrift import Thrift

SIDES = ("zz", "zy", "zx")  # the axis that takes the place of depth
CORE, HALO = (64, 256, 256), 32
WHOLE = 2**24  # voxels decoded at once; more are decoded block by block
IN_MEMORY = 2**28  # bytes of averaged maps held in memory; more lie on disk

Runner = Callable[[Plan, Thrift, Shelf, Decode], Iterator[Event]]


def volume_blocks(image: Image) -> BlockGrid:
    """Return the blocks in which a volume's objects are told apart."""
    shape = (image.size("z"), image.size("y"), image.size("x"))
    if np.prod(shape) <= WHOLE:
        return BlockGrid(shape, shape, (HALO,) * 3)
    return BlockGrid(shape, CORE, (HALO,) * 3)


def plan_sides(
    plan: Plan, predictor: Predictor, diameter: float | None
) -> list[tuple[Plan, Thrift]]:
    """Plan the three directions of a volume, with the contrast and scale of one."""
    image, settings, ranges = plan.image, plan.settings, plan.source.ranges
    return [
        make_plan(seen_from(image, side), predictor, settings, diameter, ranges)
        for side in SIDES
    ]


def seen_from(image: Image, side: str) -> Image:
    """Return a volume with two axes in each other's place, read in slabs."""
    turned = image.with_axes(_swapped(image.axes, side))
    if type(image.data) is np.ndarray:
        return turned
    return replace(turned, data=Slabs(turned))


def run_orthogonal(
    sides: Sequence[tuple[Plan, Thrift]], image: Image, store: Store, carry_out: Runner
) -> Iterator[Event]:
    """Predict the planes of three directions, then tell objects apart in 3-D.

    Tiles are kept until the end of the run, so that a resumed one predicts none
    of them twice.
    """
    total = sum(plan.tile_count for plan, _ in sides)
    blocks = volume_blocks(image)
    shape = (sides[0][0].config.classes, image.size("t"), *blocks.shape)
    maps = _zeros(shape)
    done = 0
    for side, (plan, thrift) in zip(SIDES, sides, strict=True):
        view = DirectionStore(store, maps, side)
        for event in carry_out(plan, thrift, view, _maps_only):
            if isinstance(event, TileDone):
                yield replace(event, done=done + event.done, total=total)
        done += plan.tile_count
    yield from _decode_volumes(sides[0][0], maps, blocks, store)


class DirectionStore:
    """Adds the maps of one direction's planes to those of the volume.

    Parameters
    ----------
    inner : Shelf
        Keeps the tiles.
    maps : array of uint16, shape (classes, t, z, y, x)
        Gets a third of every map.
    side : str
        The two axes that changed places.
    """

    def __init__(self, inner: Shelf, maps: NDArray[np.uint16], side: str) -> None:
        self.inner, self.maps, self.side = inner, maps, side
        self.number = SIDES.index(side)

    def tile(self, unit: Unit, number: int) -> Maps:
        """Return a finished tile."""
        return self.inner.tile((self.number, *unit), number)

    def has_tile(self, unit: Unit, number: int) -> bool:
        """Tell whether a tile is finished."""
        return self.inner.has_tile((self.number, *unit), number)

    def put_tile(self, unit: Unit, number: int, maps: Maps) -> None:
        """Keep a finished tile."""
        self.inner.put_tile((self.number, *unit), number, maps)

    def drop_tile(self, unit: Unit, number: int) -> None:
        """Forget a tile, unless it is kept on disk for a resumed run."""
        if not self.inner.lasting:
            self.inner.drop_tile((self.number, *unit), number)

    def has_part(self, unit: Unit, index: tuple[int, ...]) -> bool:
        """Tell that sums are made anew in each run."""
        return False

    def put_part(self, unit: Unit, core: Box, part: Part) -> None:
        """Add a third of the maps where they belong."""
        axes = _swapped("tzyx", self.side)
        where = placed(unit, core, axes)
        assert part.maps is not None
        for total, one in zip(self.maps, part.maps, strict=True):
            total[where] += np.rint(arranged(one, axes) * (FULL / 3)).astype(np.uint16)

    @property
    def lasting(self) -> bool:
        """Whether what is put outlives the process."""
        return self.inner.lasting


def _decode_volumes(
    plan: Plan, maps: NDArray[np.uint16], blocks: BlockGrid, store: Store
) -> Iterator[Event]:
    image = plan.image
    total, done = image.size("t") * len(blocks), 0
    for t in range(image.size("t")):
        highest = 0
        for block in blocks:
            seen = maps[:, t][:, *block.view].astype(np.float32) / np.float32(FULL)
            part = cut_down(plan, block, blocks, told_apart(plan, seen), seen)
            store.put_part((t,), block.core, part)
            labels = np.where(part.labels > 0, part.labels + np.uint32(highest), 0)
            highest, done = highest + len(part.first), done + 1
            where = placed((t,), block.core, image.label_axes)
            yield BlockDone(done, total, where, arranged(labels, image.label_axes))


def _maps_only(plan: Plan, block: Block, tiles: Mapping[int, Maps]) -> Part:
    region = plan.network_view(block)
    maps = resample(blend(plan.tiles, tiles, region), plan.back, block.view)
    core = maps[:, *shifted(block.core, block.view)]
    nothing = np.zeros(core.shape[1:], np.uint32)
    return Part(block.index, nothing, np.zeros(0, np.int64), maps=core)


def _swapped(axes: str, side: str) -> str:
    return axes.translate(str.maketrans(side, side[::-1]))


def _zeros(shape: tuple[int, ...]) -> NDArray[np.uint16]:
    if np.prod(shape) * 2 <= IN_MEMORY:
        return np.zeros(shape, np.uint16)
    # It goes when the maps do, and no sooner: Windows deletes no file that is mapped.
    with TemporaryFile(prefix="cihm-") as file:
        return np.memmap(file, np.uint16, "w+", shape=shape)
