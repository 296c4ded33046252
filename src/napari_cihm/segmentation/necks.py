"""Necks: where a chain of sections holds together so little that it is two objects."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from napari_cihm.segmentation.sections import Ints, Sections

Floats = NDArray[np.float64]

# A chain is cut where its link is weaker than this: as a rule, with one faulty
# section left aside, and by the pixels of the link alone.
NECK, THREAD = 0.65, 0.35

SHORTEST = 3  # sections of a chain that has a neck: an end is none


@dataclass(frozen=True)
class Links:
    """How sections hold together along chains that are laid end to end.

    Parameters
    ----------
    areas : array of int
        The pixels of each section.
    shared, iou : array
        Of each section and the one after it.
    shared_past, iou_past : array
        Of each section and the second after it.
    """

    areas: Ints
    shared: Ints
    iou: Floats
    shared_past: Ints
    iou_past: Floats

    @classmethod
    def along(cls, order: Ints, sections: Sections) -> "Links":
        """Look up all links at once, which costs much less than chain after chain."""
        near = sections.meet(order[:-1], order[1:])
        past = sections.meet(order[:-2], order[2:])
        return cls(
            sections.areas[order],
            near.shared,
            sections.iou(near),
            past.shared,
            sections.iou(past),
        )

    def part(self, first: int, end: int) -> "Links":
        """Return those of some sections that follow each other."""
        near, past = slice(first, end - 1), slice(first, end - 2)
        return Links(
            self.areas[first:end],
            self.shared[near],
            self.iou[near],
            self.shared_past[past],
            self.iou_past[past],
        )


def find_necks(chains: list[list[int]], sections: Sections) -> list[int]:
    """Return the sections of chains after which another object begins.

    A link is as strong as the pixels that two sections share are many, against the
    widest section on either side, and as the two are alike, against the best link
    on either side: an object tapers towards its ends, and is not thin or shifted
    between thicker and straighter parts. One section of a wrong shape does not make
    a neck while those on both sides of it are alike.
    """
    long = [chain for chain in chains if len(chain) >= SHORTEST]
    if not long:
        return []
    order = np.concatenate(long)
    links = Links.along(order, sections)
    ends = np.cumsum([0, *map(len, long)]).tolist()
    necks, uncut = [], list(pairwise(ends))
    while uncut:  # no recursion: a long stack has more necks than Python has frames
        first, end = uncut.pop()
        neck = _neck(links.part(first, end))
        if neck is not None:
            split = first + neck + 1
            necks.append(split - 1)
            uncut += [(first, split), (split, end)]
    ended: list[int] = order[necks].tolist()
    return ended


def _over_faults(
    near: NDArray[np.number], past: NDArray[np.number]
) -> NDArray[np.number]:
    """Let a link hold as well as those past the section on either side of it."""
    firm = near.copy()
    firm[1:] = np.maximum(firm[1:], past)
    firm[:-1] = np.maximum(firm[:-1], past)
    return firm


def _neck(links: Links) -> int | None:
    """Find the weakest link of a part of a chain, if it is weak enough to cut."""
    if len(links.areas) < SHORTEST:
        return None
    shared, iou = links.shared, links.iou
    firm = _over_faults(shared, links.shared_past)
    alike = _over_faults(iou, links.iou_past)
    wide = np.minimum(*_sides(links.areas))
    before, after = _sides(alike)
    best = np.minimum(
        np.concatenate([alike[:1], before]), np.concatenate([after, alike[-1:]])
    )
    strength = firm / wide * np.minimum(alike / best, 1)
    weakness = np.minimum(strength / NECK, shared / wide / THREAD)
    weakest = int(weakness.argmin())
    if weakness[weakest] >= 1:
        return None
    return _place(np.arange(max(weakest - 1, 0), min(weakest + 2, len(shared))), links)


def _place(near: NDArray[np.intp], links: Links) -> int:
    """Choose among links where an object ends: where the fewest pixels are shared.

    A section that lies wholly in both beside it shares as many with either. Areas of
    an ellipsoid bend down, alike in all its slices, and up where another follows: a
    cut takes the bends at both its sections out of the objects, and takes the most.
    A thread does not bend, and is parted from what it is least like.
    """
    fewest = near[links.shared[near] == links.shared[near].min()]
    least_alike = int(fewest[links.iou[fewest].argmin()])
    if (links.areas[fewest[1:]] > links.shared[fewest[1:]]).any():
        return least_alike
    bends = np.diff(links.areas, 2, prepend=0, append=0)
    most = int(fewest[(bends[fewest] + bends[fewest + 1]).argmax()])
    thread = links.iou[most] == 1 and not bends[most : most + 2].all()
    return least_alike if thread else most


def _sides(values: NDArray[np.number]) -> tuple[NDArray[np.number], ...]:
    """Return the highest value before, and after, each place between two values."""
    before = np.maximum.accumulate(values)[:-1]
    after = np.maximum.accumulate(values[::-1])[::-1][1:]
    return before, after
