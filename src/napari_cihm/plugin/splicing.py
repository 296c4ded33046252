"""Splicing what a run found in a region into labels that go on beyond it.

Pure: arrays in, arrays out. A region's edge cuts objects in two, and a slice those of
a stack. So the run looks a margin further than was asked for, and labels change as if
the edge went around objects: each is taken in whole or left as it is, by where most
of it lies. What was there before keeps its number, whether in the region or in the
slices and frames beside it.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_cihm.config import SegmentSettings
from napari_cihm.correction.counting import compacted
from napari_cihm.correction.keeping import kept_by, kind_for
from napari_cihm.correction.pieces import pieces_in
from napari_cihm.plugin.region import Region
from napari_cihm.segmentation.joining import overlaps
from napari_cihm.segmentation.linking import WITHIN

HALF = 0.5

Flags = NDArray[np.bool_]
Ints = NDArray[np.intp]


def spliced(
    labels: NDArray[Any],
    region: Region,
    found: NDArray[Any],
    reviewed: Flags | None,
    settings: SegmentSettings | None,
) -> NDArray[Any]:
    """Return what a region's labels become.

    Parameters
    ----------
    labels : array of int
        Of the whole image.
    region : Region
        Where the run looked, and what of it was asked for.
    found : array of int
        What it found there.
    reviewed : array of bool, optional
        Where nothing may change, of the region.
    settings : SegmentSettings, optional
        How slices and frames are linked; None for classes, which are no objects and
        keep the model's numbers.

    Returns
    -------
    array of int
        In the labels' kind of number, or a wider one where it is needed.
    """
    box = region.shown_box
    inside = np.zeros(found.shape, np.bool_)
    inside[region.shown_core] = True
    if settings is None:
        where = inside if reviewed is None else inside & ~reviewed
        return np.where(where, found, labels[box])
    old, new = Objects.of(labels[box]), Objects.of(found)
    kept = None if reviewed is None else kept_by(labels[box], reviewed)
    met = Met.between(new, old)
    where, mine = _changed(new, old, met, inside, kept)
    names = {
        f: old.names[met.same[f]]
        for f in np.flatnonzero(mine & (met.same > 0)).tolist()
    }
    _name_pieces(names, mine, new, old, met)
    left = {old.names[o] for o in np.unique(old.ranks[~where]) if o}
    beside = _beside(labels, region, settings)
    _name_linked(names, mine, new, left, beside, settings.min_overlap)
    first = max(int(labels.max(initial=0)), 0)
    unnamed = [f for f in np.flatnonzero(mine).tolist() if f not in names]
    names.update(zip(unnamed, range(first + 1, first + 1 + len(unnamed)), strict=True))
    kind = kind_for(labels.dtype, first + len(unnamed))
    table = np.zeros(len(mine), kind)
    for f, name in names.items():
        table[f] = name
    return np.where(where, table[new.ranks], labels[box].astype(kind))


@dataclass(frozen=True)
class Objects:
    """Labels counted from 1 without gaps; 0 is the background in all of it."""

    names: list[int]
    ranks: NDArray[Any]
    sizes: Ints

    @classmethod
    def of(cls, labels: NDArray[Any]) -> "Objects":
        """Count the objects of some labels."""
        numbers, ranks, sizes = compacted(labels)
        return cls([0, *numbers.tolist()], ranks, np.append(0, sizes))

    def within(self, mask: Flags) -> Ints:
        """Count the pixels that each has in a mask."""
        ranks = self.ranks[mask].astype(np.intp)
        counts = np.bincount(ranks, minlength=len(self.sizes))
        counts[0] = 0
        return counts


@dataclass(frozen=True)
class Met:
    """Pairs of found and old objects that share pixels.

    Attributes
    ----------
    found, old : array of int
        Their ranks, pair by pair.
    iou, containment : array of float
        The share of both, and of the smaller one, that lies in the other.
    same : array of int
        For each found object the old one that it is, seen again; 0 for none.
    """

    found: Ints
    old: Ints
    iou: NDArray[np.float64]
    containment: NDArray[np.float64]
    same: Ints

    @classmethod
    def between(cls, found: Objects, old: Objects) -> "Met":
        """Lay two sets of objects on each other."""
        pairs, shared = overlaps(found.ranks, old.ranks)
        one, other = pairs[:, 0], pairs[:, 1]
        sizes = found.sizes[one], old.sizes[other]
        iou = shared / (sizes[0] + sizes[1] - shared)
        again = iou > HALF  # of which there is one at most
        same = np.zeros(len(found.sizes), np.intp)
        same[one[again]] = other[again]
        return cls(one, other, iou, shared / np.minimum(*sizes), same)


def _changed(
    new: Objects, old: Objects, met: Met, inside: Flags, kept: Flags | None
) -> tuple[Flags, Flags]:
    """Return the pixels that change, and which found objects are taken in.

    A found object belongs here unless more of it is labelled outside already than
    lies inside. An old one goes or stays with the found one that it is; another one
    by where most of it lies, unless something that is taken in lies on it: then its
    pixels inside go.
    """
    here = new.within(inside) > new.within(~inside & (old.ranks > 0))
    elsewhere = ~here
    elsewhere[0] = False
    mine = here
    if kept is not None:
        mine = here & (new.within(~kept) > HALF * new.sizes)
    goes = old.within(inside) > HALF * old.sizes
    stays = ~goes
    stays[met.old[mine[met.found]]] = False
    again = np.flatnonzero(met.same)
    goes[met.same[again]] = mine[again]
    stays[met.same[again]] = ~mine[again]
    stays[0] = False
    where = inside | goes[old.ranks]
    where &= ~(stays[old.ranks] | elsewhere[new.ranks])
    where |= mine[new.ranks]
    if kept is not None:
        where &= ~kept
    return where, mine


def _name_pieces(
    names: dict[int, int], mine: Flags, new: Objects, old: Objects, met: Met
) -> None:
    """Name what is a piece, seen again, of an old object that lies in several."""
    unnamed = mine[met.found] & (met.same[met.found] == 0)
    if not unnamed.any():
        return
    windows = ndimage.find_objects(old.ranks)
    for o in np.unique(met.old[unnamed]).tolist():
        window = windows[o - 1]
        alone = old.ranks[window] == o
        pieces, count = pieces_in(alone)
        if count > 1:
            seen = replace(new, ranks=new.ranks[window])
            same = Met.between(seen, Objects.of(pieces)).same
            for f in np.flatnonzero(mine & (same > 0)).tolist():
                names.setdefault(f, old.names[o])


@dataclass(frozen=True)
class Beside:
    """Labels so many slices or frames away from a region.

    Objects taper to a pole in the next slice, and in no other.
    """

    labels: NDArray[Any]
    step: int
    tapers: bool


def _beside(
    labels: NDArray[Any], region: Region, settings: SegmentSettings
) -> Iterator[Beside]:
    """Yield what the objects of a single slice or frame go on in."""
    linked = {"z": settings.volume != "slices", "t": settings.time == "linked"}
    for axis in (a for a, wanted in linked.items() if wanted):
        for step, box in region.beside(axis, settings.gap + 1):
            yield Beside(labels[box], step, axis == "z" and step == 1)


def _name_linked(
    names: dict[int, int],
    mine: Flags,
    new: Objects,
    left: Collection[int],
    beside: Iterable[Beside],
    least: float,
) -> None:
    """Name what goes on in the slices or frames beside, as they are linked in a run.

    The nearest first, those that overlap most before those that lie within another.
    """
    unnamed = mine.copy()
    unnamed[list(names)] = False
    if not unnamed.any():
        return
    pairs = []
    for near in beside:
        others = Objects.of(near.labels)
        met = Met.between(new, others)
        overlap = met.iou >= least
        within = near.tapers & (met.containment >= WITHIN)
        for i in np.flatnonzero((overlap | within) & unnamed[met.found]):
            rank = near.step, not overlap[i], -met.iou[i]
            pairs.append((*rank, int(met.found[i]), others.names[met.old[i]]))
    used = {*names.values(), *left}
    for *_, f, name in sorted(pairs):
        if f not in names and name not in used:
            names[f] = name
            used.add(name)
