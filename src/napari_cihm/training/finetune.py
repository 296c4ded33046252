"""Fine-tune a model on a few labels, and say honestly whether it helped."""

import copy
import math
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from itertools import takewhile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from skimage.segmentation import relabel_sequential

from napari_cihm.config import (
    Channels,
    Decoding,
    FinetuneSettings,
    Limits,
    ModelConfig,
    TrainingRecord,
)
from napari_cihm.data.apart import WORDS, one_number, tell_apart
from napari_cihm.data.pairs import Pair
from napari_cihm.data.paths import spelled
from napari_cihm.data.sizes import widths
from napari_cihm.data.survey import combine, digest
from napari_cihm.errors import InputError, in_short
from napari_cihm.events import Event, Finetuned, FinetuneStarted, Note, Trained
from napari_cihm.models import Model
from napari_cihm.models.bundled import model_on
from napari_cihm.scan import prepare
from napari_cihm.segmentation.diameter import keeps_scale
from napari_cihm.training.adapting import adapt, seeing
from napari_cihm.training.classes import class_numbers, classes_in, said_of
from napari_cihm.training.colours import standing_out
from napari_cihm.training.doubts import examine
from napari_cihm.training.fitting import Fitting
from napari_cihm.training.gate import Score, judge, pool, spread
from napari_cihm.training.holdout import folds
from napari_cihm.training.loop import mixed_precision
from napari_cihm.training.material import (
    Labelled,
    Plane,
    read_planes,
    refuse_too_little,
)
from napari_cihm.training.modes import in_own_modes
from napari_cihm.training.records import Curves, versions
from napari_cihm.training.regions import naming, numbers_in, pieces
from napari_cihm.training.rehearsal import rehearse
from napari_cihm.training.trial import Trial
from napari_cihm.training.viewing import label_planes

PLANE = 2  # dimensions
FEW = 16
FOLDS = 3
FEWEST = 30  # steps, below which little is learnt
SURE = 0.75  # as sure as a learner can be asked to be
SIGHT = "in_channels", "accepts_grey", "normalisation"  # what decides how it is seen
FOLD_TIME = 0.2  # share of the time that each fold may use; the rest is the final run's
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
        Total time; None goes on until nothing improves.
    seed : int
        Chooses patches and the part that is held out.
    axes : str, optional
        Axes of all images; inferred from the labels by default.
    channels : int, "auto" or "merge", or a list of one for each image
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
    seconds, seed = limits.seconds, limits.seed
    chosen = _settings(seconds, settings)
    start = model_on(chosen.device, model)
    base = start if current is None else model_on(chosen.device, current)
    if stop is not None and not callable(stop):
        raise InputError(f"stop={in_short(stop)}", "a function that says when to stop")
    labelled = gather(images, labels, reviewed, axes, channels)
    config = _fitting_config(start.config, labelled)
    planes, config, named = _numbered(list(read_planes(labelled, config)), config)
    instances = config.task == "instance"
    units = planes if instances else pieces(planes)
    objects = refuse_too_little(units, chosen.least)
    began += _compiled(start, chosen)
    widened = config.in_channels != start.config.in_channels
    mix = standing_out(planes) if widened else None
    adapted, word = adapt(start, config, mix, seed)
    few = objects < FEW
    splits = folds(
        units, 1 / FOLDS if few else chosen.held_out, seed, FOLDS if few else 1
    )
    trials = [Trial.of(planes, split, units) for split in splits]
    held_out = sum(split.held_out for split in splits)
    sure = _how_sure(held_out, few, instances)
    yield FinetuneStarted(len(labelled), objects, held_out, len(splits), sure)
    findings = examine(planes) if instances else None
    doubts = findings.words if findings else ()
    yield from (Note(text) for text in (word, named, *doubts) if text)
    ended = False

    def stopped() -> bool:
        nonlocal ended
        ended = ended or (stop is not None and stop())
        return ended

    def going(_: object) -> bool:
        return not stopped()

    asked = time.monotonic()
    shown = _seen_by(base.config, planes, config, labelled)
    base_labels = [
        label_planes(base, takewhile(going, trial.seen(shown))) for trial in trials
    ]
    if stopped():
        yield _unlearnt(start, None, _hurry(Curves(), False, True))
        return
    judging = time.monotonic() - asked  # and the new model will take as long

    def score(found: Sequence[NDArray[np.int32]], trial: Trial) -> Score:
        laid = findings.lay_beside(trial.planes, found) if findings else found
        return trial.score(laid, adapted.config)

    olds = [score(*pair) for pair in zip(base_labels, trials, strict=True)]
    # A model that is to tell more classes apart must not keep to what it told.
    knows = chosen.replay > 0 and adapted.config.classes == start.config.classes
    seen = adapted.config.in_channels
    memories = rehearse(start, seen, seed, seconds) if knows else ()
    rehearsed = list(takewhile(going, memories))
    fitting = Fitting(adapted, planes, rehearsed, chosen, seed, stopped)
    spent = time.monotonic() - began + judging
    left = None if seconds is None else max(seconds - spent, 0.2 * seconds)
    curves = Curves()
    fit = yield from curves.watch(_fit_and_score(fitting, score, trials, left))
    timed = seconds is not None and chosen.steps is None
    if fit is None:
        yield _unlearnt(start, pool(olds), _hurry(curves, timed, stopped()))
        return
    old, new = pool([olds[number] for number in fit.judged]), fit.score
    verdict = judge(
        old, new, start.config.task, doubts,
        placed=findings is None or findings.placed,
        seasoned="start" not in base.config.training.settings,  # was never fine-tuned
    )  # fmt: skip
    hurry = () if verdict.accepted else _hurry(curves, timed, stopped())
    record = _record(
        start,
        labelled,
        planes,
        objects,
        settings={**chosen.model_dump(), "seconds": seconds, "seed": seed},
        curves=curves.lists,
        figures={
            "base": old.figures(),
            "new": new.figures(),
            "accepted": verdict.accepted,
            "reason": verdict.reason,
            "labels": asdict(findings) if findings else {},
        },
    )
    tuned, first = fit.trained.model, fit.judged[0]
    config = tuned.config.but(training=record, diameter=_diameter(planes, start.config))
    result = Model(tuned.network, config, start.device, start.name)
    yield Finetuned(
        result,
        base_score=old.figure(config.task),
        new_score=new.figure(config.task),
        accepted=verdict.accepted,
        reason=verdict.reason,
        base_figures=old.figures(),
        new_figures=new.figures(),
        warnings=(*verdict.warnings, *hurry),
        overlays=trials[first].overlays(base_labels[first], fit.labels),
    )


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


