"""Networks: blocks, bridges, one skeleton, a table of recipes, checkpoints."""

from napari_cihm.models.bundled import bundled_names, load_model
from napari_cihm.models.model import Model
from napari_cihm.models.recipes import build_model, model_names

__all__ = ["Model", "build_model", "bundled_names", "load_model", "model_names"]
