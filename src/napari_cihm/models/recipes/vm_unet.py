"""VM-UNet: visual state-space blocks all the way down and up.

Taken (arXiv:2402.02491 and its public code): patches of 4 x 4 pixels, two blocks a
stage down and 2, 2, 2, 1 up, patch merging and expanding, skips added before the map
is expanded, a fourfold expansion and a 1x1 convolution at the end; linear layers
drawn from a normal of width 0.02.

Inferred: nothing of the layout.

Ours differs: no stochastic depth and no weights from ImageNet; the skip at a quarter
of the size, which the original keeps and never adds, is not kept; the last
convolution is drawn as a linear layer.
"""

from torch import nn

from napari_cihm.models.blocks.initial import truncated
from napari_cihm.models.blocks.patches import PatchEmbed, PatchExpand, PatchMerge
from napari_cihm.models.blocks.vss import vss_stack
from napari_cihm.models.heads import ExpandHead, HeadName, choose_head
from napari_cihm.models.merges import Add
from napari_cihm.models.recipes.options import Depths, ScanName, WideBase
from napari_cihm.models.skeleton import Decoder, UNetLike


def vm_unet(
    in_channels: int,
    classes: int,
    base: WideBase = 96,
    depths: Depths = (2, 2, 2, 2),
    depths_up: Depths = (1, 2, 2, 2),
    head: HeadName = "plain",
    scan: ScanName = "cross",
) -> UNetLike:
    """Build VM-UNet; depths are given from fine to coarse."""
    c = [base * 2**i for i in range(4)]

    def stage(i: int) -> nn.Module:
        return nn.Sequential(
            PatchEmbed(in_channels, c[0]) if i == 0 else nn.Identity(),
            vss_stack(c[i], depths[i], scan),
            PatchMerge(c[i], c[i + 1]),
        )

    def decoder(i: int) -> Decoder:
        expand, blocks = (
            PatchExpand(c[i + 1], c[i]),
            vss_stack(c[i], depths_up[i], scan),
        )
        return Decoder(merge=Add(), after=nn.Sequential(expand, blocks))

    bottom = vss_stack(c[3], depths[3] + depths_up[3], scan)
    final = ExpandHead(c[0], c[0] // 4, classes)
    network = UNetLike(
        in_channels,
        stages=[*map(stage, range(3)), bottom],
        decoders=list(map(decoder, range(3))),
        head=choose_head(head, final, c[0], in_channels, classes),
        stride=32,
    )
    return truncated(network)