def _numbered(
    planes: list[Plane], config: ModelConfig
) -> tuple[list[Plane], ModelConfig, str]:
    """Give objects numbers in order, or classes those that a model has for them.

    Returns
    -------
    list of Plane
    ModelConfig
        With the maps that these classes need.
    str
        What the user should know of it; empty where numbers mean what they say.
    """
    if config.task == "instance":  # whose numbers may be as large as numbers get
        joined = one_number(plane.labels for plane in planes)
        number = tell_apart if joined else _in_order
        planes = [replace(plane, labels=number(plane.labels)) for plane in planes]
        return planes, config, WORDS if joined else ""
    held = numbers_in(planes)
    numbers = class_numbers((p.labels for p in planes), held, config.numbers)
    if numbers:
        config = config.but(numbers=numbers)
        planes = [replace(p, labels=classes_in(p.labels, numbers)) for p in planes]
    return planes, naming(config, planes), said_of(held, numbers)


def _in_order(labels: NDArray[np.integer]) -> NDArray[np.integer]:
    """Renumber objects 1, 2, 3 ... in the order of their numbers."""
    numbered: NDArray[np.integer] = relabel_sequential(labels)[0]
    return numbered


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


def gather(
    images: Sequence[Any],
    labels: Sequence[Any],
    reviewed: Sequence[Any] | None,
    axes: str | None = None,
    channels: Channels | list[Channels] = "auto",
) -> list[Labelled]:
    """Put images, labels, masks and the choice of channels together, one to one.

    One plane and its labels may come as they are, not in lists.
    """
    if getattr(labels, "ndim", 0) == PLANE:
        images, labels = [images], [labels]
        reviewed = None if reviewed is None else [reviewed]
    sequences = {"images": images, "labels": labels}
    if reviewed is not None:
        sequences["reviewed"] = reviewed
    for what, given in sequences.items():
        if not hasattr(given, "__len__"):
            raise InputError(
                f"{what}={in_short(given)}", "a list of arrays, or one plane"
            )
    masks = reviewed if reviewed is not None else [None] * len(labels)
    chosen = channels if isinstance(channels, list) else [channels] * len(labels)
    if not len(images) == len(labels) == len(masks):
        raise InputError(
            f"{len(images)} images came with {len(labels)} labels and {len(masks)} "
            "reviewed masks",
            "one of each",
        )
    if len(chosen) != len(labels):
        raise InputError(
            f"channels={in_short(channels)} came with {len(labels)} labels",
            "one choice for all, or one for each",
        )
    if not len(labels):
        raise InputError("there is nothing to learn from", "at least one image")
    return [
        Labelled.of(image, label, mask, axes, choice)
        for image, label, mask, choice in zip(
            images, labels, masks, chosen, strict=True
        )
    ]


