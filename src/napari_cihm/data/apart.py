"""Masks of one number: what lies apart in them is an object of its own."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from skimage.measure import label

from napari_cihm.data.pairs import Pair, PairSource

OFTEN = 2  # pieces a mask has, on average; a single object is one

WORDS = (
    "All labels are one number, as a threshold gives it: each piece is taken for an "
    "object. Give touching objects numbers of their own."
)


def one_number(masks: Iterable[NDArray[Any]]) -> bool:
    """Whether masks give one number to things that lie apart.

    Masks are looked at up to the first that shows that they do not.
    """
    numbers, held, count = set[int](), 0, 0
    for mask in masks:
        numbers |= set(np.unique(mask).tolist()) - {0}
        if len(numbers) > 1:
            return False
        pieces = int(tell_apart(mask).max(initial=0))
        held, count = held + (pieces > 0), count + pieces
    return 0 < OFTEN * held <= count


def tell_apart(mask: NDArray[Any]) -> NDArray[np.int32]:
    """Give each piece a number of its own; diagonal neighbours are one piece."""
    return np.asarray(label(mask > 0), np.int32)


def tell_pairs_apart(sources: Sequence[PairSource]) -> list[PairSource]:
    """Offer the same pairs, the pieces in their masks numbered."""
    return [replace(s, read=partial(_numbered, s)) for s in sources]


def _numbered(source: PairSource) -> Pair:
    pair = source.read()
    return replace(pair, labels=tell_apart(pair.labels))
