"""The selective scan: one function, whichever backend computes it."""

from typing import Literal, overload

import torch
from torch import Tensor

from napari_cihm.scan import onnx_scan, torch_scan, traced_scan
from napari_cihm.scan.choice import choose
from napari_cihm.scan.graph import graph_scan, is_exporting
from napari_cihm.scan.inputs import checked


@overload
def selective_scan(
    u: Tensor,
    delta: Tensor,
    A: Tensor,
    B: Tensor,
    C: Tensor,
    D: Tensor | None = None,
    z: Tensor | None = None,
    delta_bias: Tensor | None = None,
    delta_softplus: bool = False,
    return_last_state: Literal[False] = False,
) -> Tensor: ...
@overload
def selective_scan(
    u: Tensor,
    delta: Tensor,
    A: Tensor,
    B: Tensor,
    C: Tensor,
    D: Tensor | None = None,
    z: Tensor | None = None,
    delta_bias: Tensor | None = None,
    delta_softplus: bool = False,
    *,
    return_last_state: Literal[True],
) -> tuple[Tensor, Tensor]: ...
def selective_scan(
    u: Tensor,
    delta: Tensor,
    A: Tensor,
    B: Tensor,
    C: Tensor,
    D: Tensor | None = None,
    z: Tensor | None = None,
    delta_bias: Tensor | None = None,
    delta_softplus: bool = False,
    return_last_state: bool = False,
) -> Tensor | tuple[Tensor, Tensor]:
    """Run a selective state space along a sequence.

    Takes what ``selective_scan_fn`` of mamba-ssm takes and gives what it gives, on any
    device and without a compiler. States are kept in float32 whatever comes in (in
    float64 if any tensor is), also under autocast.

    Parameters
    ----------
    u : Tensor
        Input, (b d l).
    delta : Tensor
        Step sizes, (b d l).
    A : Tensor
        Decay rates, real, (d n).
    B, C : Tensor
        Input and output maps: (d n) constant along the sequence, (b n l) one for each
        position, or (b g n l) one for each position and each of g groups of channels.
    D : Tensor, optional
        Skip weights, (d).
    z : Tensor, optional
        Gate, (b d l): the output is multiplied by ``silu(z)``.
    delta_bias : Tensor, optional
        Added to delta, (d).
    delta_softplus : bool
        Whether delta passes through a softplus, after the bias.
    return_last_state : bool
        Whether the state after the last position is wanted too.

    Returns
    -------
    Tensor or tuple of Tensor
        The output, (b d l) in the dtype of `u`; then, if asked for, the last state,
        (b d n). Gradients flow from both.

    Raises
    ------
    DtypeError, ShapeError, InputError
        For tensors that do not fit.
    UnavailableError, UnknownNameError
        If the backend that ``CIHM_SCAN`` forces is not available.
    """
    inputs = checked(u, delta, A, B, C, D, z, delta_bias, delta_softplus)
    if torch.jit.is_tracing():  # type: ignore[attr-defined, no-untyped-call]
        out, last = traced_scan.scan(inputs)
    elif is_exporting():
        portable = onnx_scan if onnx_scan.is_recording() else torch_scan
        out, last = portable.scan(inputs)
    elif torch.compiler.is_compiling():
        out, last = graph_scan(*inputs)
    else:
        out, last = choose(u.device).scan(inputs)
    return (out, last) if return_last_state else out


def prepare(device: torch.device) -> None:
    """Compile what scans and their gradients need on a device, before time counts.

    A backend compiles once for a machine and keeps what it made; this takes seconds
    the first time, and next to nothing afterwards.
    """
    one = torch.ones(1, 1, 1, dtype=torch.float32, device=device, requires_grad=True)
    with torch.enable_grad():
        selective_scan(one, one, -one[0], one, one).sum().backward()
