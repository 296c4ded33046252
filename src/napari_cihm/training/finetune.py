"""Fine-tune a model on a few labels, and say honestly whether it helped."""

import copy
import math
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import asdict
from datetime import date
from itertools import takewhile
from pathlib import Path
from typing import Any

import numpy as np
import torch

from napari_cihm.config import Channels, FinetuneSettings, Limits, TrainingRecord
from napari_cihm.data.paths import spelled
from napari_cihm.errors import InputError, in_short
from napari_cihm.events import Event, Finetuned, FinetuneStarted, Note
from napari_cihm.models import Model
from napari_cihm.models.bundled import model_on
from napari_cihm.scan import prepare
from napari_cihm.training.adapting import adapt
from napari_cihm.training.colours import standing_out
from napari_cihm.training.exam import Exam
from napari_cihm.training.fitting import Fitting, fit_and_score
from napari_cihm.training.gate import Score, judge, pool
from napari_cihm.training.labelled import gather
from napari_cihm.training.learner import mixed_precision
from napari_cihm.training.lesson import Lesson
from napari_cihm.training.modes import in_own_modes
from napari_cihm.training.records import Curves, versions
from napari_cihm.training.rehearsal import rehearse

FEWEST = 30  # steps, below which little is learnt
PATIENCE = 6  # checks without a gain that end a run of which no time is given


@in_own_modes
def finetune(
    model: Model | str | Path,
    images: Sequence[Any],
    labels: Sequence[Any],
    reviewed: Sequence[Any] | None = None,
    seconds: float | None = 60,
    seed: int = 0,
    *,
    axes: str | None = None,
    channels: Channels | list[Channels] = "auto",
    current: Model | str | Path | None = None,
    stop: Callable[[], bool] | None = None,
    **settings: Any,
) -> Generator[Event]:
    """Fine-tune a model on labelled images, yielding events.

    Parameters
    ----------
    model : Model, str or Path
        To start from; it is left as it is.
    images, labels : sequence of arrays
        Planes, stacks or time series, with or without channels; or one plane.
    reviewed : sequence of arrays or None, optional
        Where each labels array can be trusted; everywhere by default.
    seconds : float or None
        Total time, unless the number of steps is set; None goes on until nothing
        improves.
    seed : int
        Chooses patches and the part that is held out.
    axes : str, optional
        Axes of all images; inferred from the labels by default.
    channels : int, "auto", "merge" or "haematoxylin", or a list of one for each image
        As for `segment`: what it shows of an image is learnt and scored.
    current : Model, str or Path, optional
        What the new model must beat; `model` by default.
    stop : callable, optional
        Asked at every step, and of each plane while the old model is judged; once it
        says yes, the best so far is scored. Before the first step there is none.
    **settings
        Fields of `FinetuneSettings`.

    Yields
    ------
    Event
        The last is `Finetuned`, with both scores and whether to take the model; with
        the model it started from where it ended before the first step.
    """
    began = time.monotonic()
    limits = Limits.of(seconds=seconds, seed=seed)
    chosen, seed = FinetuneSettings.of(**settings), limits.seed
    seconds = limits.seconds if chosen.steps is None else None
    if seconds is None and chosen.steps is None and not chosen.patience:
        chosen = chosen.but(patience=PATIENCE)
    start = model_on(chosen.device, model)
    base = start if current is None else model_on(chosen.device, current)
    stopped = _lasting(stop)
    labelled = gather(images, labels, reviewed, axes, channels)
    lesson = Lesson.of(labelled, start.config, chosen.least)
    began += _compiled(start, chosen)
    learner, word = _learner(start, lesson, seed)
    exam = Exam.of(lesson, chosen.held_out, seed)
    yield FinetuneStarted(
        len(labelled), lesson.objects, exam.held_out, len(exam.trials), exam.sure
    )
    yield from (Note(text) for text in (word, *lesson.words, *lesson.doubts) if text)
    asked, curves, timed = time.monotonic(), Curves(), seconds is not None
    base_labels = exam.label(base, stopped)
    if stopped():
        yield _unlearnt(start, None, _hurry(curves, timed, True))
        return
    judging = time.monotonic() - asked  # and the new model will take as long
    olds = [exam.score(*pair) for pair in zip(exam.trials, base_labels, strict=True)]
    # A model that is to tell more classes apart must not keep to what it told.
    knows = chosen.replay > 0 and lesson.config.classes == start.config.classes
    seen = lesson.config.in_channels
    memories = rehearse(start, seen, seed, seconds) if knows else ()
    rehearsed = list(takewhile(lambda _: not stopped(), memories))
    fitting = Fitting(learner, lesson.planes, rehearsed, chosen, seed, stopped)
    spent = time.monotonic() - began + judging
    left = None if seconds is None else max(seconds - spent, 0.2 * seconds)
    fit = yield from curves.watch(fit_and_score(fitting, exam, left))
    if fit is None:
        yield _unlearnt(start, pool(olds), _hurry(curves, timed, stopped()))
        return
    old, tuned = pool([olds[number] for number in fit.judged]), fit.trained.model
    task, findings = lesson.config.task, lesson.findings
    verdict = judge(
        old, fit.score, task, lesson.doubts,
        placed=findings is None or findings.placed,
        meant=findings is not None and findings.borne_out(fit.score.ap50),
        seasoned="start" not in base.config.training.settings,  # was never fine-tuned
    )  # fmt: skip
    hurry = () if verdict.accepted else _hurry(curves, timed, stopped())
    record = _record(
        start,
        lesson,
        settings={**chosen.model_dump(), "seconds": seconds, "seed": seed},
        curves=curves.lists,
        figures={
            "base": old.figures(),
            "new": fit.score.figures(),
            "accepted": verdict.accepted,
            "reason": verdict.reason,
            "labels": asdict(findings) if findings else {},
        },
    )
    config = tuned.config.but(training=record, diameter=lesson.diameter)
    first = fit.judged[0]
    yield Finetuned(
        Model(tuned.network, config, start.device, start.name),
        base_score=old.figure(task),
        new_score=fit.score.figure(task),
        accepted=verdict.accepted,
        reason=verdict.reason,
        base_figures=old.figures(),
        new_figures=fit.score.figures(),
        warnings=(*verdict.warnings, *hurry),
        overlays=exam.trials[first].overlays(base_labels[first], fit.labels),
    )


