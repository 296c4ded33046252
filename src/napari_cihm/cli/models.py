"""``cihm models``: what can segment at once, what can be trained, and what it costs."""

import json
import textwrap
from collections.abc import Iterable, Sequence
from typing import Annotated

import typer

HEAD = ("recipe", "parameters", "GMAC", "memory", "weights", "published in")
COSTS = "costs of 256 x 256 pixels of 3 channels"


def models(
    name: Annotated[
        str | None, typer.Argument(help="Recipe or bundled model to tell more of.")
    ] = None,
) -> None:
    """List the bundled models and the recipes to train, or tell more of one."""
    if name is None:
        _list()
    else:
        _tell(name)


def _list() -> None:
    from napari_cihm.models.catalogue import catalogue

    ready = _bundled()
    typer.echo("Ready to segment (cihm segment --model NAME):")
    _columns((n, r, about) for n, (r, about) in ready.items() or [("none", ("", ""))])
    typer.echo(f"\nTo train (cihm train --model RECIPE); {COSTS}:")
    rows = [
        (
            each.name,
            f"{each.parameters:,}",
            f"{each.gmac:.2f}",
            f"{each.memory / 1e6:.0f} MB",
            ", ".join(each.weights) or "-",
            each.paper.partition(" ")[0],
        )
        for each in catalogue()
    ]
    _columns([HEAD, *rows], right=(1, 2, 3))
    typer.echo("\nMore of one: cihm models NAME")


def _tell(name: str) -> None:
    from napari_cihm.models.costs import recipe_costs
    from napari_cihm.models.recipes import recipe

    ready = _bundled()
    if name in ready:
        of, about = ready[name]
        typer.echo(f"{name}: weights of the recipe {of}, {about}\n")
        name = of
    found, costs = recipe(name), recipe_costs(name)
    typer.echo(f"{name}: {found.summary}\n{found.paper}\n")
    typer.echo(
        f"{costs.parameters:,} parameters; {COSTS}: "
        f"{costs.gmac:.2f} GMAC, {costs.memory / 1e6:.0f} MB\n"
    )
    typer.echo(found.notes)
    typer.echo("\nOptions (cihm train --options JSON), by default:")
    _columns((key, json.dumps(value)) for key, value in found.options.items())


def _bundled() -> dict[str, tuple[str, str]]:
    """Recipe and description of each bundled model, by its name."""
    from napari_cihm.models import bundled_names, load_model

    found = {}
    for name in bundled_names():
        about = load_model(name, "cpu").config
        channels = (
            "1 channel" if about.in_channels == 1 else f"{about.in_channels} channels"
        )
        found[name] = about.recipe, f"{about.task}, {channels} in"
    return found


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
