"""From images to labelled objects: tiles, maps, objects, measurements.

The two calls arrive with their first use, and torch with them: the window writes
labels through this room without ever computing any.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from napari_cihm.segmentation.run import segment, segment_iter

__all__ = ["segment", "segment_iter"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        return getattr(importlib.import_module("napari_cihm.segmentation.run"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
