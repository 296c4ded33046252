"""How far a run has come, and how fast and on how varied images it learns there."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from napari_cihm.config import TrainSettings

WARM = 0.2


@dataclass
class Budget:
    """What a run may spend: steps, seconds, or the lesser of both.

    Attributes
    ----------
    steps : int or None
        Steps allowed.
    seconds : float or None
        Wall time allowed, with the time before a resumption.
    spent : float
        Seconds spent before this process took over.
    stop : callable, optional
        Asked before every step; yes ends the run there.
    """

    steps: int | None = None
    seconds: float | None = None
    spent: float = 0.0
    began: float = field(default_factory=time.monotonic)
    stop: Callable[[], bool] | None = None

    @property
    def elapsed(self) -> float:
        """Seconds of work so far."""
        return self.spent + time.monotonic() - self.began

    @property
    def stopped(self) -> bool:
        """Whether the run was asked to end early."""
        return self.stop is not None and self.stop()

    def progress(self, step: int) -> float:
        """Share of the budget used before `step`, from 0; 1 ends the run."""
        shares = [0.0]
        if self.steps is not None:
            shares.append(step / self.steps)
        if self.seconds is not None:
            shares.append(self.elapsed / self.seconds)
        return min(max(shares), 1.0)


def learning_rate(progress: float, highest: float, schedule: str) -> float:
    """Return the rate at a share of the run.

    "onecycle" warms up over the first fifth from a 25th of the highest rate;
    both fall along a half cosine to a thousandth of it.
    """
    warm = WARM if schedule == "onecycle" else 0.0
    if progress < warm:
        return highest * (0.04 + 0.96 * progress / warm)
    down = (progress - warm) / (1 - warm)
    return highest * (0.001 + 0.999 * 0.5 * (1 + math.cos(math.pi * down)))


def augmentation(progress: float, settings: TrainSettings) -> float:
    """Return how strongly patches are changed at a share of the run.

    A small network has no room for all that images could look like: what it learns
    last is closer to images as they are. It never grows over a run.
    """
    first = settings.augmentation
    last = min(first, settings.augmentation_end)
    return first + (last - first) * progress
