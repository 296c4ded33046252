"""The table of recipes: every network that can be built, by name."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import nn

from napari_cihm.errors import ShapeError, UnknownNameError
from napari_cihm.models.recipes import cihm, unet


@dataclass(frozen=True)
class Recipe:
    """A way to build a network, with a word on where it comes from."""

    build: Callable[..., nn.Module]
    summary: str
    paper: str


RECIPES: dict[str, Recipe] = {
    "cihm": Recipe(
        cihm.cihm,
        "Context-Insight Hybrid Mamba with a full-resolution head",
        "doi:10.1007/s44267-026-00113-5 (reconstruction from the description)",
    ),
    "cihm-paper": Recipe(
        cihm.cihm_paper,
        "Context-Insight Hybrid Mamba, the layout of 194,071 parameters",
        "doi:10.1007/s44267-026-00113-5 (reconstruction from the description)",
    ),
    "unet": Recipe(
        unet.unet,
        "U-Net with 32 channels at the top",
        "doi:10.1007/978-3-319-24574-4_28",
    ),
}


def model_names() -> tuple[str, ...]:
    """Return the names that `build_model` knows."""
    return tuple(RECIPES)


def recipe(name: str) -> Recipe:
    """Look a recipe up by its name.

    Raises
    ------
    UnknownNameError
        With the near matches and every known name.
    """
    try:
        return RECIPES[name]
    except (KeyError, TypeError):
        raise UnknownNameError.among("recipe", name, RECIPES) from None


def build_model(
    name: str, in_channels: int = 1, classes: int = 1, **options: object
) -> nn.Module:
    """Build an untrained network.

    Parameters
    ----------
    name : str
        A name out of `model_names`.
    in_channels : int
        Channels of its input.
    classes : int
        Maps it gives.
    **options
        Arguments of the recipe.

    Returns
    -------
    torch.nn.Module
        Gives plain logits (b, classes, h, w) for any height and width.
    """
    found = recipe(name)
    for what, count in {"in_channels": in_channels, "classes": classes}.items():
        if isinstance(count, bool) or not isinstance(count, int) or count < 1:
            raise ShapeError(f"{what}={count!r} for {name!r}", "a whole number from 1")
    return found.build(in_channels, classes, **options)
