"""Short runs on labelled planes: learn a part, watch the part held out."""

import copy
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from napari_cihm.config import FinetuneSettings, ModelConfig, TrainSettings
from napari_cihm.data.samples import Sample, sample_of
from napari_cihm.events import Event, Trained
from napari_cihm.models import Model
from napari_cihm.training.exam import Exam
from napari_cihm.training.gate import Score, pool
from napari_cihm.training.loop import Run, run_steps
from napari_cihm.training.losses import Loss, pick_loss
from napari_cihm.training.material import Plane
from napari_cihm.training.metrics import precision
from napari_cihm.training.schedule import Budget
from napari_cihm.training.trial import Trial
from napari_cihm.training.validation import look
from napari_cihm.training.viewing import label_planes, labels_of

CHECK_EVERY = 50
AVERAGING = 0.98
FOLD_TIME = 0.2  # share of the time that each fold may use; the rest is the final run's
# In a minute there is no time to learn from all that an image could have looked like.
AUGMENTATION = 0.5


@dataclass(frozen=True)
class Fitting:
    """What every run of a fine-tuning shares.

    Attributes
    ----------
    start : Model
        Copied for each run.
    planes : sequence of Plane
        Labelled, normalised for the model.
    rehearsed : sequence of Sample
        What the model knew before.
    settings : FinetuneSettings
    seed : int
    stop : callable, optional
        Asked at every step.
    """

    start: Model
    planes: Sequence[Plane]
    rehearsed: Sequence[Sample]
    settings: FinetuneSettings
    seed: int
    stop: Callable[[], bool] | None = None

    def fit(
        self, trial: Trial | None, seconds: float | None
    ) -> Generator[Event, None, Trained | None]:
        """Learn what a trial leaves to learn, or everything without one.

        Returns
        -------
        Trained or None
            The last averaged weights, or the best seen when stopped early: to
            choose by the score that judges would flatter it. None where it ended
            before the first step.
        """
        if self.stop is not None and self.stop():
            return None
        model = Model(
            copy.deepcopy(self.start.network),
            self.start.config,
            self.start.device,
            self.start.name,
        )
        samples = [*self._samples(trial), *self.rehearsed]
        run = Run(
            model,
            samples,
            self._weights(samples),
            Watcher(trial, self._loss, model.config),
            self._train_settings(),
            self.seed,
            Budget(self.settings.steps, seconds, stop=self.stop),
            keep_last=True,
        )
        for event in run_steps(run):
            if isinstance(event, Trained):
                return event if event.figures["step"] else None
            yield event
        raise AssertionError("a run ends with its model")

    @property
    def _loss(self) -> Loss:
        return pick_loss(self.start.config.task, "dice")

    def _samples(self, trial: Trial | None) -> list[Sample]:
        """Make samples in which only what may be learnt is believed."""
        config = self.start.config
        if trial is None:
            learnt = [plane.reviewed for plane in self.planes]
        else:
            learnt = [part.learn for part in trial.split.parts]
        return [
            sample_of(plane.image, plane.labels, believed, config)
            for plane, believed in zip(self.planes, learnt, strict=True)
            if believed.any()
        ]

    def _weights(self, samples: Sequence[Sample]) -> NDArray[np.float64]:
        """Draw planes by the root of their objects, and rehearse the set share."""
        own = len(samples) - len(self.rehearsed)
        weights = np.array([max(1, len(s.centres)) ** 0.5 for s in samples])
        share = self.settings.replay if self.rehearsed else 0.0
        weights[:own] *= (1 - share) / weights[:own].sum()
        if self.rehearsed:
            weights[own:] = share / len(self.rehearsed)
        return np.asarray(weights / weights.sum())

    def _train_settings(self) -> TrainSettings:
        chosen = self.settings
        return TrainSettings(
            task=self.start.config.task,
            patch=chosen.patch,
            batch=chosen.batch,
            rate=chosen.rate,
            patience=chosen.patience,
            steps_per_epoch=CHECK_EVERY,
            optimiser="adamw",  # Muon gains nothing in the hundred steps of a minute
            ema=AVERAGING,
            augmentation=AUGMENTATION,
            augmentation_end=AUGMENTATION,
            sparse=False,  # to learn from five objects, all steps are needed
        )


@dataclass(frozen=True)
class Watcher:
    """Watches the held-out part while a run learns the rest."""

    trial: Trial | None
    loss: Loss
    config: ModelConfig

    def __len__(self) -> int:
        return 0 if self.trial is None else self.trial.split.held_out

    def score(self, model: Model) -> dict[str, float]:
        """Return the figures of the held-out part; nothing is known without one."""
        if self.trial is None:
            return {"validation_loss": float("nan"), "score": 0.0}
        looks = [look(model, sample, self.loss) for sample in self._samples]
        found = [labels_of(maps, model.config) for maps, _ in looks]
        score = self.trial.score(found, model.config)
        return {
            "validation_loss": float(np.mean([loss for _, loss in looks])),
            **precision(score.matchings),
            "dice": score.dice,
            "score": score.figure(model.config.task),
        }

    @cached_property
    def _samples(self) -> list[Sample]:
        assert self.trial is not None
        return [
            sample_of(p.image, p.labels, part.block & p.reviewed, self.config)
            for p, part in zip(self.trial.planes, self.trial.parts, strict=True)
        ]


@dataclass(frozen=True)
class Fit:
    """What was learnt, and how well.

    Attributes
    ----------
    trained : Trained
    judged : sequence of int
        The numbers of the trials by which it is judged.
    score : Score
        On all of these.
    labels : list of array
        What the new model makes of the first of these.
    """

    trained: Trained
    judged: Sequence[int]
    score: Score
    labels: list[NDArray[np.int32]]


def fit_and_score(
    fitting: Fitting, exam: Exam, seconds: float | None
) -> Generator[Event, None, Fit | None]:
    """Train once beside one held-out part, or once a fold and then on everything.

    Returns
    -------
    Fit or None
        Where it was stopped before it could learn from everything, what it learnt
        beside a fold is the best so far, judged by that alone; None before the first
        step of all.
    """
    trials, fits = exam.trials, list[Fit]()
    share = FOLD_TIME if len(trials) > 1 else 1.0
    for number, trial in enumerate(trials):
        part = None if seconds is None else seconds * share
        trained = yield from fitting.fit(trial, part)
        if trained is None:
            return fits[-1] if fits else None
        found = label_planes(trained.model, trial.planes)
        fits.append(Fit(trained, [number], exam.score(trial, found), found))
    if len(trials) == 1:
        return fits[0]
    rest = None if seconds is None else seconds * (1 - FOLD_TIME * len(trials))
    trained = yield from fitting.fit(None, rest)
    if trained is None:
        return fits[-1]
    found = label_planes(trained.model, trials[0].planes)
    return Fit(trained, range(len(trials)), pool([fit.score for fit in fits]), found)
