"""How weights are drawn before training, where the papers say how."""

from collections.abc import Iterator
from typing import TypeVar

from torch import nn

from napari_cihm.models.blocks.ss2d import SS2D

Network = TypeVar("Network", bound=nn.Module)


def truncated(network: Network) -> Network:
    """Draw linear layers from a normal of width 0.02, cut at two; no biases.

    What transformers do, and the networks made in their image. Convolutions of
    one pixel are linear layers, those around a scan too.
    """
    for module in network.modules():
        if isinstance(module, nn.Conv2d) and _is_linear(module):
            nn.init.trunc_normal_(module.weight, std=0.02)
            _no_bias(module)
    return network


def he(network: Network, slope: float = 0.0) -> Network:
    """Draw convolutions so that (leaky) ReLUs keep the variance; no biases."""
    for module in _outside_scans(network):
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.kaiming_normal_(module.weight, a=slope)
            _no_bias(module)
    return network


def he_out(network: Network) -> Network:
    """Draw convolutions so that ReLUs keep the gradients' variance; no biases."""
    for module in _outside_scans(network):
        if isinstance(module, nn.Conv2d):
            fan_out = module.weight[:, 0].numel() / module.groups
            nn.init.normal_(module.weight, std=(2 / fan_out) ** 0.5)
            _no_bias(module)
    return network


def _outside_scans(module: nn.Module) -> Iterator[nn.Module]:
    """Every module that is no part of a scan, which draws its own weights."""
    if not isinstance(module, SS2D):
        yield module
        for child in module.children():
            yield from _outside_scans(child)


def _is_linear(module: nn.Conv2d) -> bool:
    return module.kernel_size == (1, 1) and module.groups == 1


def _no_bias(module: nn.Conv2d | nn.ConvTranspose2d) -> None:
    if module.bias is not None:
        nn.init.zeros_(module.bias)
