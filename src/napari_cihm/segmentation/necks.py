"""Necks: where a chain of sections holds together so little that it is two objects."""

import numpy as np
from numpy.typing import NDArray

from napari_cihm.segmentation.sections import Ints, Sections

Floats = NDArray[np.float64]

# A chain is cut where its link is weaker than this: as a rule, with one faulty
# section left aside, and by the pixels of the link alone.
NECK, THREAD = 0.65, 0.35


def find_necks(chain: list[int], sections: Sections) -> list[int]:
    """Return the places in a chain after which another object begins.

    A link is as strong as the pixels that two sections share are many, against the
    widest section on either side, and as the two are alike, against the best link
    on either side: an object tapers towards its ends, and is not thin or shifted
    between thicker and straighter parts. One section of a wrong shape does not make
    a neck while those on both sides of it are alike.
    """
    necks, uncut = [], [(0, len(chain))]
    while uncut:  # no recursion: a long stack has more necks than Python has frames
        first, end = uncut.pop()
        neck = _neck(np.array(chain[first:end]), sections)
        if neck is not None:
            split = first + neck + 1
            necks.append(split - 1)
            uncut += [(first, split), (split, end)]
    return necks


def _links(chain: Ints, sections: Sections) -> Floats:
    """Return shared pixels and IoU of each link, as they are and over faults."""
    near = sections.meet(chain[:-1], chain[1:])
    past = sections.meet(chain[:-2], chain[2:])
    return np.stack(
        [
            near.shared,
            sections.iou(near),
            _over_faults(near.shared, past.shared),
            _over_faults(sections.iou(near), sections.iou(past)),
        ]
    )


def _over_faults(
    near: NDArray[np.number], past: NDArray[np.number]
) -> NDArray[np.number]:
    """Let a link hold as well as those past the section on either side of it."""
    firm = near.copy()
    firm[1:] = np.maximum(firm[1:], past)
    firm[:-1] = np.maximum(firm[:-1], past)
    return firm


def _neck(part: Ints, sections: Sections) -> int | None:
    """Find the weakest link of a part of a chain, if it is weak enough to cut."""
    if len(part) < 3:
        return None
    shared, iou, firm, alike = _links(part, sections)
    wide = np.minimum(*_sides(sections.areas[part]))
    before, after = _sides(alike)
    best = np.minimum(
        np.concatenate([alike[:1], before]), np.concatenate([after, alike[-1:]])
    )
    strength = firm / wide * np.minimum(alike / best, 1)
    weakness = np.minimum(strength / NECK, shared / wide / THREAD)
    weakest = int(weakness.argmin())
    if weakness[weakest] >= 1:
        return None
    near = np.arange(max(weakest - 1, 0), min(weakest + 2, len(shared)))
    order = np.lexsort((weakness[near], iou[near], shared[near]))
    return _between_ends(int(near[order[0]]), shared, iou)


def _between_ends(neck: int, shared: NDArray[np.integer], iou: Floats) -> int:
    """Part two ends of one width that lie on each other, each with its own object."""
    for middle in (neck - 1, neck + 1):
        if 0 < middle < len(shared) - 1:
            around = slice(middle - 1, middle + 2)
            before, here, after = iou[around]
            if not np.ptp(shared[around]) and here > max(before, after):
                return middle
    return neck


def _sides(values: NDArray[np.number]) -> tuple[NDArray[np.number], ...]:
    """Return the highest value before, and after, each place between two values."""
    before = np.maximum.accumulate(values)[:-1]
    after = np.maximum.accumulate(values[::-1])[::-1][1:]
    return before, after
