"""Patches: how transformer-like networks go down and up."""

from torch import Tensor, nn
from torch.nn import functional as F

from napari_cihm.models.blocks.norm import ChannelNorm


class PatchEmbed(nn.Sequential):
    """Turn patches of 4 x 4 pixels into one pixel each, with layer norm."""

    def __init__(self, c_in: int, c_out: int) -> None:
        super().__init__(nn.Conv2d(c_in, c_out, 4, stride=4), ChannelNorm(c_out))


class PatchMerge(nn.Module):
    """Halve the size: four neighbours side by side, layer norm, a linear layer."""

    def __init__(self, c_in: int, c_out: int) -> None:
        super().__init__()
        self.norm = ChannelNorm(4 * c_in)
        self.reduce = nn.Conv2d(4 * c_in, c_out, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """(b, c_in, h, w), both even -> (b, c_out, h / 2, w / 2)."""
        return self.reduce(self.norm(F.pixel_unshuffle(x, 2)))


class PatchExpand(nn.Module):
    """Multiply the size: a linear layer whose channels become pixels, layer norm."""

    def __init__(self, c_in: int, c_out: int, factor: int = 2) -> None:
        super().__init__()
        self.factor = factor
        self.expand = nn.Conv2d(c_in, c_out * factor**2, 1, bias=False)
        self.norm = ChannelNorm(c_out)

    def forward(self, x: Tensor) -> Tensor:
        """(b, c_in, h, w) -> (b, c_out, factor h, factor w)."""
        return self.norm(F.pixel_shuffle(self.expand(x), self.factor))
