"""What long work says while it runs: frozen events, yielded one by one.

The command line prints them, the window relays them, tests collect them.
"""

from napari_cihm.events.base import Event, Note
from napari_cihm.events.correction import (
    Exported,
    JournalsPruned,
    JournalStalled,
    JournalWell,
    LabelsScanned,
    SliceExported,
)
from napari_cihm.events.finetuning import (
    CURVES,
    Finetuned,
    FinetuneStarted,
    Kept,
    Listed,
    Unlearnt,
    Version,
)
from napari_cihm.events.machine import Benchmarked, Machine, Timed
from napari_cihm.events.models import Examined, Finding, Network, Networks
from napari_cihm.events.segmentation import (
    BatchDone,
    BlockDone,
    Doubted,
    FileDone,
    FileFailed,
    Measured,
    SegmentationStarted,
    Segmented,
    TileDone,
)
from napari_cihm.events.training import (
    EpochDone,
    Evaluated,
    ImageScored,
    StepDone,
    Trained,
    TrainingStarted,
)

__all__ = [
    "CURVES",
    "BatchDone",
    "Benchmarked",
    "BlockDone",
    "Doubted",
    "EpochDone",
    "Evaluated",
    "Event",
    "Examined",
    "Exported",
    "FileDone",
    "FileFailed",
    "Finding",
    "FinetuneStarted",
    "Finetuned",
    "ImageScored",
    "JournalStalled",
    "JournalWell",
    "JournalsPruned",
    "Kept",
    "LabelsScanned",
    "Listed",
    "Machine",
    "Measured",
    "Network",
    "Networks",
    "Note",
    "SegmentationStarted",
    "Segmented",
    "SliceExported",
    "StepDone",
    "TileDone",
    "Timed",
    "Trained",
    "TrainingStarted",
    "Unlearnt",
    "Version",
]