def _lasting(stop: Callable[[], bool] | None) -> Callable[[], bool]:
    """Ask a function whether to stop until it says yes, which then holds."""
    if stop is not None and not callable(stop):
        raise InputError(f"stop={in_short(stop)}", "a function that says when to stop")
    ended = False

    def stopped() -> bool:
        nonlocal ended
        ended = ended or (stop is not None and stop())
        return ended

    return stopped


def _learner(start: Model, lesson: Lesson, seed: int) -> tuple[Model, str]:
    """Make the model that is to learn; say what the user should know of it."""
    widened = lesson.config.in_channels != start.config.in_channels
    mix = standing_out(lesson.planes) if widened else None
    return adapt(start, lesson.config, mix, seed)


def _unlearnt(start: Model, old: Score | None, why: tuple[str, ...]) -> Finetuned:
    """Say that nothing was learnt: the model is the one it started from."""
    figure = math.nan if old is None else old.figure(start.config.task)
    figures = {} if old is None else old.figures()
    return Finetuned(
        start,
        base_score=figure,
        new_score=figure,
        accepted=False,
        reason="the old model is kept: nothing was learnt",
        base_figures=figures,
        new_figures=figures,
        warnings=why,
        learnt=False,
    )


def _compiled(model: Model, settings: FinetuneSettings) -> float:
    """Compile what learning needs, once for a machine; give the seconds it took."""
    before = time.monotonic()
    if model.device.type == "cpu":
        prepare(model.device)
    else:  # a GPU's kernels are made for the shapes they meet
        _step(model, settings)
    return time.monotonic() - before


def _step(model: Model, settings: FinetuneSettings) -> None:
    """Learn from an empty batch and look at it, with a copy that is thrown away."""
    side = settings.patch
    empty = np.zeros((settings.batch, model.config.in_channels, side, side), np.float32)
    model.logits(empty)
    network = copy.deepcopy(model.network).train().requires_grad_()
    with mixed_precision(model.device, True):
        levels = network(torch.from_numpy(empty).to(model.device), supervised=True)
    torch.stack([level.float().sum() for level in levels]).sum().backward()


def _hurry(curves: Curves, timed: bool, stopped: bool) -> tuple[str, ...]:
    """Say that the time was too short for this machine, if it was, or for anything."""
    steps = len(curves.lists["step"])
    if stopped and not steps:
        return ("It was stopped before the first step: nothing was learnt.",)
    if stopped or not timed or steps >= FEWEST:
        return ()
    short = f"enough for {steps} step{'s' * (steps != 1)} of learning"
    return (
        f"The time was {short if steps else 'up before the first step of learning'}: "
        "this machine is slow, or busy with something else. Choose a longer time.",
    )


def _record(
    start: Model,
    lesson: Lesson,
    settings: dict[str, Any],
    curves: dict[str, list[float]],
    figures: dict[str, Any],
) -> TrainingRecord:
    """Say how a model was made of another."""
    choices = [item.channels for item in lesson.labelled]
    channels = choices[0] if len(set(choices)) == 1 else choices
    return TrainingRecord(
        data=lesson.fingerprint,
        images=len(lesson.labelled),
        objects=lesson.objects,
        settings={**settings, "start": spelled(start.name), "channels": channels},
        curves=curves,
        figures=figures,
        base=start.hash,
        date=date.today().isoformat(),
        versions=versions(),
    )
