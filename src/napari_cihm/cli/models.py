"""``cihm models``: what can segment at once, and what can be trained."""

import typer


def models() -> None:
    """List the bundled models and the recipes to train."""
    from napari_cihm.models import bundled_names, load_model
    from napari_cihm.models.recipes import RECIPES

    ready = {}
    for name in bundled_names():
        model = load_model(name, "cpu")
        about = model.config
        ready[name] = (
            f"{about.recipe}, {about.task}, {about.in_channels} in, "
            f"{model.parameters_count:,} parameters"
        )
    trainable = {name: recipe.summary for name, recipe in RECIPES.items()}
    _print("Ready to segment (cihm segment --model NAME)", ready)
    _print("To train (cihm train --model NAME)", trainable)


def _print(title: str, rows: dict[str, str]) -> None:
    typer.echo(f"{title}:")
    for name, text in rows.items() or [("none", "")]:
        typer.echo(f"  {name:<20} {text}".rstrip())
