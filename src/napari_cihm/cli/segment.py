"""``cihm segment``: label the objects of images, folders, stacks and slides."""

from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, Literal

import typer
from pydantic import Field

from napari_cihm.cli.options import ModelName, RecipeName
from napari_cihm.cli.progress import follow
from napari_cihm.config import SegmentSettings
from napari_cihm.config.model import DEFAULT_MODEL
from napari_cihm.errors import InputError
from napari_cihm.events import BatchDone


def segment(
    inputs: Annotated[
        list[Path],
        typer.Argument(help="PNG, TIFF, OME-TIFF, OME-Zarr, or folders of them."),
    ],
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            help="Folder for the labels, or for one image a .tif or .zarr file.",
        ),
    ],
    *,
    settings: SegmentSettings,
    model: ModelName = DEFAULT_MODEL,
    recipe: RecipeName = None,
    axes: Annotated[
        str | None,
        typer.Option(
            help="Axes in order, such as zcyx: t is time, z depth, c channel."
        ),
    ] = None,
    level: Annotated[
        int, Field(ge=0, description="Level of a multiscale image; 0 is the finest.")
    ] = 0,
    stack: Annotated[
        bool,
        typer.Option("--stack", help="Read the TIFF files of a folder as one stack."),
    ] = False,
    format: Annotated[
        Literal["auto", "tif", "zarr"],
        Field(description="Format of the label files; auto chooses by size."),
    ] = "auto",
    table: Annotated[
        Path | None,
        typer.Option(help="Write measurements of all objects to this CSV file."),
    ] = None,
    rle: Annotated[
        Path | None,
        typer.Option(
            help="Write run lengths of 2-D images to this CSV file, as for DSB18."
        ),
    ] = None,
    scheduler: Annotated[
        str | None,
        typer.Option(help="Address of a dask scheduler, such as tcp://host:port."),
    ] = None,
    workers: Annotated[
        int | None,
        Field(ge=1, description="Dask workers to start on this machine."),
    ] = None,
) -> int:
    """Segment images and write their labels.

    On request, a table of measurements, run lengths and maps are written too.
    """
    from napari_cihm.models import load_model
    from napari_cihm.segmentation.batch import Batch
    from napari_cihm.segmentation.cluster import connected
    from napari_cihm.segmentation.inputs import find_inputs

    if scheduler and workers:
        raise InputError("both --scheduler and --workers were given", "one of them")
    found = find_inputs(inputs, stack)
    loaded = load_model(model, settings.device, recipe=recipe)
    wants_workers = scheduler is not None or workers is not None
    with connected(scheduler, workers) if wants_workers else nullcontext() as client:
        batch = Batch(
            output,
            loaded,
            settings,
            axes=axes,
            level=level,
            suffix="" if format == "auto" else f".{format}",
            table=table,
            runs=rle,
            client=client,
        )
        try:
            last = follow(batch.run(found))
        except KeyboardInterrupt:
            for text in batch.kept:
                typer.echo(text, err=True)
            raise
    assert isinstance(last, BatchDone)
    return 1 if last.failed else 0
