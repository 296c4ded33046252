"""Plain convolutional blocks."""

from torch import Tensor, nn

from napari_cihm.models.blocks.norm import BatchNorm


def conv3x3(c_in: int, c_out: int, bias: bool = True) -> nn.Conv2d:
    """3x3 convolution that keeps the size."""
    return nn.Conv2d(c_in, c_out, 3, padding=1, bias=bias)


class DoubleConv(nn.Module):
    """Two 3x3 convolutions, each with batch norm and ReLU: U-Net's stage."""

    def __init__(self, c_in: int, c_out: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            conv3x3(c_in, c_out, bias=False),
            BatchNorm(c_out),
            nn.ReLU(inplace=True),
            conv3x3(c_out, c_out, bias=False),
            BatchNorm(c_out),
            nn.ReLU(inplace=True),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(b, c_in, h, w) -> (b, c_out, h, w)."""
        return self.body(x)


class Sharpen(nn.Module):
    """One 3x3 convolution beside the map: x + GELU(BN(conv(x)))."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            conv3x3(channels, channels, bias=False), BatchNorm(channels), nn.GELU()
        )

    def forward(self, x: Tensor) -> Tensor:
        """(b, c, h, w) -> (b, c, h, w)."""
        return x + self.body(x)
