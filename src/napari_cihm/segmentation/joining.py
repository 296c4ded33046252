"""Joining the objects of neighbouring blocks, each exactly once."""

from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

Index = tuple[int, ...]
Pairs = NDArray[np.int64]


class Joinable(Protocol):
    """What joining needs of a part: no pixels but those near its faces."""

    @property
    def index(self) -> Index:
        """Which block it is."""

    @property
    def first(self) -> NDArray[np.int64]:
        """For each object, its first pixel in the plane."""

    @property
    def faces(self) -> Mapping[tuple[int, int], NDArray[np.uint32]]:
        """Bands around the faces it shares, by axis and side."""


def overlaps(
    one: NDArray[np.integer], other: NDArray[np.integer]
) -> tuple[Pairs, NDArray[np.int64]]:
    """Count the pixels that objects of two label arrays share.

    Returns
    -------
    pairs : array of shape (n, 2)
        Numbers of two objects that meet.
    counts : array of shape (n,)
        The pixels they share.
    """
    both = (one > 0) & (other > 0)
    a, b = one[both].astype(np.int64), other[both].astype(np.int64)
    if not a.size:
        return np.zeros((0, 2), np.int64), np.zeros(0, np.int64)
    width = int(b.max()) + 1
    keys, counts = np.unique(a * width + b, return_counts=True)
    return np.stack(np.divmod(keys, width), axis=1), counts.astype(np.int64)


def mutual_best(pairs: Pairs, counts: NDArray[np.int64]) -> Pairs:
    """Keep the pairs in which each is the other's largest overlap."""
    if not len(pairs):
        return pairs
    order = np.lexsort((pairs[:, 1], pairs[:, 0], -counts))
    ranked = pairs[order]
    ones = np.unique(ranked[:, 0], return_index=True)[1]
    others = np.unique(ranked[:, 1], return_index=True)[1]
    return ranked[np.intersect1d(ones, others)]


def join(parts: Iterable[Joinable]) -> tuple[dict[Index, NDArray[np.uint32]], int]:
    """Give the objects of all parts of a plane numbers, those across faces one.

    Two parts see the same band around the face they share; objects that overlap
    most, each way, are one. Numbers follow the first pixel of each object, so
    that they do not depend on how the plane was cut.

    Returns
    -------
    tables : mapping of block index to array
        A plane-wide number for each number within the part.
    count : int
        The objects there are.
    """
    known = {part.index: part for part in parts}
    indices = sorted(known)
    sizes = [len(known[i].first) for i in indices]
    starts = dict(zip(indices, np.cumsum([0, *sizes[:-1]]).tolist(), strict=True))
    total = sum(sizes)
    links = [np.zeros((0, 2), np.int64)]
    for index in indices:
        for (axis, side), band in known[index].faces.items():
            if side == 0:
                continue
            after = tuple(n + (a == axis) for a, n in enumerate(index))
            best = mutual_best(*overlaps(band, known[after].faces[axis, 0]))
            links.append(best - 1 + [starts[index], starts[after]])
    edges = np.concatenate(links)
    graph = coo_array(
        (np.ones(len(edges), bool), (edges[:, 0], edges[:, 1])), (total, total)
    )
    count, group = connected_components(graph, directed=False)
    firsts = [known[i].first for i in indices]
    first = np.concatenate(firsts) if firsts else np.zeros(0, np.int64)
    numbers = _ordered(group, first, int(count))
    bounds = np.cumsum([0, *sizes])
    tables = {
        index: np.concatenate([[0], numbers[a:b]]).astype(np.uint32)
        for index, (a, b) in zip(indices, pairwise(bounds.tolist()), strict=True)
    }
    return tables, int(count) if total else 0


def _ordered(
    group: NDArray[np.int32], first: NDArray[np.int64], count: int
) -> NDArray[np.int64]:
    earliest = np.full(count, np.iinfo(np.int64).max)
    np.minimum.at(earliest, group, first)
    rank = np.empty(count, np.int64)
    rank[np.argsort(earliest, kind="stable")] = np.arange(1, count + 1)
    return rank[group]
