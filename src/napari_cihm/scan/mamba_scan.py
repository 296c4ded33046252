"""The scan of mamba-ssm, where that package is built: CUDA."""

from typing import Any, Literal

import torch
from mamba_ssm.ops.selective_scan_interface import selective_scan_fn
from torch import Tensor

from napari_cihm.scan import torch_scan
from napari_cihm.scan.derivatives import first_only
from napari_cihm.scan.inputs import Inputs

_MOST_STATES = 256


def available() -> Literal[True] | str:
    """Ask for a CUDA device: importing has shown that mamba-ssm is here."""
    return torch.cuda.is_available() or "torch sees no CUDA device"


def serves(device: torch.device) -> Literal[True] | str:
    """Take tensors on CUDA."""
    if device.type == "cuda":
        return True
    return f"mamba_ssm computes on cuda, not on {device}"


def scan(inputs: Inputs) -> tuple[Tensor, Tensor]:
    """Scan with mamba-ssm's kernel; what it cannot do, with plain torch."""
    double = inputs.compute_dtype == torch.float64
    if double or inputs.A.shape[1] > _MOST_STATES or not inputs.u.numel():
        return torch_scan.scan(inputs)
    fitted = _fitted(inputs)
    u, delta, A, B, C, D, z, bias, soft = fitted
    out, last = selective_scan_fn(
        u,
        delta,
        A,
        B,
        C,
        D=D,
        z=z,
        delta_bias=bias,
        delta_softplus=soft,
        return_last_state=True,
    )
    if fitted.needs_grad:
        last = _LastState.apply(last, *fitted)  # type: ignore[no-untyped-call]
    return out, last


def _fitted(inputs: Inputs) -> Inputs:
    """Give sequences the dtype of u and weights float32, as the kernel has them."""
    u, delta, A, B, C, D, z, bias, soft = inputs

    B, C = (m.to(u.dtype if m.ndim == 4 else torch.float32) for m in (B, C))
    D, bias = (None if w is None else w.float() for w in (D, bias))
    z = None if z is None else z.to(u.dtype)
    return Inputs(u, delta.to(u.dtype), A.float(), B, C, D, z, bias, soft)


class _LastState(torch.autograd.Function):
    """Lead gradients through the last state, where mamba-ssm lets them end.

    Only if some come is the scan run again, in plain torch, to be differentiated.
    """

    @staticmethod
    def forward(ctx: Any, last: Tensor, *given: Any) -> Tensor:
        ctx.save_for_backward(*given[:-1])
        ctx.soft = given[-1]
        return last.clone()

    @staticmethod
    @first_only
    def backward(ctx: Any, grad_last: Tensor) -> tuple[Any, ...]:
        given = [
            None if t is None else t.detach().requires_grad_()
            for t in ctx.saved_tensors
        ]
        with torch.enable_grad():
            _, last = torch_scan.scan(Inputs._make((*given, ctx.soft)))
            leaves = [t for t in given if t is not None]
            grads = iter(
                torch.autograd.grad(last, leaves, grad_last, allow_unused=True)
            )
        return None, *(None if t is None else next(grads) for t in given), None
