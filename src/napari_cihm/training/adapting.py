"""Fit a trained network to other channels or classes, keeping what it knows."""

from collections.abc import Collection

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from napari_cihm.config import ModelConfig
from napari_cihm.models import Model


def seeing(config: ModelConfig, channels: Collection[int]) -> ModelConfig:
    """Choose the channels that images have, unless the model can see them already."""
    most = max(channels)
    if most == config.in_channels or (most == 1 and config.accepts_grey):
        return config
    grey = config.accepts_grey or config.in_channels == 1
    return config.but(in_channels=most, accepts_grey=grey or 1 in channels)


def adapt(
    model: Model,
    config: ModelConfig,
    mix: NDArray[np.float64] | None = None,
    seed: int = 0,
) -> tuple[Model, str]:
    """Return a copy of a model for another configuration of the same recipe.

    Weights of equal shape are kept. A stem that sees more channels than before
    spreads its filters over them, so that a grey image in colour gives what it
    gave; one that sees fewer adds them up. New maps of the head start afresh, and
    what one map said yes to is the first class of several.

    Parameters
    ----------
    model : Model
        Left as it is.
    config : ModelConfig
        What the new one is to see and to give.
    mix : array, optional
        How a model of one channel spreads its filters, in sum one; evenly without.
    seed : int
        Chooses what starts afresh.

    Returns
    -------
    Model
        A new model.
    str
        What the user should know of it; empty when nothing had to be fitted.
    """
    new = Model.untrained(config, "cpu", seed)
    known = model.network.state_dict()
    mixed = mix is not None and model.config.in_channels == 1 < config.in_channels
    if mix is None or not mixed:
        mix = np.full(config.in_channels, 1 / config.in_channels)
    weights = torch.from_numpy(mix)
    fitted = {
        k: _fit(t, known.get(k), weights) for k, t in new.network.state_dict().items()
    }
    new.network.load_state_dict(fitted)
    words = []
    if config.in_channels != model.config.in_channels:
        words.append(
            f"The model now sees {config.in_channels} channels instead of "
            f"{model.config.in_channels}"
            + (", weighted so that what is labelled stands out." if mixed else ".")
        )
    if config.classes != model.config.classes:
        words.append(
            f"The model now gives {config.classes} maps instead of "
            f"{model.config.classes}; the new ones start untrained."
        )
    return Model(new.network, config, model.device, model.name), " ".join(words)


def _fit(fresh: Tensor, known: Tensor | None, mix: Tensor) -> Tensor:
    if known is None or known.ndim != fresh.ndim:
        return fresh
    known = known.detach().cpu()
    if known.shape == fresh.shape:
        return known.clone()
    differing = [
        i
        for i, (a, b) in enumerate(zip(known.shape, fresh.shape, strict=True))
        if a != b
    ]
    if differing == [1] and fresh.ndim == 4:
        return _spread(known, fresh.shape[1], mix)
    if differing == [0]:
        fitted = fresh.clone()
        if len(known) == 1:  # yes against no is one class against a flat background
            known = torch.cat([torch.zeros_like(known), known])
        rows = min(len(known), len(fresh))
        fitted[:rows] = known[:rows]
        return fitted
    return fresh


def _spread(filters: Tensor, channels: int, mix: Tensor) -> Tensor:
    have = filters.shape[1]
    if channels == 1:
        return filters.sum(1, keepdim=True)
    if have == 1 and channels == len(mix):
        return filters * mix.to(filters)[:, None, None]
    mean = filters.mean(1, keepdim=True).repeat(1, channels, 1, 1)
    shared = min(have, channels)
    kept = torch.cat([filters[:, :shared], mean[:, shared:]], dim=1)
    return kept * (have / channels)
