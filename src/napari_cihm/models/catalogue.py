"""Every network by name: what it costs, where it comes from, and if it has weights."""

from collections.abc import Mapping

from napari_cihm.config import ModelConfig
from napari_cihm.events import Network
from napari_cihm.models.bundled import bundled_names, find_model
from napari_cihm.models.checkpoint import read_config
from napari_cihm.models.costs import recipe_costs
from napari_cihm.models.recipes import model_names, recipe


def bundled_configs() -> dict[str, ModelConfig]:
    """Return what the bundled models say of themselves, by their names."""
    return {name: read_config(find_model(name)) for name in bundled_names()}


def catalogue(bundled: Mapping[str, ModelConfig]) -> tuple[Network, ...]:
    """List all recipes in their order; costs are of three channels and one map."""
    found = []
    for name in model_names():
        about, costs = recipe(name), recipe_costs(name)
        found.append(
            Network(
                name,
                costs.parameters,
                costs.gmac,
                costs.memory,
                tuple(key for key, of in bundled.items() if of.recipe == name),
                about.paper,
                about.notes,
            )
        )
    return tuple(found)
