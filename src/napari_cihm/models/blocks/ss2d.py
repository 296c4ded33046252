"""SS2D: the selective scan over a map, read along several paths.

Glossary, the paper's letter -> here:

========  ===========================================================
``d``     channels of the block's input; ``e`` inner channels, 2 d
``n``     states a channel keeps
``k``     paths; ``l`` length of a path, h * w
``r``     rank of the step-size projection, ceil(d / 16)
``delta`` step size, softplus(dt_proj(.)); ``A`` decay; ``B``, ``C``
          input and output projections; ``D`` skip
========  ===========================================================
"""

import math

import torch
from torch import Tensor, nn

from napari_cihm.models.blocks.norm import ChannelNorm
from napari_cihm.models.paths import CROSS, Strategy
from napari_cihm.scan import selective_scan


class SS2D(nn.Module):
    """Selective scan of a (b, d, h, w) map along the paths of a strategy."""

    def __init__(
        self, channels: int, states: int = 16, strategy: Strategy = CROSS
    ) -> None:
        super().__init__()
        inner = 2 * channels
        paths, rank = strategy.directions, math.ceil(channels / 16)
        self.strategy, self.states, self.rank = strategy, states, rank
        self.enter = nn.Conv2d(channels, 2 * inner, 1, bias=False)
        self.local = nn.Conv2d(inner, inner, 3, padding=1, groups=inner)
        self.act = nn.SiLU()
        self.project = nn.Parameter(uniform(paths, rank + 2 * states, inner))
        self.step = nn.Parameter(uniform(paths, inner, rank))
        self.step_bias = nn.Parameter(step_bias(paths * inner).view(paths, inner))
        self.log_decay = nn.Parameter(log_decay(paths * inner, states))
        self.skip = nn.Parameter(torch.ones(paths * inner))
        self.norm = ChannelNorm(inner)
        self.leave = nn.Conv2d(inner, channels, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """(b, d, h, w) -> (b, d, h, w)."""
        u, z = self.enter(x).chunk(2, dim=1)  # (b, e, h, w) each
        u = self.act(self.local(u))
        y = self.norm(self._scan(u).to(z.dtype))
        return self.leave(y * self.act(z))

    def _scan(self, u: Tensor) -> Tensor:
        h, w = u.shape[2:]
        seq = self.strategy.unfold(u)  # (b, k, e, l)
        mixed = torch.matmul(self.project, seq)  # (b, k, r + 2n, l)
        dt, b, c = mixed.split([self.rank, self.states, self.states], dim=2)
        delta = torch.matmul(self.step, dt)  # (b, k, e, l)
        y = selective_scan(
            seq.flatten(1, 2),
            delta.flatten(1, 2),
            -self.log_decay.float().exp(),
            b,
            c,
            self.skip.float(),
            delta_bias=self.step_bias.float().flatten(),
            delta_softplus=True,
        )
        return self.strategy.fold(y.reshape(seq.shape), h, w)


def step_bias(count: int, low: float = 1e-3, high: float = 0.1) -> Tensor:
    """Biases whose softplus spreads evenly in log scale between two step sizes."""
    # In place, here and below, so that an outline can be built without numbers.
    steps = torch.rand(count).mul_(math.log(high) - math.log(low)).add_(math.log(low))
    steps.exp_()
    return steps.clone().neg_().expm1_().neg_().log_().add_(steps)


def log_decay(count: int, states: int) -> Tensor:
    """Logarithms of the decay rates 1, 2, ... of the states, (count, n)."""
    return torch.ones(count, states).cumsum_(1).log_()


def uniform(*shape: int, bound: float | None = None) -> Tensor:
    """Weights drawn evenly up to a bound, by default that of a linear layer."""
    bound = shape[-1] ** -0.5 if bound is None else bound
    return torch.empty(*shape).uniform_(-bound, bound)
