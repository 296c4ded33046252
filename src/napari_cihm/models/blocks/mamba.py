"""Mamba over sequences, and over maps read as sequences.

The glossary of ``ss2d.py`` holds here too; a sequence is (b, d, l).
"""

import math
from typing import Literal

import torch
from torch import Tensor, nn

from napari_cihm.models.blocks.norm import ChannelNorm, group_norm
from napari_cihm.models.blocks.ss2d import log_decay, step_bias, uniform
from napari_cihm.models.paths import ROWS, Strategy
from napari_cihm.scan import causal_conv1d, selective_scan


class Mamba(nn.Module):
    """One-dimensional Mamba: a causal convolution, a selective scan and a gate.

    Parameters
    ----------
    channels : int
        d, of the input and of the output.
    states : int
        n, states that each inner channel keeps.
    """

    taps = 4  # of the causal convolution

    def __init__(self, channels: int, states: int = 16) -> None:
        super().__init__()
        inner, rank = 2 * channels, math.ceil(channels / 16)
        self.states, self.rank = states, rank
        self.enter = nn.Conv1d(channels, 2 * inner, 1, bias=False)
        self.local = nn.Parameter(uniform(inner, self.taps))
        self.local_bias = nn.Parameter(uniform(inner, bound=self.taps**-0.5))
        self.project = nn.Conv1d(inner, rank + 2 * states, 1, bias=False)
        self.step = nn.Parameter(uniform(inner, rank))
        self.step_bias = nn.Parameter(step_bias(inner))
        self.log_decay = nn.Parameter(log_decay(inner, states))
        self.skip = nn.Parameter(torch.ones(inner))
        self.leave = nn.Conv1d(inner, channels, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """(b, d, l) -> (b, d, l)."""
        u, z = self.enter(x).chunk(2, dim=1)  # (b, e, l) each
        u = causal_conv1d(u, self.local, self.local_bias, "silu")
        dt, b, c = self.project(u).split([self.rank, self.states, self.states], dim=1)
        y = selective_scan(
            u,
            torch.matmul(self.step, dt),  # (b, e, l)
            -self.log_decay.float().exp(),
            b,
            c,
            self.skip.float(),
            z,
            self.step_bias.float(),
            delta_softplus=True,
        )
        return self.leave(y.to(z.dtype))


class PathMamba(nn.Module):
    """One Mamba that reads a map along the paths of a strategy, and their mean."""

    def __init__(self, channels: int, strategy: Strategy = ROWS) -> None:
        super().__init__()
        self.strategy = strategy
        self.mamba = Mamba(channels)

    def forward(self, x: Tensor) -> Tensor:
        """(b, c, h, w) -> (b, c, h, w)."""
        paths = self.strategy.unfold(x)  # (b, k, c, l)
        read = self.mamba(paths.flatten(0, 1)).view_as(paths)
        return self.strategy.fold(read, *x.shape[2:]) / self.strategy.visits


class PVM(nn.Module):
    """Parallel vision Mamba: chunks of channels that share one Mamba.

    Layer norm, Mamba beside a scaled shortcut, the same layer norm again, and a
    linear layer to the channels wanted.

    Parameters
    ----------
    c_in, c_out : int
        Channels of the input (a multiple of the chunks) and of the output.
    chunks : int
        Into how many parts the channels are split.
    shortcut : {"normed", "raw"}
        Whether the shortcut starts behind the layer norm or before it.
    strategy : Strategy
        How the map is read.
    """

    def __init__(
        self,
        c_in: int,
        c_out: int,
        chunks: int = 4,
        shortcut: Literal["normed", "raw"] = "normed",
        strategy: Strategy = ROWS,
    ) -> None:
        super().__init__()
        self.chunks, self.shortcut = chunks, shortcut
        self.norm = ChannelNorm(c_in)
        self.context = PathMamba(c_in // chunks, strategy)
        self.scale = nn.Parameter(torch.ones(()))
        self.join = nn.Conv2d(c_in, c_out, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(b, c_in, h, w) -> (b, c_out, h, w)."""
        b, c, h, w = x.shape
        u = self.norm(x)
        parts = u.reshape(b * self.chunks, c // self.chunks, h, w)
        y = self.context(parts).reshape(b, c, h, w)
        y = y + self.scale * (x if self.shortcut == "raw" else u)
        return self.join(self.norm(y))


class ResidualPVM(nn.Module):
    """Twice group norm, ReLU and an undivided PVM, beside a shortcut."""

    def __init__(self, channels: int, strategy: Strategy = ROWS) -> None:
        super().__init__()
        self.body = nn.Sequential(
            *(
                nn.Sequential(
                    group_norm(channels, 8),
                    nn.ReLU(),
                    PVM(channels, channels, 1, "raw", strategy),
                )
                for _ in range(2)
            )
        )

    def forward(self, x: Tensor) -> Tensor:
        """(b, c, h, w) -> (b, c, h, w)."""
        return x + self.body(x)
