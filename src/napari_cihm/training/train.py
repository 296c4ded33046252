"""Train on pairs: a recipe from the first weight on, or a model further."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from napari_cihm.config import (
    Decoding,
    ModelConfig,
    Normalisation,
    TrainingRecord,
    TrainSettings,
)
from napari_cihm.data.apart import WORDS, one_number, tell_pairs_apart
from napari_cihm.data.pairs import Pair, PairSource
from napari_cihm.data.samples import SampleCache, drawing_weights
from napari_cihm.data.survey import Survey, read_each, survey
from napari_cihm.data.targets import MAPS
from napari_cihm.errors import InputError, UnknownNameError
from napari_cihm.events import Event, Note, Trained
from napari_cihm.models import Model, bundled_names, load_model, model_names
from napari_cihm.training.adapting import adapt, seeing
from napari_cihm.training.colours import standing_out
from napari_cihm.training.loop import Run, run_steps
from napari_cihm.training.losses import pick_loss
from napari_cihm.training.material import Plane
from napari_cihm.training.parallel import Team, command
from napari_cihm.training.records import versions
from napari_cihm.training.regions import classes_of, unnamed
from napari_cihm.training.schedule import Budget
from napari_cihm.training.split import split_pairs
from napari_cihm.training.tuning import tune
from napari_cihm.training.validation import Validator, mean_ap, precision, score

# Images that say how a grey model is to look at colours.
WEIGHED = 32
BEST = "best.safetensors"
# What may be another when a run is taken up again: where it runs, and until when.
FREE = {"amp", "cache_mb", "device", "patience"}


def train(
    data: str | Path | Sequence[Pair],
    model: str = "cihm",
    seconds: float | None = None,
    epochs: int | None = None,
    seed: int = 0,
    *,
    folder: str | Path | None = None,
    options: Mapping[str, Any] | None = None,
    **settings: Any,
) -> Iterator[Event]:
    """Train a network, yielding events.

    Parameters
    ----------
    data : path or sequence of Pair
        A folder of pairs, or one with ``train/`` and ``val/`` inside.
    model : str
        Name of a recipe, or a model to train further: a bundled one's name, or the
        path of a checkpoint.
    seconds, epochs : optional
        When to stop; whichever comes first. 60 epochs when neither is given.
    seed : int
        The same seed gives the same weights.
    folder : path, optional
        Where the run is written, and resumed when it is there already.
    options : mapping, optional
        Arguments of the recipe.
    **settings
        Fields of `TrainSettings`.

    Yields
    ------
    Event
        The last is `Trained`, with the best model.
    """
    chosen = TrainSettings.of(**settings)
    team = Team.join(chosen.device)
    if chosen.batch < team.size:
        raise InputError(
            f"batch={chosen.batch}, and {team.size} processes share it",
            "a patch for each at least",
        )
    if seconds is None and epochs is None:
        epochs = 60
    training, held_out, words = split_pairs(data, chosen.validation, seed)
    if chosen.task == "instance" and one_number(p.labels for p in read_each(training)):
        training, held_out = tell_pairs_apart(training), tell_pairs_apart(held_out)
        words = [*words, WORDS]
    facts = survey(training)
    checked = survey(held_out)  # what cannot be read is to be known before it is needed
    if not facts.objects:
        raise InputError(
            f"the masks to learn from are empty ({len(training)} looked at)",
            "masks that number objects or regions",
        )
    torch.manual_seed(seed)
    start, base, word = _start(
        model, training, facts, chosen, dict(options or {}), team.device
    )
    regions = "" if chosen.task == "instance" else unnamed(facts.numbers)
    said = (*words, *overlap_words(facts), regions, word)
    yield from (Note(text) for text in said if text)
    config = start.config
    steps = None if epochs is None else epochs * chosen.steps_per_epoch
    identity = {
        "recipe": config.recipe,
        "options": config.options,
        "base": base,
        "seed": seed,
        "data": facts.fingerprint,
        "validation data": checked.fingerprint,
        "epochs": epochs,
        **chosen.model_dump(mode="json", exclude=FREE),
    }
    validator = Validator(
        SampleCache(held_out, config, chosen.cache_mb // 4),
        pick_loss(chosen.task, chosen.loss),
    )
    run = Run(
        start,
        SampleCache(training, config, chosen.cache_mb),
        drawing_weights(facts.shapes),
        validator,
        chosen,
        seed,
        Budget(steps, seconds),
        None if folder is None else Path(folder),
        identity,
        team=team,
    )
    kept = Keeper(run, facts)
    run = replace(run, keep=kept.save)
    for event in run_steps(run):
        if isinstance(event, Trained):
            event = _finish(event, run, kept, validator)
        yield event


def _start(
    name: str,
    sources: Sequence[PairSource],
    facts: Survey,
    settings: TrainSettings,
    options: dict[str, Any],
    device: torch.device,
) -> tuple[Model, str, str]:
    """Build a recipe without knowledge, or fit a model that has some to the images.

    Returns
    -------
    Model
        To be trained.
    str
        The hash of the model it came from, if any.
    str
        What the user should know of how it was fitted, if anything.
    """
    if name in model_names():
        config = plan_model(name, facts, settings, options)
        return Model.untrained(config, device), "", ""
    if name not in bundled_names() and not Path(name).suffix:
        raise UnknownNameError.among("model", name, (*bundled_names(), *model_names()))
    model = load_model(name, device)
    task = model.config.task
    if task != settings.task:
        raise InputError(f"{name} has learnt the task {task!r}", repr(settings.task))
    if options:
        raise InputError(f"{name} is built already", "options with a recipe's name")
    config = seeing(model.config, facts.channels)
    mix = None if config == model.config else _mix(sources, facts, config)
    config = config.but(normalisation=_scaling(config.normalisation, settings))
    if task == "semantic":
        config = config.but(classes=max(config.classes, classes_of(facts.numbers)))
    fitted, word = adapt(model, config, mix)
    return fitted, model.hash, word


def _mix(
    sources: Sequence[PairSource], facts: Survey, config: ModelConfig
) -> NDArray[np.float64]:
    """Weigh channels by some of the images that have them all."""
    full = [
        source
        for source, shape in zip(sources, facts.shapes, strict=True)
        if shape[0] == config.in_channels
    ]
    some = full[:: -(-len(full) // WEIGHED)]
    return standing_out(
        [Plane.of(source.read(), config, i) for i, source in enumerate(some)]
    )


def plan_model(
    recipe: str, facts: Survey, settings: TrainSettings, options: dict[str, Any]
) -> ModelConfig:
    """Choose channels, classes and typical diameter by what the data hold."""
    auto = settings.channels == "auto"
    channels = max(facts.channels) if auto else int(settings.channels)
    instances = settings.task == "instance"
    return ModelConfig(
        recipe=recipe,
        options=options,
        in_channels=channels,
        classes=len(MAPS) if instances else classes_of(facts.numbers),
        task=settings.task,
        accepts_grey=channels == 1 or 1 in facts.channels,
        normalisation=_scaling(Normalisation(), settings),
        diameter=facts.diameter if instances else None,
    )


def _scaling(own: Normalisation, settings: TrainSettings) -> Normalisation:
    """Take the percentiles that were asked for, and a model's own for the rest."""
    asked = {"low": settings.low, "high": settings.high}
    return own.but(**{k: v for k, v in asked.items() if v is not None})


