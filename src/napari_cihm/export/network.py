"""The bare network, as other programs will run it."""

import copy

import torch
from torch import Tensor, nn

from napari_cihm.config import ModelConfig
from napari_cihm.data.targets import MAPS
from napari_cihm.models import Model


class Answering(nn.Module):
    """A network that gives its maps of probabilities, and the logits beside them."""

    def __init__(self, network: nn.Module, config: ModelConfig) -> None:
        super().__init__()
        self.network = network
        self.exclusive = config.exclusive

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(b, c, h, w) -> maps and logits, (b, classes, h, w) each."""
        logits = self.network(x)
        maps = logits.softmax(1) if self.exclusive else logits.sigmoid()
        return maps, logits


def portable(model: Model) -> nn.Module:
    """Copy a model's network to the processor, ready to be recorded."""
    network = copy.deepcopy(model.network).cpu().float().eval().requires_grad_(False)
    return network.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload,no-any-return]


def stride_of(network: nn.Module) -> int:
    """Return what a network pads the sides of an image to a multiple of."""
    return int(network.stride)  # type: ignore[arg-type]


def map_names(config: ModelConfig) -> list[str]:
    """Name the maps that a model gives."""
    if config.task == "instance":
        return [*MAPS, *(f"map {i}" for i in range(len(MAPS), config.classes))]
    if config.classes == 1:
        return ["foreground"]
    return [f"class {i}" for i in range(config.classes)]
