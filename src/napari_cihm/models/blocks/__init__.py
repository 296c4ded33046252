"""The parts that stages are made of; each block knows nothing of any recipe."""

from napari_cihm.models.blocks.cimc import CiMC
from napari_cihm.models.blocks.conv import DoubleConv, conv3x3
from napari_cihm.models.blocks.norm import BatchNorm, ChannelNorm, group_norm
from napari_cihm.models.blocks.ss2d import SS2D
from napari_cihm.models.blocks.tconv import PartialConv, TConv

__all__ = [
    "SS2D",
    "BatchNorm",
    "ChannelNorm",
    "CiMC",
    "DoubleConv",
    "PartialConv",
    "TConv",
    "conv3x3",
    "group_norm",
]
