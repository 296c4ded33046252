"""Telling the recipe of weights from their names and shapes."""

from dataclasses import dataclass
from functools import cache

from napari_cihm.config import ModelConfig
from napari_cihm.config.model import INSTANCE_MAPS, MOST_MAPS
from napari_cihm.models.filling import Weights, compare, outline
from napari_cihm.models.recipes import RECIPES


@dataclass(frozen=True)
class Guess:
    """How well a recipe accounts for some weights."""

    recipe: str
    in_channels: int
    classes: int
    matched: int
    wanted: int
    given: int

    @property
    def exact(self) -> bool:
        """Whether every weight has its place, and every place its weight."""
        return self.matched == self.wanted == self.given


def guess(weights: Weights) -> list[Guess]:
    """Compare weights with every recipe, the best fit first."""
    found = [_fit(name, weights) for name in RECIPES]
    return sorted(found, key=lambda g: g.matched / max(g.wanted, g.given), reverse=True)


def config_of(fit: Guess) -> ModelConfig:
    """Make the configuration of foreign weights; what they cannot tell is assumed."""
    return ModelConfig(
        recipe=fit.recipe,
        in_channels=fit.in_channels,
        classes=fit.classes,
        task="instance" if fit.classes == INSTANCE_MAPS else "semantic",
    )


def nearest(weights: Weights) -> str:
    """Say which recipe comes nearest, as an aside; nothing where none does."""
    best = guess(weights)[0]
    share = f"{best.matched} of {best.given} weights"
    return f" (nearest: {best.recipe!r}, {share})" if best.matched else ""


def _fit(name: str, weights: Weights) -> Guess:
    channels = _count(_shapes(name, 1, 1), _shapes(name, 2, 1), weights)
    classes = _count(_shapes(name, 1, 1), _shapes(name, 1, 2), weights)
    wanted = _shapes(name, channels, classes)
    missing, _, misfit = compare(wanted, weights)
    matched = len(wanted) - len(missing) - len(misfit)
    return Guess(name, channels, classes, matched, len(wanted), len(weights))


def _count(one: Weights, two: Weights, weights: Weights) -> int:
    """Read a number of channels or classes off a size that grows with it.

    Given are a recipe's shapes for one and for two of them.
    """
    for key in one.keys() & two.keys() & weights.keys():
        sizes = one[key].shape, two[key].shape, weights[key].shape
        if len({len(shape) for shape in sizes}) > 1:
            continue
        for low, high, size in zip(*sizes, strict=True):
            if low != high and (size - low) % (high - low) == 0 and size >= low:
                return min(1 + (size - low) // (high - low), MOST_MAPS)
    return 1


@cache
def _shapes(name: str, channels: int, classes: int) -> Weights:
    """Give the weights of a recipe as shapes without numbers."""
    config = ModelConfig(recipe=name, in_channels=channels, classes=classes)
    return outline(config).state_dict()
