"""U-Net as Ronneberger drew it, with batch norm and 32 channels at the top."""

from torch import nn

from napari_cihm.models.blocks import DoubleConv
from napari_cihm.models.bridges import Identity
from napari_cihm.models.heads import PlainHead
from napari_cihm.models.merges import Concat
from napari_cihm.models.skeleton import Decoder, UNetLike


def unet(in_channels: int, classes: int, base: int = 32) -> UNetLike:
    """Double convolutions, max pooling, transposed convolutions, joined skips."""
    c = [base * 2**i for i in range(5)]
    return UNetLike(
        in_channels,
        stem=nn.Identity(),
        stages=[
            DoubleConv(in_channels, c[0]),
            *(
                nn.Sequential(nn.MaxPool2d(2), DoubleConv(c[i - 1], c[i]))
                for i in range(1, 5)
            ),
        ],
        bridge=Identity(),
        decoders=[
            Decoder(
                up=nn.ConvTranspose2d(c[i + 1], c[i], 2, stride=2),
                merge=Concat(),
                after=DoubleConv(2 * c[i], c[i]),
            )
            for i in range(4)
        ],
        head=PlainHead(c[0], classes),
        stride=16,
    )
