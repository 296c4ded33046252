"""``cihm evaluate``: how good a model is on images whose labels are known."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import Field

from napari_cihm.cli.options import JsonFile, ModelName, RecipeName
from napari_cihm.cli.progress import follow
from napari_cihm.config import PlaneSettings
from napari_cihm.config.figures import REGION
from napari_cihm.config.model import DEFAULT_MODEL
from napari_cihm.errors import counted
from napari_cihm.events import Evaluated

OBJECT = ("f1", "pq", "map")


def evaluate(
    data: Annotated[Path, typer.Argument(help="Folder of images and masks.")],
    *,
    settings: PlaneSettings,
    model: ModelName = DEFAULT_MODEL,
    recipe: RecipeName = None,
    json_file: JsonFile = None,
    sheet: Annotated[
        Path | None, typer.Option(help="Save a picture of the worst images here.")
    ] = None,
    worst: Annotated[int, Field(ge=1, description="Images in that picture.")] = 8,
) -> None:
    """Score a model on a folder of images and masks.

    Of a folder that has a held-out part, that part alone is scored. Dice and the other
    figures of regions are means over images; AP, F1 and PQ count the objects of all.
    """
    from napari_cihm.data.writing import ready_file, whole_text
    from napari_cihm.models import load_model
    from napari_cihm.training import evaluation
    from napari_cihm.training.kinds import read_kinds
    from napari_cihm.training.scores import report
    from napari_cihm.training.sheet import Worst, ready_sheet, write_sheet
    from napari_cihm.training.split import pairs_to_judge

    if sheet is not None:
        ready_sheet(sheet)
    if json_file is not None:
        ready_file(json_file)
    pairs, part = pairs_to_judge(data)
    if part:
        typer.echo(part, err=True)
    run = evaluation.evaluate(
        load_model(model, settings.device, recipe=recipe),
        pairs,
        read_kinds(data),
        **settings.model_dump(),
    )
    kept = Worst(worst if sheet is not None else 0)
    last = follow(kept.watch(run))
    assert isinstance(last, Evaluated)
    figures = report(last.scored)
    _print("all", figures)
    for kind, of_kind in figures["kinds"].items():
        _print(kind, of_kind)
    if json_file is not None:
        with whole_text(json_file) as file:
            json.dump(figures, file, indent=1)
    if sheet is not None:
        write_sheet(sheet, kept.rows)


def _print(name: str, figures: dict[str, Any]) -> None:
    images = counted(figures["n_images"], "image")
    if "n_objects" not in figures:
        typer.echo(f"{name}: {images}")
        typer.echo(f"  {_line(figures, REGION)}")
        if len(figures["classes"]) > 1:
            for number, of_class in figures["classes"].items():
                typer.echo(f"  class {number}  {_line(of_class, REGION)}")
        return
    typer.echo(f"{name}: {images}, {counted(figures['n_objects'], 'object')}")
    typer.echo(f"  {_line(figures, REGION)}")
    typer.echo(f"  {_line(figures, OBJECT)}")
    typer.echo("  IoU  " + "  ".join(f"{t:5}" for t in figures["ap"]).rstrip())
    typer.echo("  AP   " + "  ".join(f"{ap:.3f}" for ap in figures["ap"].values()))


def _line(figures: dict[str, float], names: tuple[str, ...]) -> str:
    return "  ".join(f"{name} {figures[name]:.3f}" for name in names)
