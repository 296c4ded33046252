"""Count the pixels of each label in an array, with the box around them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_cihm.correction.edits import Block

# Beyond it a table of one entry a label number costs more than sorting pixels.
TABLE = 1 << 22


@dataclass(frozen=True)
class Extents:
    """How many pixels some labels have, and boxes that hold them all.

    Attributes
    ----------
    numbers : array of shape (n,)
        The labels, each once and ascending unless they are to be gathered.
    counts : array of int, shape (n,)
        Their pixels.
    first, last : array of int, shape (n, ndim)
        Where their boxes begin, and where they end: the first pixel behind.
    """

    numbers: NDArray[Any]
    counts: NDArray[np.intp]
    first: NDArray[np.intp]
    last: NDArray[np.intp]

    @property
    def highest(self) -> int:
        """The highest number; 0 where there is none above."""
        return int(self.numbers.max(initial=0))


def extents_of(values: NDArray[Any], start: tuple[int, ...]) -> Extents:
    """Count each label but 0 in a part of an array that begins at `start`."""
    values = np.ascontiguousarray(values)
    # Runs of one label along the last axis are far fewer than pixels.
    begins = np.ones(values.shape, np.bool_)
    np.not_equal(values[..., 1:], values[..., :-1], out=begins[..., 1:])
    at = np.flatnonzero(begins)
    lengths = np.diff(at, append=values.size)
    numbers = values.reshape(-1)[at]
    real = numbers != 0
    at, lengths, numbers = at[real], lengths[real], numbers[real]
    first = np.stack(np.unravel_index(at, values.shape), axis=1)
    first += np.array(start, np.intp)
    last = first + 1
    last[:, -1] += lengths - 1
    return gathered([Extents(numbers, lengths, first, last)])


def extents_of_block(block: Block, name: str) -> Extents:
    """Count each label but 0 among the old or new values of an edit's block."""
    values = getattr(block, name)
    if not values.ndim:
        some = int(values != 0)
        box = np.array([(s.start, s.stop) for s in block.box], np.intp)[None]
        return Extents(
            values.reshape(1)[:some],
            np.array([block.size], np.intp)[:some],
            box[:some, :, 0],
            box[:some, :, 1],
        )
    window = np.zeros(block.shape, values.dtype)
    window[block.where] = values
    return extents_of(window, block.start)


def gathered(parts: Sequence[Extents]) -> Extents:
    """Put what was found in parts of an array together; there is one at least.

    A part may name a label more than once.
    """
    numbers = np.concatenate([part.numbers for part in parts])
    order = np.argsort(numbers, kind="stable")
    numbers = numbers[order]
    firsts = np.flatnonzero(np.append(True, numbers[1:] != numbers[:-1])[: len(order)])
    if not len(firsts):
        return parts[0]

    def merged(how: np.ufunc, name: str) -> NDArray[np.intp]:
        values = np.concatenate([getattr(part, name) for part in parts])
        # One column at a time, which is twice as fast.
        columns = values.reshape(len(order), -1).T
        reduced = [how.reduceat(column[order], firsts) for column in columns]
        return np.stack(reduced, axis=1).reshape(-1, *values.shape[1:])

    return Extents(
        numbers[firsts],
        merged(np.add, "counts"),
        merged(np.minimum, "first"),
        merged(np.maximum, "last"),
    )


def compacted(
    values: NDArray[Any],
) -> tuple[NDArray[Any], NDArray[np.int32], NDArray[np.intp]]:
    """Renumber labels from 1 without gaps: their numbers, the array, their sizes."""
    top = int(values.max(initial=0))
    if not top and int(values.min(initial=0)) == 0:
        return np.empty(0, values.dtype), values, np.empty(0, np.intp)
    if top < TABLE and int(values.min()) >= 0:
        sizes = np.bincount(values.reshape(-1).astype(np.int32, copy=False))
        sizes[0] = 0
        numbers = np.flatnonzero(sizes)
        table = np.zeros(top + 1, np.int32)
        table[numbers] = np.arange(1, len(numbers) + 1)
        return numbers, table[values], sizes[numbers]
    numbers, inverse, counts = np.unique(
        values, return_inverse=True, return_counts=True
    )
    real = numbers != 0
    ranks = np.where(real, np.cumsum(real), 0).astype(np.int32)
    return numbers[real], ranks[inverse.reshape(values.shape)], counts[real]
