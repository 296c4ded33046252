"""Go through objects or patches in an order that is worth the time."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import compress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_cihm.correction.checked import Checked, Progress
from napari_cihm.correction.label_index import LabelIndex
from napari_cihm.correction.reviewed import Reviewed
from napari_cihm.data.boxes import Box


@dataclass(frozen=True)
class Stop:
    """A place to look at.

    Attributes
    ----------
    box : Box
        What to show.
    label : int
        The object, or 0 for a patch.
    score : float
        Why it comes when it comes; larger is earlier.
    """

    box: Box
    label: int = 0
    score: float = 0.0


class Tour:
    """An order of stops, walked to and fro past those that need no more looks.

    Parameters
    ----------
    stops : iterable of Stop
        In order.
    open_stop : callable
        Returns the stop as it is now, or None when it is checked or gone.
    progress : callable
        Counts what is checked.
    """

    def __init__(
        self,
        stops: Iterable[Stop],
        open_stop: Callable[[Stop], Stop | None],
        progress: Callable[[], Progress],
    ) -> None:
        self.stops = list(stops)
        self.progress = progress
        self._open = open_stop
        self._at = -1

    def next(self) -> Stop | None:
        """Go on to the next stop that is not checked, around the end if need be.

        Returns
        -------
        Stop or None
            None when all are checked.
        """
        return self._walk(1)

    def previous(self) -> Stop | None:
        """Go back to the stop before, past checked ones."""
        return self._walk(-1)

    def _walk(self, step: int) -> Stop | None:
        n = len(self.stops)
        start = self._at if self._at >= 0 or step > 0 else 0
        for away in range(1, n + 1):
            at = (start + step * away) % n
            stop = self._open(self.stops[at])
            if stop is not None:
                self._at = at
                return stop
        return None


def tour_of_objects(
    index: LabelIndex,
    checked: Checked,
    scores: Mapping[int, float] | None = None,
    *,
    seed: int = 0,
) -> Tour:
    """Order objects by score, highest first, or at random without scores.

    Objects that a later edit removes are passed over.
    """
    labels = list(index)
    order = _order(
        [scores.get(n, 0.0) for n in labels] if scores else None, seed, labels
    )
    score = scores or {}
    stops = [Stop(index.box(n), n, score.get(n, 0.0)) for n in order]

    def open_stop(stop: Stop) -> Stop | None:
        if stop.label not in index or stop.label in checked:
            return None
        return Stop(index.box(stop.label), stop.label, stop.score)

    return Tour(stops, open_stop, checked.progress)


def tour_of_patches(
    patches: Sequence[Box],
    reviewed: Reviewed,
    scores: Sequence[float] | None = None,
    *,
    seed: int = 0,
) -> Tour:
    """Order patches by score, highest first, or at random without scores.

    A patch is checked when every pixel of it is reviewed. Unlike a tour of
    objects, this one also leads to places where the model missed an object.
    """
    ranks = _order(scores, seed, list(range(len(patches))))
    values = scores or [0.0] * len(patches)
    stops = [Stop(patches[n], 0, values[n]) for n in ranks]

    def is_open(stop: Stop) -> bool:
        return not reviewed.touches(stop.box) or not reviewed.read(stop.box).all()

    first, last = _bounds(patches)

    def progress() -> Progress:
        whole, met = reviewed.coverage(first, last)
        unsure = compress(patches, (met & ~whole).tolist())
        seen = sum(bool(reviewed.read(box).all()) for box in unsure)
        return Progress(int(whole.sum()) + seen, len(stops))

    return Tour(stops, lambda stop: stop if is_open(stop) else None, progress)


def _bounds(patches: Sequence[Box]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    ends = [[(s.start, s.stop) for s in box] for box in patches]
    bounds = np.array(ends, np.intp)
    return bounds[..., 0], bounds[..., 1]


def _order(scores: Sequence[float] | None, seed: int, names: list[Any]) -> list[Any]:
    if scores is None:
        ranks = np.random.default_rng(seed).permutation(len(names))
    else:
        ranks = np.argsort(-np.asarray(scores, np.float64), kind="stable")
    return [names[int(n)] for n in ranks]
