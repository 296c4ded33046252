"""What a CPU user has without us: loops over positions, plain and tuned."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor


def official_loop(
    u: Tensor, delta: Tensor, A: Tensor, B: Tensor, C: Tensor, D: Tensor
) -> Tensor:
    """Do what mamba-ssm does without CUDA: one step after another, autograd by torch.

    Decays and inputs are made for all positions at once, (b d l n); each step takes its
    slice, and the outputs are stacked.
    """
    delta = F.softplus(delta)
    decay = torch.exp(torch.einsum("bdl,dn->bdln", delta, A))
    entering = torch.einsum("bdl,bnl,bdl->bdln", delta, B, u)
    state = u.new_zeros(u.shape[0], *A.shape)
    outputs = []
    for t in range(u.shape[2]):
        state = decay[:, :, t] * state + entering[:, :, t]
        outputs.append(torch.einsum("bdn,bn->bd", state, C[:, :, t]))
    return torch.stack(outputs, dim=2) + u * D[:, None]


class _Tuned(torch.autograd.Function):
    """A loop as tight as Python allows: views made beforehand, one fused op a step."""

    @staticmethod
    def forward(
        ctx: Any, delta: Tensor, u: Tensor, A: Tensor, B: Tensor, C: Tensor
    ) -> Tensor:
        step = delta.permute(2, 0, 1)[..., None]  # (l b d 1)
        decay = torch.exp(step * A)
        rows = B.permute(2, 0, 1).unsqueeze(2)
        states = step * u.permute(2, 0, 1)[..., None] * rows  # (l b d n)
        now = states.unbind(0)
        for before, state, kept in zip(now, now[1:], decay.unbind(0)[1:], strict=False):
            state.addcmul_(kept, before)
        ctx.save_for_backward(delta, u, A, B, C, decay, states)
        return torch.einsum("lbdn,bnl->bdl", states, C)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, ...]:
        delta, u, A, B, C, decay, states = ctx.saved_tensors
        adjoint = grad.permute(2, 0, 1)[..., None] * C.permute(2, 0, 1).unsqueeze(2)
        now = adjoint.flip(0).unbind(0)
        kept = decay.flip(0).unbind(0)
        for after, state, fade in zip(now, now[1:], kept, strict=False):
            state.addcmul_(fade, after)
        adjoint = torch.stack(now[::-1])
        step = delta.permute(2, 0, 1)
        faded = torch.zeros_like(states)
        torch.mul(adjoint[1:], states[:-1], out=faded[1:])
        faded.mul_(decay)
        through = torch.einsum("lbdn,bnl->lbd", adjoint, B)
        signal = u.permute(2, 0, 1)
        g_delta = torch.einsum("lbdn,dn->lbd", faded, A) + through * signal
        g_A = torch.einsum("lbdn,lbd->dn", faded, step)
        g_B = torch.einsum("lbdn,lbd->bnl", adjoint, step * signal)
        g_C = torch.einsum("lbdn,bdl->bnl", states, grad)
        return (
            g_delta.permute(1, 2, 0),
            (through * step).permute(1, 2, 0),
            g_A,
            g_B,
            g_C,
        )


def tuned_loop(
    u: Tensor, delta: Tensor, A: Tensor, B: Tensor, C: Tensor, D: Tensor
) -> Tensor:
    """Loop over views made beforehand, with a gradient written by hand."""
    return _Tuned.apply(F.softplus(delta), u, A, B, C) + u * D[:, None]
