"""``cihm train``: train a recipe on a folder of images and masks."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from napari_cihm.cli.progress import follow
from napari_cihm.config import Limits, TrainSettings
from napari_cihm.errors import InputError
from napari_cihm.events import Trained


def train(
    data: Annotated[
        Path, typer.Argument(help="Folder of pairs, or of train/ and val/ folders.")
    ],
    output: Annotated[
        Path,
        typer.Option("--output", "-o", help="Folder of the run; resumed if there."),
    ],
    *,
    limits: Limits,
    settings: TrainSettings,
    model: Annotated[
        str,
        typer.Option(
            "--model", "-m", help="Recipe: see `cihm models`; or a model to go on from."
        ),
    ] = "cihm",
    options: Annotated[
        str, typer.Option(help="Arguments of the recipe, as JSON.")
    ] = "{}",
) -> None:
    """Train a network; the same command goes on with a run that was stopped."""
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
        best = output / "best.safetensors"
        if leads() and best.exists():
            typer.echo(f"{best}: the best so far; the same command goes on", err=True)
        raise
    if leads() and isinstance(last, Trained):
        typer.echo(f"{last.path}: {last.reason}")


def _arguments(text: str) -> dict[str, Any]:
    wanted = 'JSON such as {"base": 16}'
    try:
        arguments = json.loads(text)
    except ValueError as error:
        raise InputError(f"--options {text}: {error}", wanted) from None
    if not isinstance(arguments, dict):
        raise InputError(f"--options {text}: it names no argument", wanted)
    return arguments
