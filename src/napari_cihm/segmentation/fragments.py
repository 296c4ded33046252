"""Fragments: sections of one slice alone, given back to the object they broke off."""

from collections import defaultdict

import numpy as np
from numpy.typing import NDArray

from napari_cihm.segmentation.sections import Ints, Sections


class Bodies:
    """What objects measure in each slice, and share from one slice to the next.

    Parameters
    ----------
    objects : array of int
        The object of each section.
    sections : Sections
        Their sizes, and how they meet.
    """

    def __init__(self, objects: Ints, sections: Sections) -> None:
        self._areas: dict[tuple[int, int], int] = defaultdict(int)
        self._shared: dict[tuple[int, int], int] = defaultdict(int)
        slices, near = sections.slices, sections.meetings[0]
        for key, area in zip(
            zip(objects.tolist(), slices.tolist(), strict=True),
            sections.areas.tolist(),
            strict=True,
        ):
            self._areas[key] += area
        near = near.of(objects[near.one] == objects[near.other])
        for one, shared in zip(near.one.tolist(), near.shared.tolist(), strict=True):
            self._shared[int(objects[one]), int(slices[one])] += shared

    def gain(self, body: int, z: int, area: int, over: int, under: int) -> float:
        """Say how much more alike its slices are with a fragment in one of them.

        It has to lie beside the object or in a gap, since what follows on an end is
        of no slice yet. `over` and `under` are the pixels it shares with the object
        in the slice before and in the one after.
        """
        here = self._areas.get((body, z), 0)
        beside = [self._areas.get((body, z + step), 0) for step in (-1, 1)]
        if not here and not all(beside):
            return 0.0
        gain = 0.0
        for there, more, first in zip(beside, (over, under), (z - 1, z), strict=True):
            if there:
                shared = self._shared.get((body, first), 0)
                gain += _iou(here + area, there, shared + more)
                gain -= _iou(here, there, shared)
        return gain

    def add(self, body: int, z: int, area: int, over: int, under: int) -> None:
        """Make a fragment a part of an object."""
        self._areas[body, z] += area
        self._shared[body, z - 1] += over
        self._shared[body, z] += under


def adopt_fragments(
    objects: Ints, alone: NDArray[np.bool_], sections: Sections
) -> Ints:
    """Give lone sections to the objects whose slices they make more alike.

    Such a section broke off in a slice in which one object was seen as two, or is
    what was seen of it in a slice where it was missed.
    """
    adopted = objects.copy()
    if not sections.meetings:
        return adopted
    bodies = Bodies(objects, sections)
    lone = set(objects[alone].tolist())
    for fragment, met in _neighbours(alone, sections).items():
        z, area = int(sections.slices[fragment]), int(sections.areas[fragment])
        overlap: dict[int, list[int]] = defaultdict(lambda: [0, 0])
        for section, shared in met:
            side = int(sections.slices[section] > z)
            overlap[int(adopted[section])][side] += shared
        gaining = [
            body
            for body, shared in overlap.items()
            if body not in lone and bodies.gain(body, z, area, *shared) > 0
        ]
        if len(gaining) == 1:  # what may be of two objects is left alone
            bodies.add(gaining[0], z, area, *overlap[gaining[0]])
            adopted[fragment] = gaining[0]
    return adopted


def _neighbours(
    alone: NDArray[np.bool_], sections: Sections
) -> dict[int, list[tuple[int, int]]]:
    """Return what each lone section meets one slice away, and the pixels shared."""
    near = sections.meetings[0]
    met: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for one, other in ((near.one, near.other), (near.other, near.one)):
        of = alone[one]
        for section, beside, shared in zip(
            one[of].tolist(), other[of].tolist(), near.shared[of].tolist(), strict=True
        ):
            met[section].append((beside, shared))
    return dict(sorted(met.items()))


def _iou(one: int, other: int, shared: int) -> float:
    return shared / (one + other - shared)
