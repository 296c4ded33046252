"""HyM-UNet: convolutions where it is fine, visual Mamba where it is coarse.

Taken (arXiv:2511.17988): residual convolutions in the shallow stages, visual
state-space blocks in the deep ones, and MGF-Skip, in which the deep map gates each
skip, the skip itself is kept beside its gated self, and both are joined to the map.
Its hybrid loss, which weighs boundaries, is the training setting ``loss="boundary"``.

Inferred: four stages of 32 to 256 channels, two blocks in each deep stage, patch
merging before those, transposed convolutions on the way up, a gate for each channel
and not one for all, double convolutions behind each skip.

Ours differs: the questions that readers ask can be put as options. ``mgf=False``
joins skips as U-Net does; `stages` says which stage convolves ("c") and which scans
("m"), from "cccc" to "mmmm".
"""

from typing import Annotated

from pydantic import Field
from torch import nn

from napari_cihm.models.blocks.conv import DoubleConv
from napari_cihm.models.blocks.initial import he
from napari_cihm.models.blocks.patches import PatchMerge
from napari_cihm.models.blocks.residual import ResidualConv
from napari_cihm.models.blocks.vss import vss_stack
from napari_cihm.models.heads import HeadName, PlainHead, choose_head
from napari_cihm.models.merges import Concat, GuidedConcat
from napari_cihm.models.recipes.options import Base, ScanName
from napari_cihm.models.skeleton import Decoder, UNetLike

Stages = Annotated[
    str, Field(pattern="^[cm]{2,7}$", description="c convolves, m scans; fine first.")
]


def hym_unet(
    in_channels: int,
    classes: int,
    base: Base = 32,
    stages: Stages = "ccmm",
    mgf: bool = True,
    head: HeadName = "plain",
    scan: ScanName = "cross",
) -> UNetLike:
    """Build HyM-UNet."""
    c = [base * 2**i for i in range(len(stages))]

    def stage(i: int, kind: str) -> nn.Module:
        if i == 0:
            enter: nn.Module = ResidualConv(in_channels, c[0])
        elif kind == "c":
            enter = nn.Sequential(nn.MaxPool2d(2), ResidualConv(c[i - 1], c[i]))
        else:
            enter = PatchMerge(c[i - 1], c[i])
        return nn.Sequential(enter, vss_stack(c[i], 2 * (kind == "m"), scan))

    def decoder(i: int) -> Decoder:
        return Decoder(
            up=nn.ConvTranspose2d(c[i + 1], c[i], 2, stride=2),
            merge=GuidedConcat(c[i]) if mgf else Concat(),
            after=DoubleConv(2 * c[i], c[i]),
        )

    network = UNetLike(
        in_channels,
        stages=[stage(i, kind) for i, kind in enumerate(stages)],
        decoders=list(map(decoder, range(len(c) - 1))),
        head=choose_head(head, PlainHead(c[0], classes), c[0], in_channels, classes),
        stride=2 ** (len(c) - 1),
    )
    return he(network)
