"""Segment again around what a person has reviewed, which stays as it was left."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_cihm.correction.counting import compacted
from napari_cihm.errors import DtypeError

HALF = 0.5
WIDER = (np.uint16, np.int32, np.uint32, np.int64, np.uint64)


def keep_reviewed(
    old: NDArray[np.integer],
    reviewed: NDArray[np.bool_],
    found: NDArray[np.integer],
) -> NDArray[np.integer]:
    """Replace the labels that nobody has reviewed.

    An old object is kept whole, under its number, when most of it was reviewed; of
    others the reviewed part is kept. A found object that lies mostly on what is
    kept is the same one seen again, and is dropped; others lose what they share
    with it and get numbers above all kept ones, in the old labels' kind of number or
    a wider one where it is needed.
    """
    fixed = kept_by(old, reviewed)
    kept = np.where(fixed, old, 0)
    found = np.where(_mostly(found, ~fixed), found, 0)
    numbers, ranks, _ = compacted(found)
    first = int(kept.max(initial=0))
    kind = kind_for(old.dtype, first + len(numbers))
    new = np.arange(len(numbers) + 1).astype(kind)
    new[1:] += kind.type(max(first, 0))
    return np.where(fixed, kept.astype(kind), new[ranks])


def kept_by(old: NDArray[np.integer], reviewed: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return what stays: what was reviewed, and objects of which most was."""
    return reviewed | _mostly(old, reviewed)


def kind_for(dtype: np.dtype[Any], highest: int) -> np.dtype[Any]:
    """Return `dtype`, or a wider kind of number, that holds `highest` as well."""
    for kind in (dtype, *map(np.dtype, WIDER)):
        if np.can_cast(dtype, kind) and highest <= np.iinfo(kind).max:
            return kind
    raise DtypeError(
        f"label {highest} beside others of {dtype}",
        f"numbers up to {np.iinfo(dtype).max}",
        "renumber the labels",
    )


def _mostly(labels: NDArray[np.integer], mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the pixels of objects most of which lies in a mask."""
    _, ranks, sizes = compacted(labels)
    within = np.bincount(ranks[mask].astype(np.intp), minlength=len(sizes) + 1)
    most: NDArray[np.bool_] = np.append(False, within[1:] > HALF * sizes)
    return most[ranks]
