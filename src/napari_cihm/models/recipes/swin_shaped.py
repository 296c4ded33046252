"""Mamba-UNet and Swin-UMamba-D: Swin-Unet's shape with state-space blocks.

Taken (arXiv:2402.05079, arXiv:2402.03302 and their public code): patches of 4 x 4
pixels, patch merging and expanding, skips joined and narrowed by a linear layer, two
blocks a stage on the way up, a fourfold expansion and a 1x1 convolution. Mamba-UNet
has two blocks in every stage and takes its skips before them; Swin-UMamba-D has nine
in the third, takes them behind, and supervises every level. Linear layers are drawn
from a normal of width 0.02.

Inferred: nothing of the layout.

Ours differs: no stochastic depth and no weights from ImageNet, for which
Swin-UMamba-D was made; its logits for supervision are resized to the image.
"""

from collections.abc import Sequence

from torch import nn

from napari_cihm.models.blocks.initial import truncated
from napari_cihm.models.blocks.norm import ChannelNorm
from napari_cihm.models.blocks.patches import PatchEmbed, PatchExpand, PatchMerge
from napari_cihm.models.blocks.vss import vss_stack, vss_stages
from napari_cihm.models.heads import DeepHead, ExpandHead, HeadName, choose_head
from napari_cihm.models.merges import ConcatLinear
from napari_cihm.models.recipes.options import Base, Depths, ScanName
from napari_cihm.models.skeleton import Decoder, UNetLike


def mamba_unet(
    in_channels: int,
    classes: int,
    base: Base = 96,
    depths: Depths = (2, 2, 2, 2),
    head: HeadName = "plain",
    scan: ScanName = "cross",
) -> UNetLike:
    """Build Mamba-UNet; depths are given from fine to coarse."""
    c = [base * 2**i for i in range(4)]
    blocks = [vss_stack(c[i], depths[i], scan) for i in range(4)]
    merges = [PatchMerge(c[i], c[i + 1]) for i in range(3)]
    stages = [
        PatchEmbed(in_channels, c[0]),
        nn.Sequential(blocks[0], merges[0]),
        nn.Sequential(blocks[1], merges[1]),
        nn.Sequential(blocks[2], merges[2], blocks[3], ChannelNorm(c[3])),
    ]
    decoders = [_decoder(c, i, depths[i], scan) for i in range(3)]
    decoders[0].after = nn.Sequential(decoders[0].after, ChannelNorm(c[0]))
    expand = ExpandHead(c[0], c[0], classes)
    final = choose_head(head, expand, c[0], in_channels, classes)
    return _swin_shaped(in_channels, stages, decoders, final)


def swin_umamba_d(
    in_channels: int,
    classes: int,
    base: Base = 96,
    depths: Depths = (2, 2, 9, 2),
    head: HeadName = "plain",
    scan: ScanName = "cross",
) -> UNetLike:
    """Build Swin-UMamba-D; depths are given from fine to coarse."""
    c = [base * 2**i for i in range(4)]
    stages = vss_stages(in_channels, c, depths, scan)
    decoders = [_decoder(c, i, 2, scan) for i in range(3)]
    expand = ExpandHead(c[0], c[0], classes)
    finest = choose_head(head, expand, c[0], in_channels, classes)
    deep = DeepHead(finest, c[:3], classes, skip=0)
    return _swin_shaped(in_channels, stages, decoders, deep)


def _decoder(c: list[int], i: int, depth: int, scan: str) -> Decoder:
    return Decoder(
        up=PatchExpand(c[i + 1], c[i]),
        merge=ConcatLinear(2 * c[i], c[i]),
        after=vss_stack(c[i], depth, scan),
    )


def _swin_shaped(
    in_channels: int,
    stages: Sequence[nn.Module],
    decoders: Sequence[Decoder],
    head: nn.Module,
) -> UNetLike:
    network = UNetLike(
        in_channels,
        stages=stages,
        decoders=decoders,
        head=head,
        stride=32,
    )
    return truncated(network)
