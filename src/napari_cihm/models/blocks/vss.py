"""The visual state-space block: SS2D behind a layer norm, beside a shortcut."""

from torch import Tensor, nn

from napari_cihm.models.blocks.norm import ChannelNorm
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
        y: Tensor = x + self.context(self.norm(x))
        return y


def vss_stack(channels: int, depth: int, scan: str = "cross") -> nn.Sequential:
    """Put `depth` VSS blocks behind each other."""
    return nn.Sequential(*(VSS(channels, scan) for _ in range(depth)))
