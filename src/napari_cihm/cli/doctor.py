"""``cihm doctor``: what a model file is, what it expects, and what is wrong."""

from typing import Annotated

import typer
from pydantic import Field


def doctor(
    file: Annotated[
        str, typer.Argument(help="Model file, or name of a bundled model.")
    ],
    *,
    trial: Annotated[
        bool, Field(description="Also try it on synthetic images of nuclei.")
    ] = True,
) -> int:
    """Examine a model file without running any code in it."""
    from napari_cihm.models.doctor import examine

    seen = examine(file, trial)
    typer.echo(seen.name)
    for name, value in seen.facts:
        typer.echo(f"  {name + ':':<12} {value}")
    for finding in seen.findings:
        remedy = f" ({finding.remedy})" if finding.remedy else ""
        typer.echo(f"  {finding.level}: {finding.text}{remedy}")
    return 0 if seen.usable else 1
