"""Tune the decoder's thresholds by objects that are known."""

from collections.abc import Callable, Sequence
from itertools import product

from napari_cihm.config import Decoding

# each row is searched in turn, twice over, around the best so far
GRID: dict[str, Sequence[float]] = {
    "prominence": (0.05, 0.1, 0.15, 0.2, 0.3, 0.4),
    "smooth": (0.5, 1.0, 1.5, 2.0),
    "foreground": (0.35, 0.4, 0.45, 0.5, 0.55, 0.6),
    "border": (0.0, 0.5, 1.0, 1.5),
    "min_size": (8, 12, 20, 30),
    # No further: beyond, more objects that are right are lost than wrong ones.
    "sure": (0.0, 0.75, 0.8, 0.83, 0.86),
}


def tune(score: Callable[[Decoding], float], start: Decoding) -> Decoding:
    """Find the thresholds of the best score, one setting after another.

    Parameters
    ----------
    score : callable
        How good thresholds are.
    start : Decoding
        Where to search from.

    Returns
    -------
    Decoding
        The best found.
    """
    best = start.but(sure=0)  # or a model that is never sure has nothing to compare
    known = {best: score(best)}
    for _round, (name, values) in product(range(2), GRID.items()):
        for value in values:
            tried = best.but(**{name: value})
            if tried not in known:
                known[tried] = score(tried)
        best = max(known, key=lambda decoding: known[decoding])
    return best
