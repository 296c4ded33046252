"""Every network by name: what it costs, where it comes from, and if it has weights."""

from napari_cihm.events import Network
from napari_cihm.models.bundled import bundled_names, load_model
from napari_cihm.models.costs import recipe_costs
from napari_cihm.models.recipes import model_names, recipe


def catalogue() -> tuple[Network, ...]:
    """List all recipes in their order; costs are of three channels and one map."""
    trained = {name: load_model(name, "cpu").config.recipe for name in bundled_names()}
    found = []
    for name in model_names():
        about, costs = recipe(name), recipe_costs(name)
        found.append(
            Network(
                name,
                about.summary,
                costs.parameters,
                costs.gmac,
                costs.memory,
                tuple(weights for weights, of in trained.items() if of == name),
                about.paper,
                about.notes,
            )
        )
    return tuple(found)
