"""Segment, correct and fine-tune microscopy images with a small hybrid Mamba.

Importing this package loads neither torch nor Qt: every public name arrives
with the first use of it.

>>> import napari_cihm as cihm
>>> labels = cihm.segment(image)  # doctest: +SKIP
"""

import gc
import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from napari_cihm import scan
    from napari_cihm.models import Model, build_model, load_model, model_names
    from napari_cihm.segmentation import segment, segment_iter
    from napari_cihm.training import finetune, train

__version__ = "0.1.0"

__all__ = [
    "Model",
    "build_model",
    "finetune",
    "load_model",
    "model_names",
    "scan",
    "segment",
    "segment_iter",
    "train",
]

_HOME = {
    "Model": "napari_cihm.models",
    "build_model": "napari_cihm.models",
    "load_model": "napari_cihm.models",
    "model_names": "napari_cihm.models",
    "segment": "napari_cihm.segmentation",
    "segment_iter": "napari_cihm.segmentation",
    "finetune": "napari_cihm.training",
    "train": "napari_cihm.training",
}


def __getattr__(name: str) -> Any:
    if name == "scan":
        return importlib.import_module("napari_cihm.scan")
    if name not in _HOME:
        raise AttributeError(f"module 'napari_cihm' has no attribute {name!r}")
    # A third of the time of these imports goes to Python's looking through all that
    # torch has loaded for garbage, several times over.
    collects = gc.isenabled()
    gc.disable()
    try:
        return getattr(importlib.import_module(_HOME[name]), name)
    finally:
        if collects:
            gc.enable()


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
