"""What the old and the new model are judged by: the labels that are held out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import takewhile

import numpy as np
from numpy.typing import NDArray

from napari_cihm.models import Model
from napari_cihm.training.gate import Score, spread
from napari_cihm.training.holdout import folds
from napari_cihm.training.lesson import Lesson
from napari_cihm.training.trial import Trial
from napari_cihm.training.viewing import label_planes

FEW = 16
FOLDS = 3


@dataclass(frozen=True)
class Exam:
    """Trials on what a lesson holds out.

    Attributes
    ----------
    lesson : Lesson
    trials : sequence of Trial
        One; where objects are few several, which together hold each out once.
    few : bool
        Whether they are.
    """

    lesson: Lesson
    trials: Sequence[Trial]
    few: bool

    @classmethod
    def of(cls, lesson: Lesson, share: float, seed: int) -> "Exam":
        """Hold out about a share of a lesson; of few objects, each in turn."""
        few = lesson.objects < FEW
        share, turns = (1.0, FOLDS) if few else (share, 1)
        splits = folds(lesson.units, share, seed, turns)
        trials = [Trial.of(lesson.planes, split, lesson.units) for split in splits]
        return cls(lesson, trials, few)

    @property
    def held_out(self) -> int:
        """How many objects are scored."""
        return sum(trial.split.held_out for trial in self.trials)

    @property
    def sure(self) -> str:
        """Say how much a score on so many objects is worth."""
        how = (
            "each held out in turn in a short run"
            if self.few
            else "that were not learnt"
        )
        if self.lesson.config.task != "instance":
            return f"Scored on {self.held_out} pieces of regions {how}."
        off = spread(self.held_out)
        return (
            f"Scored on {self.held_out} objects {how}; by chance figures may be off by "
            f"about {off:.2f}."
        )

    def label(
        self, model: Model, stopped: Callable[[], bool]
    ) -> list[list[NDArray[np.int32]]]:
        """Let a model label the planes of each trial, until it is stopped."""
        seen = self.lesson.seen_by(model.config)
        return [
            label_planes(model, takewhile(lambda _: not stopped(), trial.seen(seen)))
            for trial in self.trials
        ]

    def score(self, trial: Trial, found: Sequence[NDArray[np.int32]]) -> Score:
        """Score labels, however far beside their objects the true ones lie."""
        findings = self.lesson.findings
        laid = findings.lay_beside(trial.planes, found) if findings else found
        return trial.score(laid, self.lesson.config)
