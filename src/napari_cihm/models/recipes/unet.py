"""U-Net as Ronneberger drew it, with batch norm and 32 channels at the top.

Taken (doi:10.1007/978-3-319-24574-4_28): double convolutions, max pooling,
transposed convolutions, joined skips.

Ours differs: batch norm behind each convolution, padding instead of shrinking maps,
and half the channels, which is how U-Net stands in the tables of the Mamba papers.
"""

from torch import nn

from napari_cihm.models.blocks.conv import DoubleConv
from napari_cihm.models.heads import HeadName, PlainHead, choose_head
from napari_cihm.models.merges import Concat
from napari_cihm.models.recipes.options import Base
from napari_cihm.models.skeleton import Decoder, UNetLike


def unet(
    in_channels: int, classes: int, base: Base = 32, head: HeadName = "plain"
) -> UNetLike:
    """Build U-Net."""
    c = [base * 2**i for i in range(5)]

    def below(i: int) -> nn.Module:
        return nn.Sequential(nn.MaxPool2d(2), DoubleConv(c[i - 1], c[i]))

    def decoder(i: int) -> Decoder:
        return Decoder(
            up=nn.ConvTranspose2d(c[i + 1], c[i], 2, stride=2),
            merge=Concat(),
            after=DoubleConv(2 * c[i], c[i]),
        )

    return UNetLike(
        in_channels,
        stages=[DoubleConv(in_channels, c[0]), *map(below, range(1, 5))],
        decoders=list(map(decoder, range(4))),
        head=choose_head(head, PlainHead(c[0], classes), c[0], in_channels, classes),
        stride=16,
    )
