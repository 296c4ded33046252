"""Residual convolutions."""

from collections.abc import Callable

from torch import Tensor, nn

from napari_cihm.models.blocks.norm import BatchNorm, InstanceNorm


class ResidualConv(nn.Module):
    """Two 3x3 convolutions beside a shortcut.

    The shortcut pools where the convolutions stride, and projects where the
    number of channels changes.

    Parameters
    ----------
    c_in, c_out : int
        Channels of the input and of the output.
    stride : int
        Of the first convolution.
    norm, act : callable
        Make the normalisation from its channels, and the activation.
    """

    def __init__(
        self,
        c_in: int,
        c_out: int,
        stride: int = 1,
        norm: Callable[[int], nn.Module] = BatchNorm,
        act: Callable[[], nn.Module] = nn.ReLU,
    ) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(c_in, c_out, 3, stride, padding=1, bias=False),
            norm(c_out),
            act(),
            nn.Conv2d(c_out, c_out, 3, padding=1, bias=False),
            norm(c_out),
        )
        self.shortcut = nn.Sequential()
        if stride != 1:
            self.shortcut.append(nn.AvgPool2d(stride))
        if c_in != c_out:
            self.shortcut.append(nn.Conv2d(c_in, c_out, 1, bias=False))
            self.shortcut.append(norm(c_out))
        self.act = act()

    def forward(self, x: Tensor) -> Tensor:
        """(b, c_in, h, w) -> (b, c_out, h / stride, w / stride)."""
        return self.act(self.body(x) + self.shortcut(x))


def residual_pair(c_in: int, c_out: int, stride: int = 1) -> nn.Sequential:
    """Two residual convolutions with instance norm and leaky ReLU: nnU-Net's stage."""
    return nn.Sequential(
        ResidualConv(c_in, c_out, stride, InstanceNorm, nn.LeakyReLU),
        ResidualConv(c_out, c_out, 1, InstanceNorm, nn.LeakyReLU),
    )
