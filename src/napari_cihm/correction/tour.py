"""Go through objects or patches in an order that is worth the time."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import compress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_cihm.correction.checked import Checked, Progress
from napari_cihm.correction.coverage import coverage
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
    """An order of stops, walked past those that need no more looks, and back again.

    Parameters
    ----------
    stops : iterable of Stop
        In order.
    find : callable
        Returns a stop as it is now, or None when it is gone.
    is_checked : callable
        Tells whether a stop needs no more looks.
    progress : callable
        Counts what is checked.
    """

    def __init__(
        self,
        stops: Iterable[Stop],
        find: Callable[[Stop], Stop | None],
        is_checked: Callable[[Stop], bool],
        progress: Callable[[], Progress],
    ) -> None:
        self.stops = list(stops)
        self.progress = progress
        self._find, self._is_checked = find, is_checked
        self._at = -1
        self._trail: list[int] = []

    def next(self) -> Stop | None:
        """Go on to the next stop that is not checked; None when all are."""
        n = len(self.stops)
        for away in range(1, n + 1):
            at = (self._at + away) % n
            stop = self._find(self.stops[at])
            if stop is not None and not self._is_checked(stop):
                break
        else:
            at, stop = -1, None
        if self._at not in (-1, at):
            self._trail.append(self._at)
        self._at = at
        return stop

    def previous(self) -> Stop | None:
        """Go back to what was looked at before, checked or not.

        None when nothing was, or nothing of it is left; one then stays where one is.
        """
        while self._trail:
            at = self._trail.pop()
            if (stop := self._find(self.stops[at])) is not None:
                self._at = at
                return stop
        return None

    @property
    def has_trail(self) -> bool:
        """Whether anything was looked at before that is still there."""
        return any(self._find(self.stops[at]) is not None for at in self._trail)


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
    labels, known = list(index), scores or {}
    values = [known.get(n, 0.0) for n in labels] if known else None
    order = _order(values, seed, labels)
    stops = [Stop(index.box(n), n, known.get(n, 0.0)) for n in order]

    def find(stop: Stop) -> Stop | None:
        if stop.label not in index:
            return None
        return Stop(index.box(stop.label), stop.label, stop.score)

    return Tour(stops, find, lambda stop: stop.label in checked, checked.progress)


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

    def is_checked(stop: Stop) -> bool:
        return reviewed.touches(stop.box) and bool(reviewed.read(stop.box).all())

    first, last = _bounds(patches)

    def progress() -> Progress:
        whole, met = coverage(reviewed, first, last)
        unsure = compress(patches, (met & ~whole).tolist())
        seen = sum(bool(reviewed.read(box).all()) for box in unsure)
        return Progress(int(whole.sum()) + seen, len(stops))

    return Tour(stops, lambda stop: stop, is_checked, progress)


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
