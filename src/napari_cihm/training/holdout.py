"""Hold a part of the labels out, by blocks of the plane, so that nothing leaks.

Neighbouring pixels and neighbouring slices are nearly the same picture. A block
that is held out is therefore held out of all planes of its image, and a margin
around it is neither learnt from nor scored.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_cihm.data.boxes import Box, box_at, whole
from napari_cihm.errors import DataError
from napari_cihm.training.material import Plane, typical_width

BLOCKS = 12
SMALLEST, LARGEST = 48, 512  # pixels of a block's side
TRIES = 64  # places looked at for where objects are many
ENOUGH = 400  # objects held out, by which a score is sure to a few points
MOST = 0.5  # of a block that must be ground for it to be held out without objects

Block = tuple[int, int, int]


@dataclass(frozen=True)
class Part:
    """How the pixels and objects of one plane are divided.

    Attributes
    ----------
    learn : array of bool
        Pixels to learn from.
    scored : frozenset of int
        Objects that are held out.
    block : array of bool
        Pixels in which an object's centre makes it a held-out one.
    """

    learn: NDArray[np.bool_]
    scored: frozenset[int]
    block: NDArray[np.bool_]


@dataclass(frozen=True)
class Split:
    """One division of all planes."""

    parts: tuple[Part, ...]

    @property
    def held_out(self) -> int:
        """How many objects are scored."""
        return sum(len(part.scored) for part in self.parts)


def folds(
    planes: Sequence[Plane], share: float, seed: int, count: int = 1
) -> list[Split]:
    """Divide planes into blocks and hold out a share of the objects, in turns.

    Parameters
    ----------
    planes : sequence of Plane
        What there is to learn from.
    share : float
        About so much of the objects is held out, of many no more than are enough: a
        half at most in one turn, or all of it in several.
    seed : int
        Chooses the blocks.
    count : int
        Turns, with about as many objects each; fewer where there are fewer blocks.
    """
    side, tally = _blocks(planes, share, count)
    draw = np.random.default_rng(seed)
    names = [list(tally)[i] for i in draw.permutation(len(tally))]
    bare = [block for block in _grounds(planes, side) if block not in tally]
    order = draw.permutation(len(bare))
    each = min(round(share / count * len(bare)), BLOCKS)
    splits = []
    for number, chosen in enumerate(_turns(names, tally, share, count)):
        chosen |= {bare[i] for i in order[number * each : (number + 1) * each]}
        splits.append(Split(tuple(_part(plane, side, chosen) for plane in planes)))
    return splits


def _turns(
    blocks: Sequence[Block], tally: dict[Block, int], share: float, count: int
) -> list[set[Block]]:
    """Take blocks as they come, none that leads further from the share than it helps.

    Each goes to the turn that has the fewest objects.
    """
    wanted = min(share * sum(tally.values()), ENOUGH * count)
    turns, held = [set[Block]() for _ in range(count)], [0] * count
    for block in blocks:
        if sum(held) + tally[block] / 2 <= wanted:
            fewest = held.index(min(held))
            turns[fewest].add(block)
            held[fewest] += tally[block]
    return [turn for turn in turns if turn] or [{min(blocks, key=lambda b: tally[b])}]


def block_side(planes: Sequence[Plane]) -> int:
    """Choose a side that cuts what is reviewed into a dozen blocks, or more of much."""
    areas: dict[int, int] = {}
    for plane in planes:  # planes of one image share their blocks
        seen = int(plane.reviewed.sum())
        areas[plane.source] = max(areas.get(plane.source, 0), seen)
    side = int(np.sqrt(sum(areas.values()) / BLOCKS))
    return min(max(SMALLEST, side), LARGEST)


def _blocks(
    planes: Sequence[Plane], share: float, count: int
) -> tuple[int, dict[Block, int]]:
    """Divide planes into blocks, smaller ones where objects lie close together.

    Raises
    ------
    DataError
        If no blocks are so small that objects lie in two of them.
    """
    side = block_side(planes)
    tally = _tally(planes, side)
    wanted, least = max(count, 2), 1.0
    width = typical_width(planes)
    if len(planes) > len({plane.source for plane in planes}):
        # An object's slices, never quite alike, are held out together: large blocks.
        wanted, least = 2, width
    # A colony in a wide plane may lie in one block, and all of it would be held out.
    most, small = share / count * sum(tally.values()), max(SMALLEST, width)
    while (len(tally) < wanted and side // 2 >= least) or (
        max(tally.values()) > most and side // 2 >= small
    ):
        side //= 2
        tally = _tally(planes, side)
    if len(tally) == 1:
        raise DataError(
            "all labelled objects lie in one place: none can be held out",
            "objects side by side",
            "label some elsewhere too",
        )
    return side, tally


def _tally(planes: Sequence[Plane], side: int) -> dict[Block, int]:
    """Count the objects of each block that has some, in a fixed order."""
    tally: dict[Block, int] = {}
    for plane in planes:
        for row, column in places(plane.labels, plane.objects) // side:
            block = plane.source, int(row), int(column)
            tally[block] = tally.get(block, 0) + 1
    return dict(sorted(tally.items()))


def _grounds(planes: Sequence[Plane], side: int) -> list[Block]:
    """List the blocks of which most is known to be ground; tiny ones tell nothing.

    Whatever a model finds there is wrong.
    """
    blocks: set[Block] = set()
    for plane in planes if side >= SMALLEST else ():
        ground = plane.reviewed & (plane.labels == 0)
        mostly = np.argwhere(_shares(ground, side) > MOST).tolist()
        blocks |= {(plane.source, row, column) for row, column in mostly}
    return sorted(blocks)


def _shares(mask: NDArray[np.bool_], side: int) -> NDArray[np.float64]:
    """Return which share of each block a mask covers."""
    rows, columns = (np.arange(0, n, side) for n in mask.shape)
    sums = np.add.reduceat(np.add.reduceat(mask, rows, 0, int), columns, 1)
    height, width = mask.shape
    areas = np.outer(np.diff(rows, append=height), np.diff(columns, append=width))
    return np.asarray(sums / areas)


def places(
    labels: NDArray[np.integer], numbers: NDArray[np.integer]
) -> NDArray[np.intp]:
    """Return the row and column in which each object has its centre."""
    centres = ndimage.center_of_mass(labels > 0, labels, numbers)
    return np.array(centres, np.intp).reshape(-1, 2)


def thickest(planes: Sequence[Plane], side: int | None) -> Box:
    """Find the square, of a side, in which most objects of some planes lie.

    It is the whole planes where these are no larger, or no side is given.
    """
    shape = planes[0].labels.shape
    if side is None or max(shape) <= side:
        return whole(shape)
    centres = np.concatenate([places(p.labels, p.objects) for p in planes])
    some = centres[:: 1 + len(centres) // TRIES]
    near = [int((abs(centres - one) <= side // 2).all(1).sum()) for one in some]
    middle = some[int(np.argmax(near))] if len(some) else np.array(shape) // 2
    sides = [min(side, n) for n in shape]
    most = [n - s for n, s in zip(shape, sides, strict=True)]
    return box_at(np.clip(middle - np.array(sides) // 2, 0, most), sides)


def _part(plane: Plane, side: int, chosen: set[Block]) -> Part:
    block = np.zeros(plane.labels.shape, bool)
    for source, row, column in chosen:
        if source == plane.source:
            rows = slice(row * side, (row + 1) * side)
            block[rows, column * side : (column + 1) * side] = True
    numbers = plane.objects
    scored = numbers[block[tuple(places(plane.labels, numbers).T)]]
    away = block | np.isin(plane.labels, scored)
    margin = max(2, side // 12)
    near = ndimage.binary_dilation(away, iterations=margin) if away.any() else away
    return Part(plane.reviewed & ~near, frozenset(scored.tolist()), block)
