"""``cihm train``: train a recipe on a folder of images and masks."""

import json
import re
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from napari_cihm.cli.progress import follow
from napari_cihm.config import Limits, TrainSettings
from napari_cihm.config.train import BEST
from napari_cihm.errors import InputError
from napari_cihm.events import Trained


def train(
    data: Annotated[
        Path,
        typer.Argument(
            help="Folder of images/ and masks/, or of train/ and val/ with these."
        ),
    ],
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", help="Folder of the run; a run in it is resumed."
        ),
    ],
    *,
    limits: Limits,
    settings: TrainSettings,
    model: Annotated[
        str,
        typer.Option(
            "--model",
            "-m",
            help="Recipe (see `cihm models`), or a model to train further.",
        ),
    ] = "cihm",
    options: Annotated[
        str,
        typer.Option(
            metavar="NAME=VALUE,...",
            help="Options of the recipe: see `cihm models NAME`.",
        ),
    ] = "",
) -> None:
    """Train a network on a folder of images and masks.

    The same command again resumes a run that was stopped.
    """
    from napari_cihm.training import train as run
    from napari_cihm.training.parallel import leads

    training = run(
        data,
        model,
        folder=output,
        options=_arguments(options),
        **limits.model_dump(),
        **settings.model_dump(),
    )
    try:
        last = follow(training, None if leads() else Console(quiet=True))
    except KeyboardInterrupt:
        best = output / BEST
        if leads() and best.exists():
            typer.echo(
                f"{best}: the best so far; run the same command to go on", err=True
            )
        raise
    if leads() and isinstance(last, Trained):
        typer.echo(f"{last.path}: {last.reason}")


def _arguments(text: str) -> dict[str, Any]:
    """Read pairs, or JSON, which every shell wants quoted in a way of its own."""
    if re.match(r"\w+=", text):
        pairs = (pair.partition("=") for pair in re.split(r",\s*(?=\w+=)", text))
        return {name: _value(value) for name, _, value in pairs}
    wanted = 'NAME=VALUE such as head=plain, or JSON such as {"head": "plain"}'
    try:
        arguments = json.loads(text or "{}")
    except ValueError as error:
        raise InputError(f"--options {text}: {error}", wanted) from None
    if not isinstance(arguments, dict):
        raise InputError(f"--options {text}: not an object of options", wanted)
    return arguments


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
