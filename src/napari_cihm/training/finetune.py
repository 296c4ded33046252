"""Fine-tune a model on a few labels, and say honestly whether it helped."""

import copy
import time
from collections.abc import Callable, Generator, Sequence
from itertools import takewhile
from pathlib import Path
from typing import Any

import numpy as np
import torch

from napari_cihm.config import Channels, FinetuneSettings, Limits
from napari_cihm.data.samples import Sample
from napari_cihm.errors import InputError, in_short
from napari_cihm.events import Event, FinetuneStarted, Note
from napari_cihm.models import Model
from napari_cihm.models.bundled import model_on
from napari_cihm.scan import prepare
from napari_cihm.training.adapting import adapt
from napari_cihm.training.colours import standing_out
from napari_cihm.training.course import Course
from napari_cihm.training.exam import Exam
from napari_cihm.training.fitting import Fitting, fit_and_score
from napari_cihm.training.gate import pool
from napari_cihm.training.labelled import gather
from napari_cihm.training.learner import mixed_precision
from napari_cihm.training.lesson import Lesson
from napari_cihm.training.modes import in_own_modes
from napari_cihm.training.rehearsal import rehearse

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
    chosen, limits = _choices(settings, Limits.of(seconds=seconds, seed=seed))
    start = model_on(chosen.device, model)
    base = start if current is None else model_on(chosen.device, current)
    stopped = _lasting(stop)
    labelled = gather(images, labels, reviewed, axes, channels)
    lesson = Lesson.of(labelled, start.config, chosen.least)
    began += _compiled(start, chosen)
    learner, word = _learner(start, lesson, limits.seed)
    exam = Exam.of(lesson, chosen.held_out, limits.seed)
    yield FinetuneStarted(
        len(labelled), lesson.objects, exam.held_out, len(exam.trials), exam.sure
    )
    yield from (Note(text) for text in (word, *lesson.words, *lesson.doubts) if text)
    course = Course(start, base, exam, chosen, limits, stopped)
    asked = time.monotonic()
    base_labels = exam.label(base, stopped)
    if stopped():
        yield course.unlearnt(None)
        return
    judging = time.monotonic() - asked  # and the new model will take as long
    olds = [exam.score(*pair) for pair in zip(exam.trials, base_labels, strict=True)]
    rehearsed = _rehearsed(start, lesson, chosen, limits, stopped)
    fitting = Fitting(learner, lesson.planes, rehearsed, chosen, limits.seed, stopped)
    left = _left(limits.seconds, time.monotonic() - began + judging)
    fit = yield from course.curves.watch(fit_and_score(fitting, exam, left))
    if fit is None:
        yield course.unlearnt(pool(olds))
        return
    old = pool([olds[number] for number in fit.judged])
    yield course.learnt(old, base_labels[fit.judged[0]], fit)


def _choices(
    settings: dict[str, Any], limits: Limits
) -> tuple[FinetuneSettings, Limits]:
    """Check the settings: steps that are counted have all the time that they take.

    What neither a number nor the time ends has to end by itself.
    """
    chosen = FinetuneSettings.of(**settings)
    if chosen.steps is not None:
        return chosen, limits.but(seconds=None)
    if limits.seconds is None and not chosen.patience:
        chosen = chosen.but(patience=PATIENCE)
    return chosen, limits


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


def _rehearsed(
    start: Model,
    lesson: Lesson,
    chosen: FinetuneSettings,
    limits: Limits,
    stopped: Callable[[], bool],
) -> list[Sample]:
    """Make what the model is to remember, until it is stopped.

    A model that is to tell more classes apart must not keep to what it told.
    """
    if not chosen.replay or lesson.config.classes != start.config.classes:
        return []
    seen = lesson.config.in_channels
    memories = rehearse(start, seen, chosen, limits)
    return list(takewhile(lambda _: not stopped(), memories))


def _left(seconds: float | None, spent: float) -> float | None:
    """Return the time that is left to learn: a fifth of all of it at least."""
    return None if seconds is None else max(seconds - spent, 0.2 * seconds)


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
