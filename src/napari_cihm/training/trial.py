"""What of the labels is held out, cut down to what has to be seen to judge it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_cihm.config import ModelConfig
from napari_cihm.data.boxes import Box, whole
from napari_cihm.training.gate import Score
from napari_cihm.training.holdout import Part, Split, places
from napari_cihm.training.material import Plane, stretch
from napari_cihm.training.metrics import match, total
from napari_cihm.training.region_metrics import Regions


@dataclass(frozen=True)
class Overlay:
    """A held-out part as both models label it, for the eye."""

    image: NDArray[np.float32] = field(repr=False)
    truth: NDArray[np.integer] = field(repr=False)
    base: NDArray[np.int32] = field(repr=False)
    new: NDArray[np.int32] = field(repr=False)
    block: NDArray[np.bool_] = field(repr=False)


@dataclass(frozen=True)
class Trial:
    """The parts of planes by which models are judged.

    Attributes
    ----------
    split : Split
        Of the whole planes.
    boxes : tuple of (int, Box)
        The plane that each part lies in, and where.
    planes : tuple of Plane
        The parts: what is held out, all of its objects, and what lies around them.
    parts : tuple of Part
        What of each is learnt, and what is scored.
    """

    split: Split
    boxes: tuple[tuple[int, Box], ...]
    planes: tuple[Plane, ...]
    parts: tuple[Part, ...]

    @classmethod
    def of(
        cls, planes: Sequence[Plane], split: Split, units: Sequence[Plane]
    ) -> "Trial":
        """Cut out what a split of units holds out: of objects, or pieces of regions."""
        found = [
            (number, box, part)
            for number, unit in enumerate(units)
            for box, part in _windows(unit, split.parts[number])
        ]
        boxes = tuple((number, box) for number, box, _ in found)
        windows = tuple(planes[number].cut(box) for number, box in boxes)
        return cls(split, boxes, windows, tuple(part for _, _, part in found))

    def seen(self, planes: Sequence[Plane]) -> list[Plane]:
        """Cut the same parts out of the planes as another model sees them."""
        return [planes[number].cut(box) for number, box in self.boxes]

    def score(self, found: Sequence[NDArray[np.integer]], config: ModelConfig) -> Score:
        """Score what a model labelled on the parts."""
        regions = config.task == "semantic"
        named = range(1, config.classes) if config.exclusive else None
        matchings, dices = [], []
        for plane, labels, part in zip(self.planes, found, self.parts, strict=True):
            within = part.block & plane.reviewed
            matchings.append(
                match(_separate(plane.labels, within), _separate(labels, within))
                if regions
                else match(*_held_out(plane, labels, part))
            )
            dices.append(_overlaps(plane.labels[within], labels[within], named))
        each = [Regions.total(one).dice for one in zip(*dices, strict=True)]
        return Score(total(matchings), float(np.mean(each)))

    def overlays(
        self, base: Sequence[NDArray[np.int32]], new: Sequence[NDArray[np.int32]]
    ) -> tuple[Overlay, ...]:
        """Lay the labels of both models over the parts that hold objects out."""
        return tuple(
            Overlay(plane.image, plane.labels, old, labels, part.block & plane.reviewed)
            for plane, old, labels, part in zip(
                self.planes, base, new, self.parts, strict=True
            )
            if part.scored
        )


def _windows(plane: Plane, part: Part) -> Iterator[tuple[Box, Part]]:
    """Yield a window for each held-out region, or the whole plane where that is less.

    A window holds the objects of its region whole, and what lies around them.
    """
    if not (part.block & plane.reviewed).any():
        return
    regions, count = ndimage.label(part.block)
    scored = np.array(sorted(part.scored), plane.labels.dtype)
    home = regions[tuple(places(plane.labels, scored).T)]
    windows = []
    for region in range(1, count + 1):
        block = regions == region
        if (block & plane.reviewed).any():
            own = scored[home == region]
            used = block | np.isin(plane.labels, own)
            box = tuple(stretch(used.any(axis)) for axis in (1, 0))
            held = replace(part, scored=frozenset(own.tolist()), block=block)
            windows.append((box, held))
    if sum(block[box].size for box, _ in windows) >= block.size:
        windows = [(whole(block.shape), part)]
    for box, held in windows:
        yield box, replace(held, learn=held.learn[box], block=held.block[box])


def _overlaps(
    truth: NDArray[np.integer], found: NDArray[np.integer], named: range | None
) -> list[Regions]:
    """Count pixels of each class, or of anything where nothing is named."""
    if named is None:
        return [Regions.of(truth > 0, found > 0)]
    return [Regions.of(truth == number, found == number) for number in named]


def _separate(
    labels: NDArray[np.integer], within: NDArray[np.bool_]
) -> NDArray[np.int32]:
    return np.asarray(ndimage.label((labels > 0) & within)[0], np.int32)


def _held_out(
    plane: Plane, found: NDArray[np.integer], part: Part
) -> tuple[NDArray[np.integer], NDArray[np.integer]]:
    """Keep the true objects that are scored, and the found ones in their place."""
    true = np.where(np.isin(plane.labels, list(part.scored)), plane.labels, 0)
    numbers = np.unique(found)
    numbers = numbers[numbers > 0]
    place = part.block & plane.reviewed
    inside = numbers[place[tuple(places(found, numbers).T)]]
    return true, np.where(np.isin(found, inside), found, 0)
