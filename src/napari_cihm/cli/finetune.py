"""``cihm finetune``: learn from a folder of corrected labels."""

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from pydantic import Field

from napari_cihm.cli.options import ModelName, RecipeName
from napari_cihm.cli.progress import follow
from napari_cihm.config import Channels, FinetuneSettings, Seed
from napari_cihm.config.model import DEFAULT_MODEL
from napari_cihm.config.train import BEST
from napari_cihm.errors import InputError, WriteError, counted
from napari_cihm.events import Finetuned, TrainingStarted

if TYPE_CHECKING:
    from napari_cihm.models import Model

REFUSED = "refused.safetensors"
SHOWN = "gate.png"


def finetune(
    images: Annotated[Path, typer.Option(help="Folder of images or stacks.")],
    masks: Annotated[
        Path,
        typer.Option(
            help="Folder of label images with the same file names, or with _labels "
            "behind them, as `cihm segment` writes them."
        ),
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Folder for the model and figures.")
    ],
    *,
    chance: Seed,
    settings: FinetuneSettings,
    reviewed: Annotated[
        Path | None,
        typer.Option(
            help="Folder of masks that mark where labels can be trusted; by default "
            "a folder `reviewed` beside images and masks, if there is one."
        ),
    ] = None,
    model: ModelName = DEFAULT_MODEL,
    recipe: RecipeName = None,
    channels: Annotated[
        Channels,
        Field(
            description="Number of the channel to learn from; merge averages them, "
            "auto takes all of them separately. Segment with the same choice."
        ),
    ] = "auto",
    seconds: Annotated[
        float,
        Field(
            ge=0,
            description="Total seconds, unless --steps is given; 0 runs until nothing "
            "improves.",
        ),
    ] = 60,
) -> None:
    """Fine-tune a model on corrected labels; the better one is kept.

    The better of the old and the new model is kept as best.safetensors; the scores of
    both go to gate.json, and what both find in the held-out parts to gate.png. If the
    folder already has a best.safetensors, that is the model to beat.
    """
    from napari_cihm.data.holding import hold
    from napari_cihm.models import load_model
    from napari_cihm.training import finetune as run
    from napari_cihm.training.folder import left_out, read_labelled, reviewed_beside
    from napari_cihm.training.sheet import before_and_after, write_sheet

    start = load_model(model, settings.device, recipe=recipe)
    with hold(output):
        best = output / BEST
        old = load_model(best, settings.device) if best.exists() else start
        _compare(best, old, start)
        if reviewed is None and (reviewed := reviewed_beside(images, masks)):
            typer.echo(f"labels are believed only where {reviewed} says", err=True)
        names, pictures, labels, seen = read_labelled(images, masks, reviewed)
        which = f"from {names[0]} to {names[-1]}" if len(names) > 1 else names[0]
        said = f"{counted(len(names), 'image')}, {which}"
        typer.echo(said + left_out(images, names), err=True)
        tuning = run(
            start,
            pictures,
            labels,
            seen,
            seconds or None,
            chance.seed,
            channels=channels,
            current=old,
            **settings.model_dump(),
        )
        # It learns from planes and rehearsals, and is scored on objects, not images.
        last = follow(tuning, unsaid=(TrainingStarted,))
        assert isinstance(last, Finetuned)
        _keep(output, last, start)
        if last.learnt:
            write_sheet(output / SHOWN, before_and_after(last.overlays))
    for warning in last.warnings:
        typer.echo(f"warning: {warning}", err=True)
    typer.echo(f"{best}: {last.reason}")


def _compare(best: Path, old: "Model", start: "Model") -> None:
    """Refuse to compare models of two tasks, and say what is to be beaten."""
    if old.config.task != start.config.task:
        raise InputError(
            f"{best} was trained for the task {old.config.task!r}, but {start.name} "
            f"for {start.config.task!r}",
            "another output folder",
        )
    if old.hash != start.hash:
        typer.echo(f"the new model must beat {best}, which already exists", err=True)


def _save(model: "Model", path: Path) -> None:
    """Save what was learnt; where that fails by now, elsewhere, and say where."""
    try:
        model.save(path)
    except WriteError as error:
        place = Path(tempfile.mkdtemp(prefix="napari-cihm-"))
        saved = model.save(place / path.name)
        copy = f"copy the new model from {saved} before it is gone"
        raise WriteError(error.came, remedy=copy) from error


def _keep(output: Path, last: Finetuned, start: "Model") -> None:
    """Leave the better model, the refused one if it is the new, and the figures.

    Of a run that ended before it learnt anything there are only the old one's.
    """
    from napari_cihm.data.writing import whole_text

    best = output / BEST
    if last.accepted:
        _save(last.model, best)
        (output / REFUSED).unlink(missing_ok=True)
    else:
        if last.learnt:
            _save(last.model, output / REFUSED)
        if not best.exists():
            start.save(best)
    gate = {
        "accepted": last.accepted,
        "reason": last.reason,
        "warnings": last.warnings,
        "base": last.base_figures,
        "new": last.new_figures,
    }
    with whole_text(output / "gate.json") as file:
        json.dump(gate, file, indent=1)
