"""LightM-UNet: residual vision Mamba on the way down, separable convolutions up.

Taken (arXiv:2403.05246 and its public code, in two dimensions): a separable stem;
1, 2, 2 and 4 blocks of twice group norm, ReLU and a residual vision Mamba; a vision
Mamba and max pooling between stages; a 1x1 convolution and bilinear enlargement on
the way up, added skips, a separable convolution with a scaled shortcut, and a
separable 1x1 head behind group norm and ReLU.

Inferred: nothing of the layout.

Ours differs: `scan` may choose other paths than rows.
"""

from torch import nn

from napari_cihm.models.blocks.depthwise import ResidualSeparable, separable
from napari_cihm.models.blocks.mamba import PVM, ResidualPVM
from napari_cihm.models.heads import HeadName, NormedHead, choose_head
from napari_cihm.models.merges import Add
from napari_cihm.models.paths import strategy
from napari_cihm.models.recipes.options import Base, Depths, ScanName
from napari_cihm.models.skeleton import Decoder, UNetLike


def lightm_unet(
    in_channels: int,
    classes: int,
    base: Base = 32,
    depths: Depths = (1, 2, 2, 4),
    head: HeadName = "plain",
    scan: ScanName = "rows",
) -> UNetLike:
    """Build LightM-UNet; depths are given from fine to coarse."""
    c = [base * 2**i for i in range(4)]
    paths = strategy(scan)

    def stage(i: int) -> nn.Module:
        down = [PVM(c[i - 1], c[i], 1, "raw", paths), nn.MaxPool2d(2)] if i else []
        return nn.Sequential(
            *down, *(ResidualPVM(c[i], paths) for _ in range(depths[i]))
        )

    def decoder(i: int) -> Decoder:
        narrow = nn.Conv2d(c[i + 1], c[i], 1, bias=False)
        return Decoder(before=narrow, merge=Add(), after=ResidualSeparable(c[i]))

    return UNetLike(
        in_channels,
        stem=separable(in_channels, c[0]),
        stages=list(map(stage, range(4))),
        decoders=list(map(decoder, range(3))),
        head=choose_head(head, NormedHead(c[0], classes), c[0], c[0], classes),
        stride=8,
    )
