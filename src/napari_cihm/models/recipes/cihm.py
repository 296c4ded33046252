"""CIHM, reconstructed from the public description within its parameter budget.

Published: CiMC layers (an SSM and a T-convolution branch in parallel), the MRDB
bridge, 40 times fewer parameters than U-Net. Inferred: everything else, above
all the widths, the order inside a stage and the head.
"""

from torch import nn

from napari_cihm.models.blocks.cimc import CiMC
from napari_cihm.models.blocks.conv import Sharpen, conv3x3
from napari_cihm.models.blocks.norm import BatchNorm, group_norm
from napari_cihm.models.bridges.mrdb import MRDB
from napari_cihm.models.heads import DetailHead, HeadName, PlainHead
from napari_cihm.models.merges import Add
from napari_cihm.models.skeleton import Decoder, UNetLike

BLOCKS = (conv3x3, conv3x3, CiMC, CiMC, CiMC)


def cihm_paper(in_channels: int, classes: int, head: HeadName = "plain") -> UNetLike:
    """Build the layout of the published count: 194,071 with 3 channels and 1 map."""
    c = (16, 24, 32, 48, 64, 96)

    def stage(i: int) -> nn.Sequential:
        block = BLOCKS[i](c[i], c[i + 1])
        return nn.Sequential(block, group_norm(c[i + 1]), nn.MaxPool2d(2), nn.GELU())

    def decoder(i: int) -> Decoder:
        block = BLOCKS[i](c[i + 1], c[i])
        return Decoder(
            before=nn.Sequential(block, group_norm(c[i]), nn.GELU()), merge=Add()
        )

    return UNetLike(
        in_channels,
        stem=nn.Sequential(conv3x3(in_channels, c[0]), group_norm(c[0])),
        stages=[
            nn.Sequential(nn.MaxPool2d(2), nn.GELU()),
            *(stage(i) for i in range(4)),
            nn.Sequential(CiMC(c[4], c[5]), nn.GELU()),
        ],
        bridge=MRDB(c[:5], group_norm),
        decoders=[decoder(i) for i in range(5)],
        head=_head(head, c[0], classes),
        stride=32,
    )


def cihm(in_channels: int, classes: int, head: HeadName = "detail") -> UNetLike:
    """Build CIHM as it is trained here: sharper, faster, and the same in any tile.

    Batch norm gives a pixel the same value in a tile and in the whole image,
    which group norm does not, and follows the pooling, where it costs a quarter.
    A narrower bottom pays for one more convolution at each of the two finest
    levels, on the way down and up: small nuclei are told apart there. The head
    works at full resolution.
    """
    c = (16, 24, 32, 48, 64, 80)

    def stage(i: int) -> nn.Sequential:
        block = BLOCKS[i](c[i], c[i + 1])
        return nn.Sequential(block, nn.MaxPool2d(2), BatchNorm(c[i + 1]), nn.GELU())

    def decoder(i: int) -> Decoder:
        block = BLOCKS[i](c[i + 1], c[i])
        return Decoder(
            before=nn.Sequential(block, BatchNorm(c[i]), nn.GELU()),
            merge=Add(),
            after=Sharpen(c[i]) if i < 2 else None,
        )

    first = nn.Sequential(nn.MaxPool2d(2), BatchNorm(c[0]), nn.GELU())
    return UNetLike(
        in_channels,
        stem=conv3x3(in_channels, c[0]),
        stages=[
            nn.Sequential(first, Sharpen(c[0])),
            nn.Sequential(stage(0), Sharpen(c[1])),
            *(stage(i) for i in range(1, 4)),
            nn.Sequential(CiMC(c[4], c[5]), nn.GELU()),
        ],
        bridge=MRDB(c[:5], BatchNorm),
        decoders=[decoder(i) for i in range(5)],
        head=_head(head, c[0], classes),
        stride=32,
    )


def _head(name: str, channels: int, classes: int) -> nn.Module:
    if name == "plain":
        return PlainHead(channels, classes)
    return DetailHead(channels, channels, classes)
