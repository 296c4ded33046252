"""``cihm doctor``: what a model file is, what it expects, and what is wrong."""

from typing import Annotated

import typer


def doctor(
    file: Annotated[str, typer.Argument(help="A model file, or a bundled model.")],
    *,
    trial: Annotated[
        bool, typer.Option(help="Let it segment made images of nuclei too.")
    ] = True,
) -> int:
    """Examine a model file without running any code of it."""
    from napari_cihm.models.doctor import examine

    seen = examine(file, trial)
    typer.echo(seen.name)
    for name, value in seen.facts:
        typer.echo(f"  {name + ':':<12} {value}")
    for finding in seen.findings:
        remedy = f" ({finding.remedy})" if finding.remedy else ""
        typer.echo(f"  {finding.level}: {finding.text}{remedy}")
    return 0 if seen.usable else 1
