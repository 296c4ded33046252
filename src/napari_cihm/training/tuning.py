"""Tune the decoder's thresholds by objects that are known."""

import time
from collections.abc import Callable, Sequence
from itertools import product

from napari_cihm.config import Decoding
from napari_cihm.models import Model
from napari_cihm.segmentation.decoding import decode
from napari_cihm.training.gate import score_split
from napari_cihm.training.holdout import Split, learnt
from napari_cihm.training.material import Plane

# each row is searched in turn, twice over, around the best so far
GRID: dict[str, Sequence[float]] = {
    "prominence": (0.05, 0.1, 0.15, 0.2, 0.3, 0.4),
    "smooth": (0.5, 1.0, 1.5, 2.0),
    "foreground": (0.35, 0.4, 0.45, 0.5, 0.55, 0.6),
    "border": (0.0, 0.5, 1.0, 1.5),
    "min_size": (8, 12, 20, 30),
}
ENOUGH = 16
LARGE = 2**22


def tune(
    score: Callable[[Decoding], float], start: Decoding, seconds: float | None = None
) -> tuple[Decoding, float]:
    """Find the thresholds of the best score, one setting after another.

    Parameters
    ----------
    score : callable
        How good thresholds are.
    start : Decoding
        Where to search from.
    seconds : float, optional
        Time allowed; the best so far is given then.

    Returns
    -------
    Decoding
        The best found.
    float
        Its score.
    """
    end = None if seconds is None else time.monotonic() + seconds
    known = {start: score(start)}
    best = start
    for _round, (name, values) in product(range(2), GRID.items()):
        for value in values:
            if end is not None and time.monotonic() > end:
                break
            tried = best.but(**{name: value})
            if tried not in known:
                known[tried] = score(tried)
        best = max(known, key=lambda decoding: known[decoding])
    return best, known[best]


def tune_to_learnt(
    model: Model, planes: Sequence[Plane], split: Split | None, seconds: float | None
) -> Model:
    """Tune a model's thresholds by the objects it has learnt, and by no others.

    Too few of them say nothing, and the thresholds stay. Of many planes the fullest
    are looked at.
    """
    split = learnt(planes, split)
    if model.config.task != "instance" or split.held_out < ENOUGH:
        return model
    chosen = _fullest(split)
    some = [planes[i] for i in chosen]
    part = Split(tuple(split.parts[i] for i in chosen))
    maps = [model.predict(plane.image[None])[0] for plane in some]

    def score(decoding: Decoding) -> float:
        return score_split(some, [decode(m, decoding) for m in maps], part).map

    decoding, _ = tune(score, model.config.decoding, seconds)
    return Model(
        model.network, model.config.but(decoding=decoding), model.device, model.name
    )


def _fullest(split: Split) -> list[int]:
    """Choose planes with the most objects until there are pixels enough."""
    order = sorted(
        range(len(split.parts)), key=lambda i: len(split.parts[i].scored), reverse=True
    )
    chosen: list[int] = []
    pixels = 0
    for i in order:
        size = split.parts[i].block.size
        if chosen and pixels + size > LARGE:
            break
        chosen.append(i)
        pixels += size
    return sorted(chosen)