def overlap_words(facts: Survey) -> list[str]:
    """Say where objects claimed the same pixels."""
    if not facts.overlaps:
        return []
    pixels = sum(count for _, count in facts.overlaps)
    return [
        f"In {len(facts.overlaps)} images {pixels} pixels are claimed by more than one "
        f"object, first in {facts.overlaps[0][0]}; the smaller object keeps them."
    ]


@dataclass(frozen=True)
class Keeper:
    """Writes down where weights came from, and saves them."""

    run: Run
    facts: Survey

    def save(self, model: Model, figures: dict[str, Any]) -> None:
        """Save a model, which a run that is stopped leaves behind."""
        if self.run.folder is not None:
            self.recorded(model, figures).save(self.run.folder / BEST)

    def recorded(self, model: Model, figures: dict[str, Any]) -> Model:
        """Return a model that says how it was made."""
        run, facts = self.run, self.facts
        before, base = run.model.config.training, run.identity["base"]
        record = TrainingRecord(
            earlier=(*before.earlier, before.command) if before.command else (),
            base=base,
            command=command() if run.folder else "",
            data=facts.fingerprint,
            images=len(facts.shapes),
            objects=facts.objects,
            settings={
                "recipe": model.config.recipe,
                **({"base": base} if base else {}),
                "seed": run.seed,
                "data": facts.fingerprint,
                "steps": run.budget.steps,
                "settings": run.settings.model_dump(mode="json"),
                "seconds": run.budget.seconds,
            },
            figures=figures,
            date=date.today().isoformat(),
            versions=versions(),
        )
        config = model.config.but(training=record)
        return Model(model.network, config, model.device, config.recipe)


def _finish(event: Trained, run: Run, kept: Keeper, validator: Validator) -> Trained:
    """Tune the decoder, and keep the model with the thresholds that came of it."""
    model, figures, team = event.model, dict(event.figures), run.team
    if model.config.task == "instance":
        tuned = _tune(model, validator) if team.leads else None
        decoding, precisions = team.tell(tuned)
        figures |= precisions
        figures["score"] = figures["map"]
        config = model.config.but(decoding=decoding)
        model = Model(model.network, config, model.device)
    path = None if run.folder is None else run.folder / BEST
    if team.leads:
        kept.save(model, figures)
    team.tell(None)  # that it is written
    return Trained(kept.recorded(model, figures), figures, path, event.reason)


def _tune(model: Model, validator: Validator) -> tuple[Decoding, dict[str, float]]:
    """Choose the decoder's thresholds by what is held out; say how precise they are."""
    mapped = validator.map_all(model)
    decoding = tune(lambda tried: mean_ap(score(mapped, tried)), model.config.decoding)
    return decoding, precision(score(mapped, decoding))
