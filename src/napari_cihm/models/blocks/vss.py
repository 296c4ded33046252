"""The visual state-space block: SS2D behind a layer norm, beside a shortcut."""

from collections.abc import Sequence

from torch import Tensor, nn

from napari_cihm.models.blocks.norm import ChannelNorm
from napari_cihm.models.blocks.patches import PatchEmbed, PatchMerge
from napari_cihm.models.blocks.ss2d import SS2D
from napari_cihm.models.paths import strategy


class VSS(nn.Module):
    """x + SS2D(norm(x)).

    Parameters
    ----------
    channels : int
        Of the map.
    scan : str
        Name of the scan strategy.
    """

    def __init__(self, channels: int, scan: str = "cross") -> None:
        super().__init__()
        self.norm = ChannelNorm(channels, eps=1e-6)
        self.context = SS2D(channels, strategy=strategy(scan))

    def forward(self, x: Tensor) -> Tensor:
        """(b, c, h, w) -> (b, c, h, w)."""
        return x + self.context(self.norm(x))


def vss_stack(channels: int, depth: int, scan: str = "cross") -> nn.Sequential:
    """Put `depth` VSS blocks behind each other."""
    return nn.Sequential(*(VSS(channels, scan) for _ in range(depth)))


def vss_stages(
    in_channels: int, widths: Sequence[int], depths: Sequence[int], scan: str = "cross"
) -> list[nn.Module]:
    """Make encoder stages: patches of the image, then ever wider ones of the map."""
    stages: list[nn.Module] = []
    for level, (width, depth) in enumerate(zip(widths, depths, strict=True)):
        patches = (
            PatchMerge(widths[level - 1], width)
            if level
            else PatchEmbed(in_channels, width)
        )
        stages.append(nn.Sequential(patches, vss_stack(width, depth, scan)))
    return stages