def _seen_by(
    base: ModelConfig,
    planes: Sequence[Plane],
    config: ModelConfig,
    labelled: Sequence[Labelled],
) -> Sequence[Plane]:
    """Show a model the planes as it sees images; read them anew if it must be."""
    alike = all(getattr(config, field) == getattr(base, field) for field in SIGHT)
    return planes if alike else list(read_planes(labelled, base))


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


def _fit_and_score(
    fitting: Fitting,
    score: Callable[[Sequence[NDArray[np.int32]], Trial], Score],
    trials: Sequence[Trial],
    seconds: float | None,
) -> Generator[Event, None, Fit | None]:
    """Train once beside one held-out part, or once a fold and then on everything.

    Returns
    -------
    Fit or None
        Where it was stopped before it could learn from everything, what it learnt
        beside a fold is the best so far, judged by that alone; None before the first
        step of all.
    """
    steps, fits = fitting.settings.steps, list[Fit]()
    share = FOLD_TIME if len(trials) > 1 else 1.0
    for number, trial in enumerate(trials):
        part = None if seconds is None else seconds * share
        trained = yield from fitting.fit(trial, part, steps)
        if trained is None:
            return fits[-1] if fits else None
        found = label_planes(trained.model, trial.planes)
        fits.append(Fit(trained, [number], score(found, trial), found))
    if len(trials) == 1:
        return fits[0]
    rest = None if seconds is None else seconds * (1 - FOLD_TIME * len(trials))
    trained = yield from fitting.fit(None, rest, steps)
    if trained is None:
        return fits[-1]
    found = label_planes(trained.model, trials[0].planes)
    return Fit(trained, range(len(trials)), pool([fit.score for fit in fits]), found)


def _settings(seconds: float | None, settings: dict[str, Any]) -> FinetuneSettings:
    chosen = FinetuneSettings.of(**settings)
    if seconds is None and chosen.steps is None and not chosen.patience:
        return chosen.but(patience=PATIENCE)
    return chosen


def _fitting_config(config: ModelConfig, labelled: Sequence[Labelled]) -> ModelConfig:
    """Choose the channels that the images have, and thresholds in the middle.

    Where a model was sure it is less so, and thresholds tuned to the few objects at
    hand would fit these alone.
    """
    middle, own = Decoding(), config.decoding
    decoding = own.but(
        foreground=middle.foreground,
        prominence=middle.prominence,
        sure=min(own.sure, SURE),
    )
    channels = {item.in_channels for item in labelled}
    return seeing(config.but(decoding=decoding), channels)


def _how_sure(held_out: int, few: bool, instances: bool) -> str:
    """Say how much a score on so many objects is worth."""
    how = "each held out in turn in a short run" if few else "that were not learnt"
    if not instances:
        return f"Scored on {held_out} pieces of regions {how}."
    points = 100 * spread(held_out)
    return f"Scored on {held_out} objects {how}: sure to about {points:.0f} points."


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
    labelled: Sequence[Labelled],
    planes: Sequence[Plane],
    objects: int,
    settings: dict[str, Any],
    curves: dict[str, list[float]],
    figures: dict[str, Any],
) -> TrainingRecord:
    """Say how a model was made of another."""
    choices = [item.channels for item in labelled]
    channels = choices[0] if len(set(choices)) == 1 else choices
    return TrainingRecord(
        data=_fingerprint(planes),
        images=len(labelled),
        objects=objects,
        settings={**settings, "start": spelled(start.name), "channels": channels},
        curves=curves,
        figures=figures,
        base=start.hash,
        date=date.today().isoformat(),
        versions=versions(),
    )


def _fingerprint(planes: Sequence[Plane]) -> str:
    return combine(
        [
            digest(Pair("", p.image, p.labels.astype(np.int32), p.reviewed))
            for p in planes
        ]
    )


def _diameter(planes: Sequence[Plane], config: ModelConfig) -> float | None:
    """Return the typical diameter of what was learnt, or the model's if that does.

    As long as what was learnt keeps its scale under the model's own size, what has
    any other size is seen as it was before.
    """
    if config.task != "instance":
        return config.diameter
    areas = np.concatenate([plane.areas for plane in planes])
    learnt = round(float(np.median(widths(areas))), 1)
    own = config.diameter
    return own if own and keeps_scale(learnt, own) else learnt
