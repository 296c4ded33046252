"""VM-UNet-V2: a visual Mamba encoder whose levels meet in products.

Taken (arXiv:2403.09157 and its public code): patches of 4 x 4 pixels, stages of
2, 2, 9 and 2 state-space blocks; each level gated by channel and by pixel, narrowed
to half the first width, and multiplied with all others (SDI); deconvolutions that add
level to level; a 1x1 convolution at each level and the two finest summed.

Inferred: nothing of the layout.

Ours differs: a level is what its stage puts out, as the paper draws it. The public
code takes what goes in, by which its last two blocks, a third of all weights, are
never used. The levels' logits are resized to the image directly; the two coarsest,
never used there either, serve deep supervision. The narrow ReLU of the gates leaks.
Levels are enlarged without aligning corners, and all 1x1 convolutions are drawn as the
linear layers of the encoder are, from a normal of width 0.02.
"""

from torch import nn

from napari_cihm.models.blocks.initial import truncated
from napari_cihm.models.blocks.vss import vss_stages
from napari_cihm.models.bridges.sdi import SDI
from napari_cihm.models.heads import DeepHead, HeadName, SumHead, choose_head
from napari_cihm.models.merges import Add
from napari_cihm.models.recipes.options import Base, Depths, ScanName
from napari_cihm.models.skeleton import Decoder, UNetLike


def vm_unet_v2(
    in_channels: int,
    classes: int,
    base: Base = 96,
    depths: Depths = (2, 2, 9, 2),
    head: HeadName = "plain",
    scan: ScanName = "cross",
) -> UNetLike:
    """Build VM-UNet-V2; depths are given from fine to coarse."""
    c, width = [base * 2**i for i in range(4)], base // 2

    def decoder(_: int) -> Decoder:
        up = nn.ConvTranspose2d(width, width, 4, stride=2, padding=1, bias=False)
        return Decoder(up=up, merge=Add())

    both = SumHead([width] * 2, classes)
    finest = choose_head(head, both, width, in_channels, classes)
    network = UNetLike(
        in_channels,
        stages=vss_stages(in_channels, c, depths, scan),
        bridge=SDI(c, width),
        bridges_bottom=True,
        decoders=list(map(decoder, range(3))),
        head=DeepHead(finest, [width] * 2, classes, skip=2),
        stride=32,
    )
    return truncated(network)
