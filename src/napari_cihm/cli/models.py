"""``cihm models``: what can segment at once, what can be trained, and what it costs."""

import json
import textwrap
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from napari_cihm.errors import UnknownNameError

if TYPE_CHECKING:
    from napari_cihm.config import ModelConfig

HEAD = ("recipe", "parameters", "GMAC", "MB", "published in")
COSTS = "costs for 256 x 256 pixels in 3 channels"


def models(
    name: Annotated[
        str | None, typer.Argument(help="Recipe or bundled model to describe.")
    ] = None,
) -> None:
    """List the models to use and to train, or describe one."""
    if name is None:
        _list()
    else:
        _tell(name)


def _list() -> None:
    from napari_cihm.models.catalogue import bundled_configs, catalogue

    bundled = bundled_configs()
    ready = {name: _about(config) for name, config in bundled.items()}
    typer.echo("Ready to use (cihm segment --model NAME):")
    _columns((n, r, about) for n, (r, about) in ready.items() or [("none", ("", ""))])
    typer.echo(f"\nTo train (cihm train --model RECIPE); {COSTS}:")
    rows = [
        (
            each.name,
            f"{each.parameters:,}",
            f"{each.gmac:.2f}",
            f"{each.memory / 1e6:.0f}",
            each.paper.partition(" ")[0],
        )
        for each in catalogue(bundled)
    ]
    _columns([HEAD, *rows], right=(1, 2, 3))
    typer.echo("\nDetails of one: cihm models NAME")


def _tell(name: str) -> None:
    from napari_cihm.models import bundled_names, model_names
    from napari_cihm.models.bundled import find_model
    from napari_cihm.models.checkpoint import read_config
    from napari_cihm.models.costs import recipe_costs
    from napari_cihm.models.recipes import recipe

    bundled, known = bundled_names(), model_names()
    if name not in (*bundled, *known):
        raise UnknownNameError.among("model or recipe", name, (*bundled, *known))
    if name in bundled:
        of, about = _about(read_config(find_model(name)))
        typer.echo(f"{name}: weights for the recipe {of}, {about}\n")
        name = of
    found, costs = recipe(name), recipe_costs(name)
    typer.echo(f"{name}: {found.summary}\n{found.paper}\n")
    typer.echo(
        f"{costs.parameters:,} parameters; {COSTS}: "
        f"{costs.gmac:.2f} GMAC, {costs.memory / 1e6:.0f} MB\n"
    )
    typer.echo(found.notes)
    typer.echo("\nOptions with their defaults (cihm train --options NAME=VALUE,...):")
    _columns((key, json.dumps(value)) for key, value in found.options.items())


def _about(config: "ModelConfig") -> tuple[str, str]:
    """Recipe and description of a bundled model."""
    count = config.in_channels
    channels = "1 input channel" if count == 1 else f"{count} input channels"
    return config.recipe, f"{config.task}, {channels}"


def _columns(rows: Iterable[Sequence[str]], right: Sequence[int] = ()) -> None:
    """Print rows as columns, two blanks apart."""
    table = list(rows)
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for row in table:
        cells = [
            cell.rjust(width) if i in right else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        typer.echo(textwrap.indent("  ".join(cells).rstrip(), "  "))
