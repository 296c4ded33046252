"""Networks filled with the weights of a file: compared as shapes first."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from napari_cihm.config import ModelConfig
from napari_cihm.errors import CheckpointError
from napari_cihm.models.precision import single_precision
from napari_cihm.models.recipes import build_model

Weights = dict[str, Tensor]


def outline(config: ModelConfig) -> nn.Module:
    """Build a network as shapes without numbers: no memory, and no luck drawn."""
    with torch.device("meta"), _Unfilled(), single_precision():
        return build_model(
            config.recipe, config.in_channels, config.classes, **config.options
        )


class _Unfilled(TorchFunctionMode):
    """Leaves out what works in place: no shape depends on it.

    Without numbers torch does it in Python, and takes seconds to load what it needs.
    """

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Call a function of torch, or give back what it would work on."""
        given, name = kwargs or {}, getattr(func, "__name__", "")
        if name.endswith("_") and not name.endswith("__"):
            return args[0] if args else given["tensor"]
        return func(*args, **given)


def compare(wanted: Weights, given: Weights) -> tuple[list[str], list[str], list[str]]:
    """Return the keys that are missing, unknown, or of another shape."""
    missing = sorted(wanted.keys() - given.keys())
    extra = sorted(given.keys() - wanted.keys())
    misfit = sorted(
        key for key in wanted.keys() & given.keys()
        if wanted[key].shape != given[key].shape
    )  # fmt: skip
    return missing, extra, misfit


def fill(network: nn.Module, weights: Weights, file: str) -> nn.Module:
    """Give an outline its numbers, which have its shapes.

    Raises
    ------
    CheckpointError
        Naming the file and a tensor whose numbers cannot be a network's.
    """
    filled = {}
    for key, wanted in network.state_dict().items():
        given = weights[key]
        if wanted.is_floating_point() and not given.is_floating_point():
            raise CheckpointError(
                f"{file}: its tensor {key} holds {_kind(given)}",
                "floating point numbers",
                "save the weights as they were trained",
            )
        # A copy: tensors of a file may lie in it still, and it may be written anew.
        filled[key] = torch.empty(wanted.shape, dtype=wanted.dtype).copy_(given)
        if not bool(filled[key].isfinite().all()):
            raise CheckpointError(
                f"{file}: its tensor {key} holds numbers that are not finite",
                "finite weights",
                "its training diverged; take an earlier checkpoint of it",
            )
    network.load_state_dict(filled, assign=True)
    return network


def _kind(tensor: Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")
