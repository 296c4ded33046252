"""The causal depthwise convolution before a one-dimensional Mamba."""

import importlib
from functools import cache
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from napari_cihm.errors import ShapeError, UnknownNameError
from napari_cihm.scan.inputs import check_kinds

_ACTIVATIONS = ("silu", "swish")


def causal_conv1d(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    activation: str | None = None,
) -> Tensor:
    """Convolve each channel with its own filter, looking only backwards.

    causal-conv1d computes it where that package is installed and can (on CUDA, filters
    of 2 to 4 taps), torch elsewhere; the two agree to 1e-5.

    Parameters
    ----------
    x : Tensor
        Input, (b d l).
    weight : Tensor
        One filter for each channel, (d w); the last tap meets the current position.
    bias : Tensor, optional
        Added to each channel, (d).
    activation : {None, "silu", "swish"}
        What follows; the two names mean the same.

    Returns
    -------
    Tensor
        (b d l), in the dtype of `x`.

    Raises
    ------
    DtypeError, ShapeError, InputError, UnknownNameError
        For tensors that do not fit, or an unknown activation.
    """
    _check(x, weight, bias, activation)
    kernel = _fused() if x.is_cuda else None
    if kernel is not None and 2 <= weight.shape[1] <= 4 and x.numel():
        return kernel(x, weight, bias, activation=activation)  # type: ignore[no-any-return]
    if not x.shape[2]:
        return x.clone()
    kind = torch.promote_types(x.dtype, weight.dtype)
    before = F.pad(x.to(kind), (weight.shape[1] - 1, 0))
    offset = None if bias is None else bias.to(kind)
    out = F.conv1d(before, weight.to(kind).unsqueeze(1), offset, groups=x.shape[1])
    return (out if activation is None else F.silu(out)).to(x.dtype)


@cache
def _fused() -> Any:
    """Give causal-conv1d's function, or None where it cannot be imported."""
    try:
        return importlib.import_module("causal_conv1d").causal_conv1d_fn
    except (ImportError, OSError, AttributeError):
        return None


def _check(
    x: Tensor, weight: Tensor, bias: Tensor | None, activation: str | None
) -> None:
    check_kinds({"x": x, "weight": weight} | ({} if bias is None else {"bias": bias}))
    if x.ndim != 3 or x.shape[1] == 0:
        raise ShapeError(
            f"x has shape {tuple(x.shape)}", "(batch, channels, positions)"
        )
    channels = x.shape[1]
    if weight.ndim != 2 or weight.shape[0] != channels or weight.shape[1] == 0:
        raise ShapeError(
            f"weight has shape {tuple(weight.shape)}", f"({channels}, taps) to fit x"
        )
    if bias is not None and bias.shape != (channels,):
        raise ShapeError(f"bias has shape {tuple(bias.shape)}", f"({channels},)")
    if activation is not None and activation not in _ACTIVATIONS:
        raise UnknownNameError.among("activation", activation, _ACTIVATIONS)
