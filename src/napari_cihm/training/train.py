"""Train on pairs: a recipe from the first weight on, or a model further."""

from collections.abc import Generator, Mapping
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from napari_cihm.config import Limits, ModelConfig, Normalisation, TrainSettings
from napari_cihm.data.holding import hold
from napari_cihm.data.paths import with_home
from napari_cihm.data.samples import SampleCache, drawing_weights
from napari_cihm.data.targets import MAPS
from napari_cihm.errors import InputError, UnknownNameError, in_short
from napari_cihm.events import Event, Note, Trained
from napari_cihm.models import Model, bundled_names, model_names
from napari_cihm.models.bundled import model_on
from napari_cihm.training.adapting import adapt, seeing
from napari_cihm.training.classes import classes_of
from napari_cihm.training.colours import standing_out
from napari_cihm.training.keeping import Keeper
from napari_cihm.training.loop import Run, run_steps
from napari_cihm.training.losses import pick_loss
from napari_cihm.training.material import Plane
from napari_cihm.training.modes import in_own_modes
from napari_cihm.training.parallel import Team
from napari_cihm.training.schedule import Budget
from napari_cihm.training.sources import Sources, find_sources
from napari_cihm.training.split import Pairs
from napari_cihm.training.validation import Validator

EPOCHS = 60  # where no end is set
# Images that say how a grey model is to look at colours.
WEIGHED = 32
# What may differ when a run is resumed: where it runs, and until when.
FREE = {"amp", "cache_mb", "device", "patience"}


