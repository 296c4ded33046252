"""Linking the sections of a stack into objects, slice after slice."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_cihm.config import SegmentSettings
from napari_cihm.segmentation.fragments import adopt_fragments
from napari_cihm.segmentation.necks import find_necks
from napari_cihm.segmentation.sections import NONE, Ints, Meeting, Sections

WITHIN = 0.75  # share of a section that must lie in another to be a part of it


@dataclass
class Chains:
    """For each section the one before and the one after it in its object."""

    before: Ints
    after: Ints

    @classmethod
    def of(cls, count: int) -> "Chains":
        """Return chains without a link."""
        return cls(np.full(count, NONE), np.full(count, NONE))

    def link(self, pairs: Meeting) -> None:
        """Link pairs, each section once at most on each side."""
        self.after[pairs.one] = pairs.other
        self.before[pairs.other] = pairs.one

    def free(self, pairs: Meeting) -> NDArray[np.bool_]:
        """Say which pairs can still be linked."""
        ends = self.after[pairs.one], self.before[pairs.other]
        free: NDArray[np.bool_] = (ends[0] == NONE) & (ends[1] == NONE)
        return free

    @property
    def alone(self) -> NDArray[np.bool_]:
        """Say which sections are linked to none."""
        alone: NDArray[np.bool_] = (self.before == NONE) & (self.after == NONE)
        return alone

    def cut(self, section: int) -> None:
        """Undo the link after a section."""
        self.before[self.after[section]] = NONE
        self.after[section] = NONE

    def walk(self) -> list[list[int]]:
        """Return every chain from its first section to its last."""
        chains = []
        for start in np.flatnonzero(self.before == NONE).tolist():
            chain = [start]
            while (following := int(self.after[chain[-1]])) != NONE:
                chain.append(following)
            chains.append(chain)
        return chains


def link_sections(sections: Sections, settings: SegmentSettings) -> Ints:
    """Return the object of each section, numbered from 0 in order of appearance.

    Sections that overlap most, each way, are linked; then those that taper to or
    from a pole, where overlap is small but one lies within the other; then across
    gaps. A chain with a neck is cut there, since it is two objects on each other; a
    lone section that makes the slices of an object more alike joins it.
    """
    chains = Chains.of(len(sections.areas))
    for step, pairs in enumerate(sections.meetings):
        iou = sections.iou(pairs)
        _link_best(chains, pairs, iou, iou >= settings.min_overlap)
        if step == 0:
            inside = sections.containment(pairs) >= WITHIN
            _link_best(chains, pairs, iou, inside)
    for section in find_necks(chains.walk(), sections):
        chains.cut(section)
    _link_poles(chains, sections, settings.min_overlap)
    objects = adopt_fragments(_numbers(chains), chains.alone, sections)
    return _dropped(objects, sections.slices, settings.min_slices)


def link_frames(sections: Sections, settings: SegmentSettings) -> Ints:
    """Return the track of each object, numbered from 0 in order of appearance."""
    chains = Chains.of(len(sections.areas))
    for pairs in sections.meetings:
        iou = sections.iou(pairs)
        _link_best(chains, pairs, iou, iou >= settings.min_overlap)
    return _numbers(chains)


def _link_best(
    chains: Chains,
    pairs: Meeting,
    score: NDArray[np.float64],
    allowed: NDArray[np.bool_],
) -> None:
    """Link allowed pairs of free sections, the best first, until none is left."""
    pairs, score = pairs.of(allowed), score[allowed]
    while len(pairs.one):
        free = chains.free(pairs)
        pairs, score = pairs.of(free), score[free]
        order = np.lexsort((pairs.other, pairs.one, -score))
        ranked = pairs.of(order)
        firsts = np.unique(ranked.one, return_index=True)[1]
        seconds = np.unique(ranked.other, return_index=True)[1]
        chains.link(ranked.of(np.intersect1d(firsts, seconds)))


def _link_poles(chains: Chains, sections: Sections, least: float) -> None:
    """Link lone sections anew: cuts have freed the ends that they belong to.

    One that lies within two objects is a part of one of them, unless the two are
    linked without it.
    """
    if not sections.meetings:
        return
    pairs = sections.meetings[0]
    smaller = np.where(
        sections.areas[pairs.one] < sections.areas[pairs.other], pairs.one, pairs.other
    )
    inside = sections.containment(pairs) >= WITHIN
    alone = chains.alone
    _link_best(chains, pairs, sections.iou(pairs), alone[smaller] & inside)
    within = np.flatnonzero(alone & (chains.before != NONE) & (chains.after != NONE))
    over, under = chains.before[within], chains.after[within]
    past, before, after = (
        sections.iou(sections.meet(*pair))
        for pair in ((over, under), (over, within), (within, under))
    )
    ends = np.where(before < after, over, within)[past < least]
    for section in np.unique(ends).tolist():
        chains.cut(section)


def _numbers(chains: Chains) -> Ints:
    objects = np.full(len(chains.before), NONE)
    for number, chain in enumerate(chains.walk()):
        objects[chain] = number
    return objects


def _dropped(objects: Ints, slices: Ints, least: int) -> Ints:
    if least > 1 and len(objects):
        seen = np.unique(np.stack([objects, slices]), axis=1)[0]
        few = np.bincount(seen) < least
        objects = np.where(few[objects], NONE, objects)
    return _renumbered(objects)


def _renumbered(objects: Ints) -> Ints:
    """Close gaps in the numbering, keeping the order and `NONE`."""
    kept, inverse = np.unique(objects, return_inverse=True)
    return inverse.astype(np.int64) - int(len(kept) > 0 and kept[0] == NONE)
