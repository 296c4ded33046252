"""Train a recipe on pairs from the first weight on."""

import platform
import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import torch

from napari_cihm import __version__
from napari_cihm.config import ModelConfig, TrainingRecord, TrainSettings
from napari_cihm.data.pairs import Pair, fingerprint
from napari_cihm.data.samples import make_sample
from napari_cihm.events import Event, Note, Trained
from napari_cihm.models import Model
from napari_cihm.models.devices import pick_device
from napari_cihm.training.loop import Run, run_steps
from napari_cihm.training.losses import pick_loss
from napari_cihm.training.schedule import Budget
from napari_cihm.training.split import split_pairs
from napari_cihm.training.tuning import tune
from napari_cihm.training.validation import Validator, map_pairs

MOST_CLASSES = 32


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
    """Train a network from scratch, yielding events.

    Parameters
    ----------
    data : path or sequence of Pair
        A folder of pairs, or one with ``train/`` and ``val/`` inside.
    model : str
        Name of a recipe.
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
    if seconds is None and epochs is None:
        epochs = 60
    training, held_out, words = split_pairs(data, chosen.validation, seed)
    yield from (Note(word) for word in words)
    config = plan_model(model, training, chosen, dict(options or {}))
    torch.manual_seed(seed)
    started = Model.untrained(config, pick_device(chosen.device))
    samples, held_samples = (
        [make_sample(p, config) for p in pairs] for pairs in (training, held_out)
    )
    steps = None if epochs is None else epochs * chosen.steps_per_epoch
    print_of_data = fingerprint([*training, *held_out])
    run = Run(
        started,
        samples,
        Validator(held_out, held_samples, pick_loss(chosen.task, chosen.loss)),
        chosen,
        seed,
        Budget(steps, seconds),
        None if folder is None else Path(folder),
        {"recipe": model, "seed": seed, "data": print_of_data, "steps": steps,
         "settings": chosen.model_dump(mode="json")},
    )  # fmt: skip
    for event in run_steps(run):
        if isinstance(event, Trained):
            event = _finish(event, run, training, held_out)
        yield event


def plan_model(
    recipe: str, pairs: Sequence[Pair], settings: TrainSettings, options: dict[str, Any]
) -> ModelConfig:
    """Choose channels, classes and typical diameter by looking at the data."""
    counts = {p.image.shape[0] for p in pairs}
    channels = max(counts) if settings.channels == "auto" else settings.channels
    classes = 3 if settings.task == "instance" else _classes(pairs)
    return ModelConfig(
        recipe=recipe,
        options=options,
        in_channels=channels,
        classes=classes,
        task=settings.task,
        accepts_grey=channels == 1 or 1 in counts,
        diameter=typical_diameter(pairs) if settings.task == "instance" else None,
    )


def typical_diameter(pairs: Sequence[Pair]) -> float | None:
    """Median diameter of the discs that have the objects' areas."""
    areas = [np.bincount(p.labels.ravel())[1:] for p in pairs]
    flat = np.concatenate(areas) if areas else np.zeros(0)
    if not flat.size:
        return None
    return round(float(np.median(2 * np.sqrt(flat / np.pi))), 1)


def _classes(pairs: Sequence[Pair]) -> int:
    """One map for yes or no, otherwise one for each number and the background.

    Numbers beyond `MOST_CLASSES` are single objects; together they are one region.
    """
    numbers = set[int]().union(*(np.unique(p.labels).tolist() for p in pairs)) - {0}
    single = len(numbers) <= 1 or max(numbers) > MOST_CLASSES
    return 1 if single else max(numbers) + 1


def _finish(
    event: Trained, run: Run, training: Sequence[Pair], held_out: Sequence[Pair]
) -> Trained:
    """Tune the decoder, write down where the weights came from, and save them."""
    model, figures = event.model, dict(event.figures)
    config = model.config
    if config.task == "instance":
        mapped = map_pairs(model, held_out)
        decoding, figures["map"] = tune(mapped, config.decoding)
        config = config.but(decoding=decoding)
    record = TrainingRecord(
        command=shlex.join(["cihm", *sys.argv[1:]]) if run.folder else "",
        data=run.identity["data"],
        images=len(training),
        objects=sum(p.objects for p in training),
        settings={**run.identity, "seconds": run.budget.seconds},
        figures=figures,
        date=date.today().isoformat(),
        versions={
            "napari-cihm": __version__,
            "torch": torch.__version__,
            "python": platform.python_version(),
        },
    )
    trained = Model(
        model.network, config.but(training=record), model.device, run.identity["recipe"]
    )
    path = None
    if run.folder is not None:
        path = trained.save(run.folder / "best.safetensors")
    return Trained(trained, figures, path, event.reason)
