"""Bridges: what happens to all skips together between encoder and decoder."""

from napari_cihm.models.bridges.attention import SpatialChannelBridge
from napari_cihm.models.bridges.each import Each
from napari_cihm.models.bridges.identity import Identity
from napari_cihm.models.bridges.mrdb import MRDB
from napari_cihm.models.bridges.sdi import SDI

__all__ = ["MRDB", "SDI", "Each", "Identity", "SpatialChannelBridge"]
