"""CIHM, reconstructed from the public description within its parameter budget.

Published: CiMC layers (an SSM and a T-convolution branch in parallel), the MRDB
bridge, 40 times fewer parameters than U-Net. Inferred: everything else, above
all the widths, the order inside a stage and the head.
"""

from collections.abc import Callable

from torch import nn

from napari_cihm.models.blocks import BatchNorm, CiMC, conv3x3, group_norm
from napari_cihm.models.bridges import MRDB
from napari_cihm.models.heads import DetailHead, HeadName, PlainHead
from napari_cihm.models.merges import Add
from napari_cihm.models.skeleton import Decoder, UNetLike

WIDTHS = (16, 24, 32, 48, 64, 96)


def cihm_paper(in_channels: int, classes: int, head: HeadName = "plain") -> UNetLike:
    """Build the layout of the published count: 194,071 with 3 channels and 1 map."""
    c = WIDTHS

    def stage(block: nn.Module, width: int) -> nn.Sequential:
        return nn.Sequential(block, group_norm(width), nn.MaxPool2d(2), nn.GELU())

    stem = nn.Sequential(conv3x3(in_channels, c[0]), group_norm(c[0]))
    first = nn.Sequential(nn.MaxPool2d(2), nn.GELU())
    return _cihm(in_channels, classes, stem, first, stage, group_norm, head)


def cihm(in_channels: int, classes: int, head: HeadName = "detail") -> UNetLike:
    """Build CIHM with batch norm, earlier pooling and a head at full resolution.

    Group norm takes its statistics from whichever tile it sees; batch norm gives
    a pixel the same value in a tile and in the whole image, and costs nothing
    once it is folded into its convolution.
    """
    c = WIDTHS

    def stage(block: nn.Module, width: int) -> nn.Sequential:
        return nn.Sequential(block, nn.MaxPool2d(2), BatchNorm(width), nn.GELU())

    stem = conv3x3(in_channels, c[0])
    first = nn.Sequential(nn.MaxPool2d(2), BatchNorm(c[0]), nn.GELU())
    return _cihm(in_channels, classes, stem, first, stage, BatchNorm, head)


def _cihm(
    in_channels: int,
    classes: int,
    stem: nn.Module,
    first: nn.Module,
    stage: Callable[[nn.Module, int], nn.Module],
    norm: Callable[[int], nn.Module],
    head: str,
) -> UNetLike:
    c = WIDTHS
    blocks = (conv3x3, conv3x3, CiMC, CiMC, CiMC)
    return UNetLike(
        in_channels,
        stem=stem,
        stages=[
            first,
            *(stage(blocks[i](c[i], c[i + 1]), c[i + 1]) for i in range(4)),
            nn.Sequential(CiMC(c[4], c[5]), nn.GELU()),
        ],
        bridge=MRDB(c[:5], norm),
        decoders=[
            Decoder(
                before=nn.Sequential(blocks[i](c[i + 1], c[i]), norm(c[i]), nn.GELU()),
                merge=Add(),
            )
            for i in range(5)
        ],
        head=_head(head, c[0], classes),
        stride=32,
    )


def _head(name: str, channels: int, classes: int) -> nn.Module:
    if name == "plain":
        return PlainHead(channels, classes)
    return DetailHead(channels, channels, classes)
