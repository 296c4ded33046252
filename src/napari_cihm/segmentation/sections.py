"""What linking knows of a stack: the sizes of its sections and how they overlap."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_cihm.segmentation.joining import overlaps

Ints = NDArray[np.int64]

NONE = -1  # in place of a section's number


@dataclass(frozen=True)
class Meeting:
    """Pairs of sections, counted over the whole stack, that share pixels.

    Those that are counted are in the order of their numbers.

    Parameters
    ----------
    one, other : array of int
        Numbers of the sections, the second some slices further on.
    shared : array of int
        The pixels they share when laid on each other.
    """

    one: Ints
    other: Ints
    shared: Ints

    def of(self, keep: NDArray[Any]) -> "Meeting":
        """Return some of the pairs, by a mask or by their places."""
        return Meeting(self.one[keep], self.other[keep], self.shared[keep])


@dataclass(frozen=True)
class Sections:
    """Every section of a stack, numbered from 0 slice after slice.

    Parameters
    ----------
    slices : array of int
        The slice each section lies in.
    areas : array of int
        Its pixels.
    meetings : tuple of Meeting
        How sections meet one slice further on, two slices, and so on.
    """

    slices: Ints
    areas: Ints
    meetings: tuple[Meeting, ...]

    def meet(self, one: Ints, other: Ints) -> Meeting:
        """Return pairs of sections with the pixels they share, where counted."""
        shared = np.zeros(len(one), np.int64)
        steps = self.slices[other] - self.slices[one]
        for step, (meeting, keys) in enumerate(
            zip(self.meetings, self._keys, strict=True), start=1
        ):
            at = np.flatnonzero(steps == step)
            wanted = self._key(one[at], other[at])
            places = np.searchsorted(keys[:-1], wanted)
            known = keys[places] == wanted
            shared[at[known]] = meeting.shared[places[known]]
        return Meeting(one, other, shared)

    def iou(self, pairs: Meeting) -> NDArray[np.float64]:
        """Return the intersection over union of pairs of sections."""
        union = self.areas[pairs.one] + self.areas[pairs.other] - pairs.shared
        return np.asarray(pairs.shared / union)

    def containment(self, pairs: Meeting) -> NDArray[np.float64]:
        """Return the share of the smaller section that lies within the larger."""
        smaller = np.minimum(self.areas[pairs.one], self.areas[pairs.other])
        return np.asarray(pairs.shared / smaller)

    @cached_property
    def _keys(self) -> list[Ints]:
        # What is beyond the last pair is found at the end, which is none.
        return [np.append(self._key(m.one, m.other), NONE) for m in self.meetings]

    def _key(self, one: Ints, other: Ints) -> Ints:
        return one * len(self.areas) + other


def collect_sections(
    counts: Sequence[int],
    pieces: int,
    labels: Callable[[int, int], NDArray[np.uint32]],
    reach: int,
) -> Sections:
    """Measure sections and overlaps, holding `reach` + 1 pieces at most.

    Parameters
    ----------
    counts : sequence of int
        Sections in each slice.
    pieces : int
        Pieces each slice is cut into, all slices alike.
    labels : callable
        Gives the labels of a slice and a piece.
    reach : int
        How many slices further on overlaps are counted.
    """
    starts = np.cumsum([0, *counts])
    areas = np.zeros(int(starts[-1]), np.int64)
    found: list[list[Meeting]] = [[] for _ in range(reach)]
    for piece in range(pieces):
        held: deque[NDArray[np.uint32]] = deque(maxlen=reach)
        for k, count in enumerate(counts):
            now = labels(k, piece)
            sizes = np.bincount(now.ravel(), minlength=count + 1)
            areas[starts[k] : starts[k + 1]] += sizes[1:]
            for step, before in enumerate(held, start=1):
                pairs, shared = overlaps(before, now)
                one = pairs[:, 0] - 1 + starts[k - step]
                other = pairs[:, 1] - 1 + starts[k]
                found[step - 1].append(Meeting(one, other, shared))
            held.appendleft(now)
    slices = np.repeat(np.arange(len(counts)), counts)
    return Sections(slices, areas, tuple(_summed(m, pieces) for m in found))


def _summed(meetings: list[Meeting], pieces: int) -> Meeting:
    """Add up what pairs share in all pieces."""
    none = np.zeros(0, np.int64)
    one, other, shared = (
        np.concatenate([none, *(getattr(m, name) for m in meetings)])
        for name in ("one", "other", "shared")
    )
    if pieces > 1:
        pairs, inverse = np.unique(
            np.stack([one, other], axis=1), axis=0, return_inverse=True
        )
        shared = np.bincount(inverse.ravel(), shared, len(pairs)).astype(np.int64)
        one, other = pairs[:, 0], pairs[:, 1]
    return Meeting(one, other, shared)
