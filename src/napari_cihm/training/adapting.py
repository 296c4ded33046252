"""Fit a trained network to other channels or classes, keeping what it knows."""

import torch
from torch import Tensor

from napari_cihm.config import ModelConfig
from napari_cihm.models import Model


def adapt(model: Model, config: ModelConfig) -> tuple[Model, str]:
    """Return a copy of a model for another configuration of the same recipe.

    Weights of equal shape are kept. A stem that sees more channels than before
    spreads its filters over them, so that a grey image in colour gives what it
    gave; one that sees fewer adds them up. New maps of the head start afresh.

    Returns
    -------
    Model
        A new model; the given one is left as it is.
    str
        What the user should know of it; empty when nothing had to be fitted.
    """
    new = Model.untrained(config, "cpu")
    known = model.network.state_dict()
    fitted = {k: _fit(t, known.get(k)) for k, t in new.network.state_dict().items()}
    new.network.load_state_dict(fitted)
    words = []
    if config.in_channels != model.config.in_channels:
        words.append(
            f"The model now sees {config.in_channels} channels instead of "
            f"{model.config.in_channels}."
        )
    if config.classes != model.config.classes:
        words.append(
            f"The model now gives {config.classes} maps instead of "
            f"{model.config.classes}; the new ones start untrained."
        )
    return Model(new.network, config, model.device, model.name), " ".join(words)


def _fit(fresh: Tensor, known: Tensor | None) -> Tensor:
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
        return _spread(known, fresh.shape[1])
    if differing == [0]:
        fitted = fresh.clone()
        rows = min(len(known), len(fresh))
        fitted[:rows] = known[:rows]
        return fitted
    return fresh


def _spread(filters: Tensor, channels: int) -> Tensor:
    have = filters.shape[1]
    if channels == 1:
        return filters.sum(1, keepdim=True)
    if have == 1:
        return filters.repeat(1, channels, 1, 1) / channels
    mean = filters.mean(1, keepdim=True).repeat(1, channels, 1, 1)
    shared = min(have, channels)
    kept = torch.cat([filters[:, :shared], mean[:, shared:]], dim=1)
    return kept * (have / channels)
