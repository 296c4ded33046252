"""U-Mamba: nnU-Net's residual network with Mamba in the encoder or at the bottom.

Taken (arXiv:2401.04722 and its public code): two residual convolutions a stage with
instance norm and leaky ReLU, strided on the way down; layer norm and a Mamba that
reads the map row by row, after every encoder stage ("enc") or the bottom alone
("bot"); transposed convolutions, joined skips, and logits from every decoder level
for deep supervision. Seven stages of 32 to 512 channels are what its planner draws
up for larger 2-D images. Weights are drawn as there.

Inferred: nothing of the layout.

Ours differs: convolutions before a norm have no bias, since the norm takes it away;
a bottom of one pixel is normalised over its channels, where instance norm would
leave nothing; the image is padded to a multiple of 64 instead of being tiled to a
planned size; `scan` may choose other paths than rows.
"""

from torch import nn

from napari_cihm.models.blocks.conv import conv3x3
from napari_cihm.models.blocks.initial import he
from napari_cihm.models.blocks.mamba import PathMamba
from napari_cihm.models.blocks.norm import ChannelNorm, InstanceNorm
from napari_cihm.models.blocks.residual import residual_pair
from napari_cihm.models.heads import DeepHead, HeadName, PlainHead, choose_head
from napari_cihm.models.merges import Concat
from napari_cihm.models.paths import strategy
from napari_cihm.models.recipes.options import Base, ScanName
from napari_cihm.models.skeleton import Decoder, UNetLike


def u_mamba_enc(
    in_channels: int,
    classes: int,
    base: Base = 32,
    head: HeadName = "plain",
    scan: ScanName = "rows",
) -> UNetLike:
    """Build U-Mamba with a Mamba after every encoder stage."""
    return _u_mamba(in_channels, classes, base, head, scan, set(range(7)))


def u_mamba_bot(
    in_channels: int,
    classes: int,
    base: Base = 32,
    head: HeadName = "plain",
    scan: ScanName = "rows",
) -> UNetLike:
    """Build U-Mamba with a Mamba at the bottom alone."""
    return _u_mamba(in_channels, classes, base, head, scan, {6})


def _u_mamba(
    in_channels: int,
    classes: int,
    base: int,
    head: HeadName,
    scan: str,
    where: set[int],
) -> UNetLike:
    c = [base * 2 ** min(i, 4) for i in range(7)]

    def stage(i: int) -> nn.Module:
        convs = residual_pair(c[max(i - 1, 0)], c[i], stride=2 if i else 1)
        if i in where:
            convs.extend([ChannelNorm(c[i]), PathMamba(c[i], strategy(scan))])
        return convs

    def decoder(i: int) -> Decoder:
        return Decoder(
            up=nn.ConvTranspose2d(c[i + 1], c[i], 2, stride=2),
            merge=Concat(),
            after=residual_pair(2 * c[i], c[i]),
        )

    first = conv3x3(in_channels, c[0], bias=False)
    finest = choose_head(head, PlainHead(c[0], classes), c[0], c[0], classes)
    network = UNetLike(
        in_channels,
        stem=nn.Sequential(first, InstanceNorm(c[0]), nn.LeakyReLU()),
        stages=list(map(stage, range(7))),
        decoders=list(map(decoder, range(6))),
        head=DeepHead(finest, c[1:6], classes),
        stride=64,
    )
    return he(network, slope=0.01)
