"""Settings: one frozen, described and bounded model for each thing one can set.

The same model feeds a function's keywords, a command's options, a form in the
window and a checkpoint's metadata, so no default stands twice.
"""

from napari_cihm.config.base import Settings
from napari_cihm.config.benchmark import BenchmarkSettings
from napari_cihm.config.correct import CorrectSettings
from napari_cihm.config.export import ExportSettings
from napari_cihm.config.figures import FIGURES, MEANINGS, said_figures
from napari_cihm.config.finetune import FinetuneSettings
from napari_cihm.config.limits import Limits, Seed
from napari_cihm.config.model import (
    Decoding,
    ModelConfig,
    Normalisation,
    TrainingRecord,
)
from napari_cihm.config.segment import Channels, PlaneSettings, SegmentSettings
from napari_cihm.config.train import TrainSettings
from napari_cihm.config.window import FolderSettings, WindowSettings

__all__ = [
    "FIGURES",
    "MEANINGS",
    "BenchmarkSettings",
    "Channels",
    "CorrectSettings",
    "Decoding",
    "ExportSettings",
    "FinetuneSettings",
    "FolderSettings",
    "Limits",
    "ModelConfig",
    "Normalisation",
    "PlaneSettings",
    "Seed",
    "SegmentSettings",
    "Settings",
    "TrainSettings",
    "TrainingRecord",
    "WindowSettings",
    "said_figures",
]
