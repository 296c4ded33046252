"""The parts that stages are made of; each block knows nothing of any recipe."""

from napari_cihm.models.blocks.attention import CBAM, Gate
from napari_cihm.models.blocks.cimc import CiMC
from napari_cihm.models.blocks.conv import DoubleConv, Sharpen, conv3x3
from napari_cihm.models.blocks.depthwise import Axial, ResidualSeparable, separable
from napari_cihm.models.blocks.high_order import HighOrderBlock, HighOrderSS2D
from napari_cihm.models.blocks.local_vss import LocalVSS, PMamba, TwoPaths
from napari_cihm.models.blocks.mamba import PVM, Mamba, PathMamba, ResidualPVM
from napari_cihm.models.blocks.norm import (
    BatchNorm,
    ChannelNorm,
    InstanceNorm,
    group_norm,
)
from napari_cihm.models.blocks.patches import PatchEmbed, PatchExpand, PatchMerge
from napari_cihm.models.blocks.priority import PriorityAttention
from napari_cihm.models.blocks.residual import ResidualConv, residual_pair
from napari_cihm.models.blocks.selective_kernel import SelectiveKernel, SelectiveUnit
from napari_cihm.models.blocks.ss2d import SS2D
from napari_cihm.models.blocks.tconv import PartialConv, TConv
from napari_cihm.models.blocks.vss import VSS, vss_stack, vss_stages

__all__ = [
    "CBAM",
    "PVM",
    "SS2D",
    "VSS",
    "Axial",
    "BatchNorm",
    "ChannelNorm",
    "CiMC",
    "DoubleConv",
    "Gate",
    "HighOrderBlock",
    "HighOrderSS2D",
    "InstanceNorm",
    "LocalVSS",
    "Mamba",
    "PMamba",
    "PartialConv",
    "PatchEmbed",
    "PatchExpand",
    "PatchMerge",
    "PathMamba",
    "PriorityAttention",
    "ResidualConv",
    "ResidualPVM",
    "ResidualSeparable",
    "SelectiveKernel",
    "SelectiveUnit",
    "Sharpen",
    "TConv",
    "TwoPaths",
    "conv3x3",
    "group_norm",
    "residual_pair",
    "separable",
    "vss_stack",
    "vss_stages",
]
