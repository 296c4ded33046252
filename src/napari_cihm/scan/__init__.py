"""The selective scan: one function, its backends, and the choice among them."""

from napari_cihm.scan.choice import backends
from napari_cihm.scan.conv import causal_conv1d
from napari_cihm.scan.selective import prepare, selective_scan

__all__ = ["backends", "causal_conv1d", "prepare", "selective_scan"]
