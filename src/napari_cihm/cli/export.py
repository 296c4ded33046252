"""``cihm export``: a model for programs that know nothing of napari-cihm."""

from pathlib import Path
from typing import Annotated, Literal

import typer
from pydantic import Field

from napari_cihm.cli.options import RecipeName
from napari_cihm.config import ExportSettings


def export(
    model: Annotated[
        str, typer.Argument(help="Name of a bundled model, or a model file.")
    ],
    *,
    settings: ExportSettings,
    recipe: RecipeName = None,
    format: Annotated[
        Literal["bioimageio", "onnx"],
        Field(description="BioImage Model Zoo package, or ONNX."),
    ] = "bioimageio",
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Folder, or a .zip or .onnx file.")
    ] = Path(),
    author: Annotated[
        list[str] | None,
        typer.Option(metavar="<str>", help="Author of the model; may be repeated."),
    ] = None,
) -> None:
    """Export a model as a package of the BioImage Model Zoo, or ONNX."""
    from napari_cihm.export import export_model, export_path
    from napari_cihm.models import load_model

    loaded = load_model(model, "cpu", recipe=recipe)
    path = export_path(loaded, output, format)
    typer.echo(f"exporting {loaded.name}; this can take a minute", err=True)
    chosen = settings.but(authors=tuple(author or ()))
    written = export_model(loaded, path, format, **chosen.model_dump())
    typer.echo(str(written))
    if format == "bioimageio" and not author:
        typer.echo("to share it, name its authors with --author", err=True)