@in_own_modes
def train(
    data: Pairs,
    model: Model | str | Path = "cihm",
    seconds: float | None = None,
    epochs: int | None = None,
    seed: int = 0,
    *,
    folder: str | Path | None = None,
    options: Mapping[str, Any] | None = None,
    **settings: Any,
) -> Generator[Event]:
    """Train a network, yielding events.

    Parameters
    ----------
    data : path or sequence of pairs
        A folder of pairs, or one with ``train/`` and ``val/`` inside; or pairs of a
        plane, with or without channels, and its labels: ``[(image, labels), ...]``.
    model : str, Path or Model
        Name of a recipe, or a model to train further: a bundled one's name, the path
        of a checkpoint, or a loaded one, which stays on its device unless another
        is set.
    seconds, epochs : optional
        When to stop; whichever comes first. 60 epochs when neither is given.
    seed : int
        The same seed gives the same weights on a CPU.
    folder : path, optional
        Folder of the run; a run that is already there is resumed.
    options : mapping, optional
        Arguments of the recipe.
    **settings
        Fields of `TrainSettings`.

    Yields
    ------
    Event
        The last is `Trained`, with the best model.
    """
    limits = Limits.of(seconds=seconds, epochs=epochs, seed=seed)
    if limits.seconds is None and limits.epochs is None:
        limits = limits.but(epochs=EPOCHS)
    seed, chosen = limits.seed, TrainSettings.of(**settings)
    place = None if folder is None else with_home(folder)
    team = _join(model, chosen)
    if not isinstance(options, Mapping | None):
        raise InputError(
            f"options={in_short(options)}", 'a dict such as {"head": "plain"}'
        )
    built = dict(options or {})
    base = _base(model, chosen, built, team.device)
    found = find_sources(data, chosen, seed, base.config.numbers if base else ())
    if base is None:
        config = plan_model(str(model), found, chosen, built)
        start, word = Model.untrained(config, team.device, seed), ""
    else:
        start, word = _fitted(base, found, chosen, seed)
    yield from (Note(text) for text in (*found.words, word) if text)
    config, facts = start.config, found.facts
    steps = limits.epochs and limits.epochs * chosen.steps_per_epoch
    validator = Validator(
        SampleCache(found.held_out, config, chosen.cache_mb // 4),
        pick_loss(chosen.task, chosen.loss),
    )
    run = Run(
        start,
        SampleCache(found.training, config, chosen.cache_mb),
        drawing_weights(facts.shapes),
        validator,
        chosen,
        seed,
        Budget(steps, limits.seconds),
        place,
        _identity(config, base, found, chosen, limits),
        team=team,
    )
    keeper = Keeper(run, facts, validator)
    run = replace(run, keep=keeper.save)
    ours = run.folder if team.leads else None
    with nullcontext() if ours is None else hold(ours):
        for event in run_steps(run):
            yield keeper.finished(event) if isinstance(event, Trained) else event


def _join(model: str | Path | Model, settings: TrainSettings) -> Team:
    """Join the processes that train together; a loaded model stays where it is."""
    device = settings.device
    if isinstance(model, Model) and device == "auto":
        device = str(model.device)
    team = Team.join(device)
    if settings.batch < team.size:
        raise InputError(
            f"batch={settings.batch}, and {team.size} processes share it",
            "a patch for each at least",
        )
    return team


def _identity(
    config: ModelConfig,
    base: Model | None,
    found: Sources,
    settings: TrainSettings,
    limits: Limits,
) -> dict[str, Any]:
    """Say what must be equal for a run to be resumed."""
    return {
        "recipe": config.recipe,
        "options": config.options,
        "base": base.hash if base else "",
        "seed": limits.seed,
        "data": found.facts.fingerprint,
        "validation data": found.checked.fingerprint,
        "epochs": limits.epochs,
        **settings.model_dump(mode="json", exclude=FREE),
    }


def _base(
    given: Model | str | Path,
    settings: TrainSettings,
    options: dict[str, Any],
    device: torch.device,
) -> Model | None:
    """Load the model to train further; None where a recipe is named."""
    if given in model_names():
        return None
    try:
        model = model_on(device, given)
    except UnknownNameError:
        known = (*bundled_names(), *model_names())
        raise UnknownNameError.among("model", given, known) from None
    task = model.config.task
    if task != settings.task:
        raise InputError(
            f"{model.name} was trained for the task {task!r}", repr(settings.task)
        )
    if options:
        raise InputError(
            f"{model.name} is already built", "options with a recipe's name"
        )
    return model


def _fitted(
    model: Model, found: Sources, settings: TrainSettings, seed: int
) -> tuple[Model, str]:
    """Fit a model to the images, and say what the user should know of it."""
    config = seeing(model.config, found.facts.channels)
    mix = None if config == model.config else _mix(found, config)
    config = config.but(normalisation=_scaling(config.normalisation, settings))
    if config.task == "semantic":
        config = config.but(
            classes=max(config.classes, classes_of(found.facts.numbers)),
            numbers=found.numbers or config.numbers,
        )
    return adapt(model, config, mix, seed)


def _mix(found: Sources, config: ModelConfig) -> NDArray[np.float64]:
    """Weigh channels by some of the images that have them all."""
    full = [
        source
        for source, shape in zip(found.training, found.facts.shapes, strict=True)
        if shape[0] == config.in_channels
    ]
    some = full[:: -(-len(full) // WEIGHED)]
    return standing_out(
        [Plane.of(source.read(), config, i) for i, source in enumerate(some)]
    )


def plan_model(
    recipe: str, found: Sources, settings: TrainSettings, options: dict[str, Any]
) -> ModelConfig:
    """Choose channels, classes and typical diameter by what the data hold."""
    facts, auto = found.facts, settings.channels == "auto"
    channels = max(facts.channels) if auto else int(settings.channels)
    instances = settings.task == "instance"
    return ModelConfig(
        recipe=recipe,
        options=options,
        in_channels=channels,
        classes=len(MAPS) if instances else classes_of(facts.numbers),
        task=settings.task,
        numbers=found.numbers,
        accepts_grey=channels == 1 or 1 in facts.channels,
        normalisation=_scaling(Normalisation(), settings),
        diameter=facts.diameter if instances else None,
    )


def _scaling(own: Normalisation, settings: TrainSettings) -> Normalisation:
    """Take the percentiles that were asked for, and a model's own for the rest."""
    asked = {"low": settings.low, "high": settings.high}
    return own.but(**{k: v for k, v in asked.items() if v is not None})
