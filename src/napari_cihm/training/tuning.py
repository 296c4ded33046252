"""Tune the decoder's thresholds on validation maps."""

from collections.abc import Sequence
from itertools import product

from napari_cihm.config import Decoding
from napari_cihm.training.validation import Mapped, mean_ap, score

# each row is searched in turn, twice over, around the best so far
GRID: dict[str, Sequence[float]] = {
    "foreground": (0.35, 0.4, 0.45, 0.5, 0.55, 0.6),
    "seed": (0.3, 0.4, 0.5, 0.6, 0.7),
    "smooth": (0.5, 1.0, 1.5, 2.0),
    "border": (0.5, 1.0, 1.5),
    "min_size": (8, 12, 20, 30),
}


def tune(mapped: Sequence[Mapped], start: Decoding) -> tuple[Decoding, float]:
    """Find the thresholds of the best mean AP, one setting after another.

    Returns
    -------
    Decoding
        The best found.
    float
        Its mean AP.
    """
    known = {start: mean_ap(score(mapped, start))}
    best = start
    for _round, (name, values) in product(range(2), GRID.items()):
        for value in values:
            tried = best.but(**{name: value})
            if tried not in known:
                known[tried] = mean_ap(score(mapped, tried))
        best = max(known, key=lambda decoding: known[decoding])
    return best, known[best]
