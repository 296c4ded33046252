"""Bridges: what happens to all skips together between encoder and decoder."""

from napari_cihm.models.bridges.identity import Identity
from napari_cihm.models.bridges.mrdb import MRDB

__all__ = ["MRDB", "Identity"]
