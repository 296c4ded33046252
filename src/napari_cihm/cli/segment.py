"""``cihm segment``: label the objects of images, folders, stacks and slides."""

from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, Literal

import typer

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
            "--output", "-o", help="Folder, or for one image a .tif or .zarr file."
        ),
    ],
    *,
    settings: SegmentSettings,
    model: ModelName = DEFAULT_MODEL,
    recipe: RecipeName = None,
    axes: Annotated[
        str | None,
        typer.Option(help="Letters t, z, c, y, x in the image's order, as in zcyx."),
    ] = None,
    level: Annotated[
        int, typer.Option(help="Level of a multiscale image, 0 the finest.", min=0)
    ] = 0,
    stack: Annotated[
        bool, typer.Option("--stack", help="A folder's TIFF files are one stack.")
    ] = False,
    kind: Annotated[
        Literal["auto", "tif", "zarr"],
        typer.Option("--format", help="Of the labels; auto takes what suits."),
    ] = "auto",
    table: Annotated[
        Path | None, typer.Option(help="Write measurements of all objects here, CSV.")
    ] = None,
    rle: Annotated[
        Path | None,
        typer.Option(help="Write run lengths of flat images as the DSB18 wants, CSV."),
    ] = None,
    scheduler: Annotated[
        str | None, typer.Option(help="Address of a dask scheduler, tcp://host:port.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(help="Worker processes to start here.", min=1)
    ] = None,
) -> int:
    """Segment images; labels, measurements and run lengths are written as files."""
    from napari_cihm.models import load_model
    from napari_cihm.segmentation.batch import Batch
    from napari_cihm.segmentation.cluster import connected
    from napari_cihm.segmentation.inputs import find_inputs

    if scheduler and workers:
        raise InputError(
            "both --scheduler and --workers", "one of them: workers there, or here"
        )
    found = find_inputs(inputs, stack)
    loaded = load_model(model, settings.device, recipe=recipe)
    wants_workers = scheduler is not None or workers is not None
    with connected(scheduler, workers) if wants_workers else nullcontext() as client:
        batch = Batch(
            output,
            loaded,
            settings,
            axes,
            level,
            "" if kind == "auto" else f".{kind}",
            table,
            rle,
            client,
        )
        try:
            last = follow(batch.run(found))
        except KeyboardInterrupt:
            for text in batch.kept:
                typer.echo(text, err=True)
            raise
    assert isinstance(last, BatchDone)
    return 1 if last.failed else 0
