"""The training loop: a generator of events that can be stopped at any of them."""

import contextlib
import math
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from napari_cihm.config import TrainSettings
from napari_cihm.data.samples import Sample
from napari_cihm.errors import TrainingError
from napari_cihm.events import (
    EpochDone,
    Event,
    Note,
    StepDone,
    Trained,
    TrainingStarted,
)
from napari_cihm.models import Model
from napari_cihm.training.batches import Batch, Drawer, batches
from napari_cihm.training.learner import Learner
from napari_cihm.training.parallel import Team
from napari_cihm.training.records import Record
from napari_cihm.training.schedule import Budget, augmentation, learning_rate
from napari_cihm.training.state import RunState, model_of

STATE = "state.pt"
PLANNED = "the budget is spent"
HOPELESS = 20  # steps refused in a row
ALONE = Team()


class Scorer(Protocol):
    """Scores a model, the same way at every epoch."""

    def __len__(self) -> int:
        """How many images or objects are held out."""

    def score(self, model: Model) -> dict[str, float]:
        """Return figures; "score" picks the best, "validation_loss" is drawn."""


@dataclass(frozen=True)
class Run:
    """All that a run is made of.

    Attributes
    ----------
    model : Model
        Trained in place; gives its configuration to the result.
    samples : sequence of Sample
        To learn from.
    weights : array
        How often each is drawn.
    scorer : Scorer
        Scores a model on what is held out.
    settings : TrainSettings
    seed : int
    budget : Budget
    folder : Path, optional
        Where the state is kept; nothing is written without it.
    identity : dict
        What must be equal for a run to be resumed.
    keep : callable, optional
        Given the best model so far and its figures, whenever there is a better one.
    keep_last : bool
        Whether a run that ends as planned gives its last weights, not its best.
    team : Team
        The processes it is shared among.
    """

    model: Model
    samples: Sequence[Sample]
    weights: NDArray[np.float64]
    scorer: Scorer
    settings: TrainSettings
    seed: int
    budget: Budget
    folder: Path | None = None
    identity: dict[str, Any] = field(default_factory=dict)
    keep: Callable[[Model, dict[str, Any]], None] | None = None
    keep_last: bool = False
    team: Team = ALONE


def run_steps(run: Run) -> Iterator[Event]:
    """Train until the budget is spent, yielding at every step and epoch.

    The last event is `Trained`, with the best averaged weights.
    """
    state = RunState(run.model.network, run.settings)
    record = Record(run.folder if run.team.leads else None)
    if run.folder is not None and (run.folder / STATE).exists():
        state.restore(run.folder / STATE, run.identity)
        yield Note(f"Resumed at step {state.progress.step}.")
        yield from record.write(state.progress.history)
    progress = state.progress
    run.budget.spent += progress.seconds
    yield TrainingStarted(
        len(run.samples), len(run.scorer), run.model.parameters_count,
        run.budget.steps, progress.step,
    )  # fmt: skip
    reason = yield from _learn(run, state, record)
    if progress.best < 0:
        raise TrainingError(
            "training never gave a model that could be scored",
            remedy="lower the learning rate, and look at the images",
        )
    last = run.keep_last and reason == PLANNED and state.sound
    row = progress.history[-1 if last else progress.best_epoch - 1]
    model = model_of(state, run.model, best=not last)
    run.team.agree_on(model.network)
    yield Trained(model, dict(row), None, reason)


def _learn(run: Run, state: RunState, record: Record) -> Generator[Event, None, str]:
    """Take steps, and score the model at the end of each epoch; say why it ended."""
    settings, team, budget = run.settings, run.team, run.budget
    device, progress = run.model.device, state.progress
    drawer = Drawer(
        run.samples, run.weights, settings.patch, settings.batch, run.seed,
        team.share, run.model.config.normalisation if settings.sparse else None,
    )  # fmt: skip

    def draw(step: int) -> Batch:
        return drawer.draw(step, augmentation(budget.progress(step), settings))

    learner = Learner(state, settings, device, team)
    losses: list[float] = []
    ahead = device.type != "cpu"
    with contextlib.closing(batches(draw, progress.step, ahead)) as drawn:
        while True:
            if not losses and _stale(state, settings):
                reason = f"no gain in {settings.patience} epochs"
                break
            spent = team.agree(budget.progress(progress.step))
            if spent >= 1:
                reason = PLANNED
                break
            if budget.stopped:
                reason = "stopped; the best weights are kept"
                break
            began = time.monotonic()
            rate = learning_rate(spent, settings.rate, settings.schedule)
            loss = learner.step(next(drawn), rate)
            progress.step += 1
            progress.seconds = budget.elapsed
            losses.append(loss)
            yield StepDone(progress.step, loss, rate, time.monotonic() - began)
            if learner.stumbles >= HOPELESS:
                reason = "the loss is no longer a number; the best weights are kept"
                break
            if progress.step % settings.steps_per_epoch == 0:
                yield from _end_epoch(run, state, record, losses)
                losses = []
    if losses or not progress.history:
        yield from _end_epoch(run, state, record, losses)
    return reason


def _end_epoch(
    run: Run, state: RunState, record: Record, losses: Sequence[float]
) -> Iterator[Event]:
    progress, team = state.progress, run.team
    progress.epoch += 1
    finite = [loss for loss in losses if math.isfinite(loss)]
    mean = sum(finite) / len(finite) if finite else math.nan
    figures = team.tell(
        run.scorer.score(model_of(state, run.model, best=False)) if team.leads else None
    )
    best = state.keep_best(figures["score"])
    progress.seconds = run.budget.elapsed
    progress.history.append(
        {"epoch": progress.epoch, "step": progress.step, "loss": mean, **figures,
         "seconds": round(progress.seconds, 1)}
    )  # fmt: skip
    if run.folder is not None and team.leads:
        state.save(run.folder / STATE, run.identity)
        if best and run.keep is not None:
            run.keep(model_of(state, run.model), dict(progress.history[-1]))
    said = record.write(progress.history)
    yield EpochDone(
        progress.epoch, progress.step, mean, figures["validation_loss"], figures, best,
        progress.seconds,
    )  # fmt: skip
    yield from said


def _stale(state: RunState, settings: TrainSettings) -> bool:
    progress = state.progress
    since = progress.epoch - progress.best_epoch
    return bool(progress.history) and 0 < settings.patience <= since
