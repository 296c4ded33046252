"""AC-MambaSeg and MambaU-Lite: selective kernels, CBAM skips and attention gates.

Taken (doi:10.1007/978-3-031-76197-3_2, arXiv:2412.01405 and their public code): a 1x1
convolution and a selective kernel of 7 x 7 at the start; CBAM on every skip, gated by
the map that comes up. AC-MambaSeg: depthwise convolution and VSS with instance norm
beside a scaled shortcut, 16 to 512 channels, a selective unit at the bottom.
MambaU-Lite: P-Mamba (a VSS shared by two halves, a gate of pooled channels, axial
filters), beside plain axial filters for half of the channels in the third and fourth
stage, priority attention at the bottom, and four scales fused.

Inferred: nothing of the layout.

Ours differs: convolutions before a batch norm have no bias, and gates have one in
place of a batch norm over their single channel; the narrow ReLU of CBAM leaks.
MambaU-Lite's channel gate convolves a map of one pixel with 3 x 3 filters, of which
only the centre can matter: ours pools to 3 x 3 pixels, so that all of it does. Its
pixel attention takes a softmax over the images of a batch: ours over the pixels.
"""

from torch import nn

from napari_cihm.models.blocks.attention import CBAM
from napari_cihm.models.blocks.conv import conv3x3
from napari_cihm.models.blocks.depthwise import Axial
from napari_cihm.models.blocks.local_vss import LocalVSS, PMamba, TwoPaths
from napari_cihm.models.blocks.norm import BatchNorm
from napari_cihm.models.blocks.priority import PriorityAttention
from napari_cihm.models.blocks.selective_kernel import SelectiveKernel, SelectiveUnit
from napari_cihm.models.bridges.each import Each
from napari_cihm.models.heads import FusionHead, HeadName, PlainHead, choose_head
from napari_cihm.models.merges import GatedConcat, SelfGatedConcat
from napari_cihm.models.recipes.options import Base, ScanName
from napari_cihm.models.skeleton import Decoder, UNetLike


def ac_mambaseg(
    in_channels: int,
    classes: int,
    base: Base = 16,
    head: HeadName = "plain",
    scan: ScanName = "cross",
) -> UNetLike:
    """Build AC-MambaSeg."""
    c = [base * 2**i for i in range(6)]

    def conv(c_in: int, c_out: int) -> list[nn.Module]:
        return [conv3x3(c_in, c_out, bias=False), BatchNorm(c_out), nn.ReLU()]

    def stage(i: int) -> nn.Module:
        pool = nn.MaxPool2d(2) if i else nn.Identity()
        return nn.Sequential(pool, LocalVSS(c[i], scan), *conv(c[i], c[i + 1]))

    def decoder(i: int) -> Decoder:
        return Decoder(
            up=nn.Upsample(scale_factor=2),
            merge=GatedConcat(c[i], c[i], c[i] // 2),
            after=nn.Sequential(*conv(2 * c[i], c[i - 1]), LocalVSS(c[i - 1], scan)),
        )

    bottom = nn.Sequential(nn.MaxPool2d(2), SelectiveUnit(c[5], 16, c[5] // 2))
    return UNetLike(
        in_channels,
        stem=_stem(in_channels, c[0]),
        stages=[*map(stage, range(5)), bottom],
        bridge=Each(map(CBAM, c[1:])),
        decoders=list(map(decoder, range(1, 6))),
        head=choose_head(head, PlainHead(c[0], classes), c[0], c[0], classes),
        stride=32,
    )


def mambau_lite(
    in_channels: int,
    classes: int,
    base: Base = 16,
    head: HeadName = "plain",
    scan: ScanName = "cross",
) -> UNetLike:
    """Build MambaU-Lite."""
    c = [base * 2**i for i in range(5)]

    def body(i: int) -> nn.Module:
        half = c[i] // 2
        if i < 2:
            return PMamba(c[i], scan)
        axial = nn.Sequential(Axial(half, 7), BatchNorm(half), nn.ReLU())
        return TwoPaths(PMamba(half, scan), axial)

    def stage(i: int, block: nn.Module) -> nn.Module:
        widen = nn.Conv2d(c[i - 1], c[i], 1, groups=1 if i < 3 else 2)
        return nn.Sequential(widen, nn.MaxPool2d(2), block)

    def decoder(i: int) -> Decoder:
        conv = nn.Conv2d(2 * c[i], c[i], 1, bias=False)
        mix = nn.Sequential(Axial(c[i], 7), nn.Conv2d(c[i], c[i], 1))
        return Decoder(
            up=nn.Upsample(scale_factor=2),
            merge=SelfGatedConcat(c[i + 1], c[i], c[i]),
            after=nn.Sequential(conv, BatchNorm(c[i]), nn.ReLU(), mix),
        )

    bottom = stage(4, PriorityAttention(c[4]))
    return UNetLike(
        in_channels,
        stem=_stem(in_channels, c[0]),
        stages=[body(0), *(stage(i, body(i)) for i in range(1, 4)), bottom],
        bridge=Each(map(CBAM, c[:4])),
        decoders=list(map(decoder, range(4))),
        head=choose_head(head, FusionHead(c[:4], classes), c[0], c[0], classes),
        stride=16,
    )


def _stem(in_channels: int, width: int) -> nn.Module:
    enter = nn.Conv2d(in_channels, width, 1)
    return nn.Sequential(enter, SelectiveKernel(width, 7, width, 32))
