"""Segment again around what a person has reviewed, which stays as it was left."""

import numpy as np
from numpy.typing import NDArray

HALF = 0.5


def keep_reviewed(
    old: NDArray[np.integer],
    reviewed: NDArray[np.bool_],
    found: NDArray[np.integer],
    above: int = 0,
) -> NDArray[np.int32]:
    """Replace the labels that nobody has reviewed.

    An old object is kept whole, under its number, when most of it was reviewed; of
    others the reviewed part is kept. A found object that lies mostly on what is
    kept is the same one seen again, and is dropped; others lose what they share
    with it and get numbers above all kept ones.

    Parameters
    ----------
    old, found : array of int
        Labels before, and of the new run.
    reviewed : array of bool
        Where nothing may change.
    above : int
        New numbers are higher than this, too.
    """
    sizes = np.bincount(old.ravel())
    seen = np.bincount(old[reviewed], minlength=len(sizes))
    mostly = seen > HALF * sizes
    mostly[0] = False
    fixed = reviewed | mostly[old]
    kept = np.where(fixed, old, 0).astype(np.int32)

    whole = np.bincount(found.ravel())
    free = np.bincount(found[~fixed], minlength=len(whole))
    new = np.flatnonzero(free > HALF * whole)
    new = new[new > 0]
    numbers = np.zeros(len(whole), np.int32)
    numbers[new] = np.arange(1, len(new) + 1) + kept.max(initial=above)
    return np.where(fixed, kept, numbers[found])
