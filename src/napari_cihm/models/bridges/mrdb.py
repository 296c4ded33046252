"""MRDB: the multiscale refining detail bridge.

Every level meets every other: each skip is brought to a common width, filtered
for each level it goes to, gated into (0, 2) and multiplied there with what the
other levels send; the product returns to its level beside the skip itself.

The gate and the residual are ours: a bare product of five zero-mean maps is
heavy-tailed and did not train. A product of gates is summed as logarithms, and
what goes up is filtered at its own size and enlarged on the way, one level at a
time, so that the finest level costs one filter and not one for each level. To each
finer level goes a share of the channels, in as many filters as there are shares.
"""

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from napari_cihm.models.blocks.norm import BatchNorm


class MRDB(nn.Module):
    """Refine the skips of all levels by a dense product across scales.

    Parameters
    ----------
    widths : sequence of int
        Channels of each level, shallow to deep.
    norm : callable
        Makes the normalisation of a refined level from its channels.
    """

    width = 16  # channels in which the levels meet

    def __init__(self, widths: Sequence[int], norm: Callable[[int], nn.Module]) -> None:
        super().__init__()
        width, levels = self.width, range(len(widths))
        self.reduce = nn.ModuleList(
            nn.Sequential(nn.Conv2d(c, width, 1, bias=False), BatchNorm(width))
            for c in widths
        )
        # what a level takes from itself and the finer ones, and sends to those
        self.take = nn.ModuleList(
            _filters((i + 1) * width, (i + 1) * width) for i in levels
        )
        self.send = nn.ModuleList(_filters(width, i * width) for i in levels[1:])
        self.refine = nn.ModuleList(
            nn.Sequential(nn.Conv2d(c + width, c, 1, bias=False), norm(c))
            for c in widths
        )

    def forward(self, skips: list[Tensor]) -> list[Tensor]:
        """Refine each skip; sizes and channels stay."""
        reduced = [reduce(t) for reduce, t in zip(self.reduce, skips, strict=True)]
        gates = self._taken(reduced)
        self._add_sent(reduced, gates)
        return [
            t + refine(torch.cat([t, gate.exp()], dim=1))
            for t, gate, refine in zip(skips, gates, self.refine, strict=True)
        ]

    def _taken(self, reduced: list[Tensor]) -> list[Tensor]:
        """For each level, log gates of itself and of the finer levels, summed."""
        gates: list[Tensor] = []
        met: Tensor | None = None
        for r, take in zip(reduced, self.take, strict=True):
            met = r if met is None else torch.cat([_shrink(met, r), r], dim=1)
            gates.append(self._log_gates(take(met)).sum(1))
        return gates

    def _add_sent(self, reduced: list[Tensor], gates: list[Tensor]) -> None:
        """Add what each level sends to all finer ones, enlarging on the way."""
        rising: Tensor | None = None  # (b, targets, width, h, w), finest target first
        for level in range(len(reduced) - 1, 0, -1):
            sent = self._log_gates(self.send[level - 1](reduced[level]))
            if rising is not None:
                risen = _enlarge(rising, sent)
                gates[level] = gates[level] + risen[:, -1]
                sent = sent + risen[:, :-1]
            rising = sent
        if rising is not None:
            gates[0] = gates[0] + _enlarge(rising, gates[0])[:, 0]

    def _log_gates(self, x: Tensor) -> Tensor:
        """Logarithms of the gates 2 sigmoid(x), by source or by target.

        (b, k * width, h, w) -> (b, k, width, h, w)
        """
        gates = F.logsigmoid(x) + math.log(2.0)
        return gates.unflatten(1, (-1, self.width))


def _filters(channels: int, out: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels, out, 3, padding=1, groups=channels, bias=False),
        BatchNorm(out),
    )


def _shrink(x: Tensor, like: Tensor) -> Tensor:
    if x.shape[2:] == like.shape[2:]:
        return x
    return F.adaptive_avg_pool2d(x, (like.shape[2], like.shape[3]))


def _enlarge(x: Tensor, like: Tensor) -> Tensor:
    """Enlarge (b, k, width, h, w) to the last two sizes of another tensor."""
    size = like.shape[-2:]
    if x.shape[-2:] == size:
        return x
    flat = F.interpolate(
        x.flatten(1, 2), size=size, mode="bilinear", align_corners=False
    )
    return flat.unflatten(1, x.shape[1:3])
