"""The reference: the recurrence as written, one position after another, in float64."""

from typing import Literal

import torch
from torch import Tensor

from napari_cihm.scan.inputs import Inputs, refuse_nan


def available() -> Literal[True]:
    """Torch is always here."""
    return True


def serves(device: torch.device) -> Literal[True] | str:
    """Any device that has float64."""
    if device.type == "mps":
        return "float64 does not exist on mps"
    return True


def scan(inputs: Inputs) -> tuple[Tensor, Tensor]:
    """Scan step by step in float64; every derivative is torch's own."""
    refuse_nan(inputs.A)
    cast = inputs.cast(torch.float64)
    with torch.autocast(inputs.u.device.type, enabled=False):
        u, delta, A, B, C = cast.u, cast.steps(), cast.A, cast.B, cast.C
        # None of them shapes a sequence of no positions, yet each has its gradient.
        nothing = sum(t.flatten()[:0].sum() for t in (u, delta, A, B, C))
        state = u.new_zeros(u.shape[0], *A.shape) + nothing
        y = [u[..., :0] + nothing]
        for t in range(u.shape[2]):
            step = delta[..., t, None]
            entering = step * u[..., t, None] * _at(B, t, u.shape[1])
            state = torch.exp(step * A) * state + entering  # (b d n)
            y.append((state * _at(C, t, u.shape[1])).sum(-1, keepdim=True))
        out = cast.finished(torch.cat(y, -1))  # (b d l)
    return out.to(inputs.u.dtype), state.to(inputs.compute_dtype)


def _at(tensor: Tensor, t: int, channels: int) -> Tensor:
    """Give B or C at one position, for each channel: broadcasts to (b d n)."""
    if tensor.ndim == 2:
        return tensor
    return tensor[..., t].repeat_interleave(channels // tensor.shape[1], dim=1)
