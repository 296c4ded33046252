"""High-order SS2D: gated scans of growing width, each feeding the next."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from napari_cihm.models.blocks.norm import ChannelNorm
from napari_cihm.models.blocks.ss2d import SS2D
from napari_cihm.models.paths import strategy


class HighOrderSS2D(nn.Module):
    """A chain of `order` scans whose widths double up to the map's.

    A linear layer gives a narrow map and one gate for each link. Each link
    multiplies by its gate, scans, and widens the map for the next.

    Parameters
    ----------
    channels : int
        Of the map; divisible by 2 to the power of order - 1.
    order : int
        Links of the chain.
    scan : str
        Name of the scan strategy.
    """

    damping = 1 / 3  # of the gates, lest a product of many explode

    def __init__(self, channels: int, order: int, scan: str = "cross") -> None:
        super().__init__()
        self.widths = [channels // 2**i for i in reversed(range(order))]
        self.enter = nn.Conv2d(channels, 2 * channels, 1)
        self.gates = LocalGlobal(sum(self.widths), order, scan)
        self.scans = nn.ModuleList(
            SS2D(width, strategy=strategy(scan)) for width in self.widths
        )
        self.widen = nn.ModuleList(
            nn.Conv2d(width, 2 * width, 1) for width in self.widths[:-1]
        )
        self.leave = nn.Conv2d(channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(b, c, h, w) -> (b, c, h, w)."""
        narrow, gates = self.enter(x).split([self.widths[0], sum(self.widths)], dim=1)
        first, *others = (self.damping * self.gates(gates)).split(self.widths, dim=1)
        y = self.scans[0](narrow * first)
        for widen, gate, scan in zip(self.widen, others, self.scans[1:], strict=True):
            y = scan(widen(y) * gate)
        return self.leave(y)


class LocalGlobal(nn.Module):
    """Half of the channels convolved, the other scanned and filtered by frequency.

    Parameters
    ----------
    channels : int
        Of the map.
    order : int
        Of the chain that it serves; picks how finely frequencies are told apart.
    scan : str
        Name of the scan strategy.
    """

    bands = {2: (14, 8), 3: (14, 8), 4: (24, 13), 5: (12, 7)}  # noqa: RUF012

    def __init__(self, channels: int, order: int, scan: str = "cross") -> None:
        super().__init__()
        half = channels // 2
        self.before = ChannelNorm(channels, eps=1e-6)
        self.local = nn.Conv2d(half, half, 3, padding=1, groups=half, bias=False)
        self.context = SS2D(half, strategy=strategy(scan))
        spectrum = torch.empty(2, half, *self.bands[order]).normal_().mul_(0.02)
        self.spectrum = nn.Parameter(spectrum)
        self.after = ChannelNorm(channels, eps=1e-6)

    def forward(self, x: Tensor) -> Tensor:
        """(b, c, h, w) -> (b, c, h, w)."""
        near, far = self.before(x).chunk(2, dim=1)
        far = self.context(far) + self._filtered(far)
        both = torch.stack([self.local(near), far], dim=2)  # channels take turns
        return self.after(both.flatten(1, 2))

    def _filtered(self, x: Tensor) -> Tensor:
        # half precision has Fourier transforms of few sizes, and few complex numbers
        kind = torch.promote_types(x.dtype, torch.float32)
        frequencies = torch.fft.rfft2(x.to(kind), norm="ortho")
        size = x.shape[2], x.shape[3] // 2 + 1
        real, imaginary = F.interpolate(
            self.spectrum.to(kind), size=size, mode="bilinear", align_corners=True
        )
        kept = frequencies * torch.complex(real, imaginary)
        y = torch.fft.irfft2(kept, s=x.shape[2:], norm="ortho")
        return y.to(x.dtype)


class HighOrderBlock(nn.Module):
    """High-order SS2D and a two-layer perceptron, each normed, scaled and residual."""

    def __init__(self, channels: int, order: int, scan: str = "cross") -> None:
        super().__init__()
        self.norm = ChannelNorm(channels, eps=1e-6)
        self.context = HighOrderSS2D(channels, order, scan)
        self.mix = nn.Sequential(
            ChannelNorm(channels, eps=1e-6),
            nn.Conv2d(channels, 4 * channels, 1),
            nn.GELU(),
            nn.Conv2d(4 * channels, channels, 1),
        )
        self.scales = nn.Parameter(torch.full((2, channels, 1, 1), 1e-6))

    def forward(self, x: Tensor) -> Tensor:
        """(b, c, h, w) -> (b, c, h, w)."""
        x = x + self.scales[0] * self.context(self.norm(x))
        return x + self.scales[1] * self.mix(x)
