"""UltraLight VM-UNet and H-vmunet: six levels, pooled, with an attention bridge.

Taken (arXiv:2403.20035, arXiv:2403.13642 and their public code): convolutions at
full size, then parallel vision Mamba ("ultralight", which splits the channels among
four uses of one Mamba) or blocks of high-order SS2D (orders 2 to 5); group norm, max
pooling and GELU between stages; a bridge that gates pixels and then the channels of
all levels together; bilinear enlargement, added skips, a 1x1 convolution at half size.
Convolutions are drawn as there.

Inferred: nothing of the layout.

Ours differs: scans and the gates of channels keep the weights that Mamba and torch
draw, which the public code draws over; other linear layers are drawn as convolutions,
for which it takes a normal of width 0.02. The enlargement aligns no corners, and GELU
comes before it and not behind it, a quarter of the work. In H-vmunet's code each local
filter holds a table of Fourier weights that nothing uses, 4.5 % of the published count;
ours filters the scanned half's frequencies with it, beside the scan.
"""

from collections.abc import Callable, Sequence

from torch import nn

from napari_cihm.models.blocks.conv import conv3x3
from napari_cihm.models.blocks.high_order import HighOrderBlock
from napari_cihm.models.blocks.initial import he_out
from napari_cihm.models.blocks.mamba import PVM
from napari_cihm.models.blocks.norm import group_norm
from napari_cihm.models.bridges.attention import SpatialChannelBridge
from napari_cihm.models.heads import HeadName, PlainHead, choose_head
from napari_cihm.models.merges import Add
from napari_cihm.models.paths import strategy
from napari_cihm.models.recipes.options import Base, ScanName
from napari_cihm.models.skeleton import Decoder, UNetLike

Change = Callable[[int, int, int], nn.Module]
"""Makes what brings level i from one width to another, called with all three."""


def ultralight_vm_unet(
    in_channels: int,
    classes: int,
    base: Base = 8,
    head: HeadName = "plain",
    scan: ScanName = "rows",
) -> UNetLike:
    """Build UltraLight VM-UNet."""

    def change(level: int, c_in: int, c_out: int) -> nn.Module:
        if level < 3:
            return conv3x3(c_in, c_out)
        return PVM(c_in, c_out, strategy=strategy(scan))

    widths = [base * k for k in (1, 2, 3, 4, 6, 8)]
    return _six_levels(in_channels, classes, widths, change, head)


def h_vmunet(
    in_channels: int,
    classes: int,
    base: Base = 8,
    head: HeadName = "plain",
    scan: ScanName = "cross",
) -> UNetLike:
    """Build H-vmunet."""

    def change(level: int, c_in: int, c_out: int) -> nn.Module:
        blocks = [HighOrderBlock(c_in, level, scan) for _ in range(2 * (level > 1))]
        return nn.Sequential(*blocks, conv3x3(c_in, c_out))

    widths = [base * k for k in (1, 2, 4, 8, 16, 32)]
    return _six_levels(in_channels, classes, widths, change, head)


def _six_levels(
    in_channels: int, classes: int, c: Sequence[int], change: Change, head: HeadName
) -> UNetLike:
    def down(i: int) -> nn.Module:
        changed = change(i, c[i - 1], c[i])
        return nn.Sequential(changed, group_norm(c[i]), nn.MaxPool2d(2), nn.GELU())

    def decoder(i: int) -> Decoder:
        changed = change(i, c[i], c[i - 1])
        before = nn.Sequential(changed, group_norm(c[i - 1]), nn.GELU())
        return Decoder(before=before, merge=Add())

    first = nn.Sequential(nn.MaxPool2d(2), nn.GELU())
    bottom = nn.Sequential(change(5, c[4], c[5]), nn.GELU())
    network = UNetLike(
        in_channels,
        stem=nn.Sequential(conv3x3(in_channels, c[0]), group_norm(c[0])),
        stages=[first, *map(down, range(1, 5)), bottom],
        bridge=SpatialChannelBridge(c[:5]),
        decoders=list(map(decoder, range(1, 6))),
        head=choose_head(head, PlainHead(c[0], classes), c[0], c[0], classes),
        stride=32,
    )
    return he_out(network)
