"""A course of fine-tuning, and what it came to: learnt or not, taken or not."""

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date

import numpy as np
from numpy.typing import NDArray

from napari_cihm.config import FinetuneSettings, Limits, TrainingRecord
from napari_cihm.data.paths import spelled
from napari_cihm.errors import counted
from napari_cihm.events import Finetuned
from napari_cihm.models import Model
from napari_cihm.training.exam import Exam
from napari_cihm.training.fitting import Fit
from napari_cihm.training.gate import Score, Verdict, judge
from napari_cihm.training.records import Curves, versions

FEWEST = 30  # steps, below which little is learnt


@dataclass(frozen=True)
class Course:
    """What one fine-tuning starts from, what it is to beat, and how it goes.

    Attributes
    ----------
    start : Model
        That learns more.
    base : Model
        That the new one must beat.
    exam : Exam
        By which both are judged.
    settings : FinetuneSettings
    limits : Limits
    stopped : callable
        Says whether it was stopped.
    curves : Curves
        Of its runs.
    """

    start: Model
    base: Model
    exam: Exam
    settings: FinetuneSettings
    limits: Limits
    stopped: Callable[[], bool]
    curves: Curves = field(default_factory=Curves)

    def unlearnt(self, old: Score | None) -> Finetuned:
        """Say that nothing was learnt: the model is the one it started from."""
        figure = math.nan if old is None else old.figure(self.start.config.task)
        figures = {} if old is None else old.figures()
        return Finetuned(
            self.start,
            base_score=figure,
            new_score=figure,
            accepted=False,
            reason="the old model is kept: nothing was learnt",
            base_figures=figures,
            new_figures=figures,
            warnings=self._hurry(),
            learnt=False,
        )

    def learnt(
        self, old: Score, shown: Sequence[NDArray[np.int32]], fit: Fit
    ) -> Finetuned:
        """Judge what was learnt, and put it together.

        Parameters
        ----------
        old : Score
            Of the old model, by the trials that judge the new one.
        shown : sequence of array
            What the old model made of the first of these.
        fit : Fit
        """
        verdict, lesson = self._verdict(old, fit.score), self.exam.lesson
        tuned, task = fit.trained.model, lesson.config.task
        record = self._record(old, fit.score, verdict)
        config = tuned.config.but(training=record, diameter=lesson.diameter)
        return Finetuned(
            Model(tuned.network, config, self.start.device, self.start.name),
            base_score=old.figure(task),
            new_score=fit.score.figure(task),
            accepted=verdict.accepted,
            reason=verdict.reason,
            base_figures=old.figures(),
            new_figures=fit.score.figures(),
            warnings=(*verdict.warnings, *(() if verdict.accepted else self._hurry())),
            overlays=self.exam.trials[fit.judged[0]].overlays(shown, fit.labels),
        )

    def _verdict(self, old: Score, new: Score) -> Verdict:
        lesson, findings = self.exam.lesson, self.exam.lesson.findings
        tuned_before = "start" in self.base.config.training.settings
        return judge(
            old,
            new,
            lesson.config.task,
            lesson.doubts,
            placed=findings is None or findings.placed,
            meant=findings is not None and findings.borne_out(new.ap50),
            seasoned=not tuned_before,
        )

    def _hurry(self) -> tuple[str, ...]:
        """Say that the time was too short for this machine, or for anything."""
        steps, stopped = len(self.curves.lists["step"]), self.stopped()
        if stopped and not steps:
            return ("It was stopped before the first step: nothing was learnt.",)
        if stopped or self.limits.seconds is None or steps >= FEWEST:
            return ()
        short = f"enough for {counted(steps, 'step')} of learning"
        return (
            f"The time was {short if steps else 'up before the first step of learning'}"
            ": this machine is slow, or busy with something else. Choose a longer "
            "time.",
        )

    def _record(self, old: Score, new: Score, verdict: Verdict) -> TrainingRecord:
        """Say how a model was made of another."""
        lesson, start = self.exam.lesson, self.start
        choices = [item.channels for item in lesson.labelled]
        return TrainingRecord(
            data=lesson.fingerprint,
            images=len(lesson.labelled),
            objects=lesson.objects,
            settings={
                **self.settings.model_dump(),
                "seconds": self.limits.seconds,
                "seed": self.limits.seed,
                "start": spelled(start.name),
                "channels": choices[0] if len(set(choices)) == 1 else choices,
            },
            curves=self.curves.lists,
            figures={
                "base": old.figures(),
                "new": new.figures(),
                "accepted": verdict.accepted,
                "reason": verdict.reason,
                "labels": asdict(lesson.findings) if lesson.findings else {},
            },
            base=start.hash,
            date=date.today().isoformat(),
            versions=versions(),
        )
