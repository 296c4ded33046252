"""What long work says while it runs: frozen events, yielded one by one.

The command line prints them, the window relays them, tests collect them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import numpy as np

    from napari_cihm.config import ModelConfig, SegmentSettings
    from napari_cihm.data.image import Image
    from napari_cihm.models import Model
    from napari_cihm.training.evaluation import Scored
    from napari_cihm.training.sheet import Shown
    from napari_cihm.training.trial import Overlay


@dataclass(frozen=True)
class Event:
    """Something happened in a long run."""


@dataclass(frozen=True)
class Note(Event):
    """A word to the user that stops nothing."""

    text: str


@dataclass(frozen=True)
class TrainingStarted(Event):
    """Data are read and the network stands; steps are about to begin."""

    images: int
    validation_images: int
    parameters: int
    steps: int | None
    first_step: int = 0


@dataclass(frozen=True)
class StepDone(Event):
    """One optimiser step was taken."""

    step: int
    loss: float
    rate: float
    seconds: float


@dataclass(frozen=True)
class EpochDone(Event):
    """A validation pass ended and its state is on disk."""

    epoch: int
    step: int
    loss: float
    validation_loss: float
    figures: Mapping[str, float]
    best: bool
    seconds: float


@dataclass(frozen=True)
class Trained(Event):
    """A run ended; the best model is here."""

    model: "Model"
    figures: Mapping[str, object] = field(default_factory=dict)
    path: Path | None = None
    reason: str = ""


@dataclass(frozen=True)
class ImageScored(Event):
    """One image of an evaluation was segmented and compared with its truth."""

    done: int
    total: int
    scored: "Scored" = field(repr=False)
    shown: "Shown" = field(repr=False)


@dataclass(frozen=True)
class Evaluated(Event):
    """All images of an evaluation are scored."""

    scored: tuple["Scored", ...] = field(repr=False)


@dataclass(frozen=True)
class Finding:
    """One thing that the checkpoint doctor has to say."""

    level: Literal["good", "note", "warning", "fault"]
    text: str
    remedy: str = ""


@dataclass(frozen=True)
class Examined(Event):
    """What a model file is, what it expects, and what is wrong with it."""

    path: Path
    name: str
    config: "ModelConfig | None" = None
    parameters: int = 0
    hash: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def usable(self) -> bool:
        """Whether it can be loaded and gives finite maps."""
        faults = any(finding.level == "fault" for finding in self.findings)
        return self.config is not None and not faults


@dataclass(frozen=True)
class Machine(Event):
    """What this machine computes on, what "auto" takes, which models came along."""

    devices: tuple[str, ...]
    auto: str
    models: tuple[str, ...]


@dataclass(frozen=True)
class Network:
    """A network that can be built by name, and what 256 x 256 pixels cost it."""

    name: str
    parameters: int
    gmac: float
    memory: int
    weights: tuple[str, ...]
    paper: str
    notes: str


@dataclass(frozen=True)
class Networks(Event):
    """Every network there is."""

    networks: tuple[Network, ...]


@dataclass(frozen=True)
class FinetuneStarted(Event):
    """Labels are read and divided; learning is about to begin.

    `sure` says in a sentence how much the score will be worth.
    """

    images: int
    objects: int
    held_out: int
    folds: int
    sure: str


@dataclass(frozen=True)
class Finetuned(Event):
    """A fine-tuning run ended: the new model, and how both did on held-out labels.

    Where it ended before its first step, `learnt` is false: the model is then the one
    that it started from, and both scores are the old one's, or nan if it ended before
    that was judged.
    """

    model: "Model"
    base_score: float
    new_score: float
    accepted: bool
    reason: str
    base_figures: Mapping[str, float]
    new_figures: Mapping[str, float]
    warnings: tuple[str, ...] = ()
    overlays: tuple["Overlay", ...] = field(default=(), repr=False)
    learnt: bool = True


@dataclass(frozen=True)
class Unlearnt(Event):
    """A fine-tuning run ended before its first step: there is nothing to keep."""

    why: str


# The first two are taken at every step, the others where the model was scored.
CURVES = ("step", "loss", "check", "validation_loss", "score")


@dataclass(frozen=True)
class Version:
    """A fine-tuned model that was kept, and what is known of it.

    `curves` has a list for each name in `CURVES`.
    """

    path: Path
    number: int
    name: str
    date: str
    images: int
    objects: int
    start: str
    accepted: bool
    reason: str
    base_figures: Mapping[str, float]
    new_figures: Mapping[str, float]
    curves: Mapping[str, Sequence[float]] = field(repr=False)


@dataclass(frozen=True)
class Listed(Event):
    """All versions that were kept, the newest first."""

    versions: tuple[Version, ...] = field(repr=False)


@dataclass(frozen=True)
class Kept(Event):
    """A fine-tuned model was kept as a version; whether to use it is open."""

    version: Version
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class SegmentationStarted(Event):
    """The image is understood and cut up; prediction is about to begin."""

    axes: str
    shape: tuple[int, ...]
    tiles: int
    blocks: int
    zoom: float
    diameter: float | None
    settings: "SegmentSettings"


@dataclass(frozen=True)
class TileDone(Event):
    """The network has seen one tile; `foreground` is its mask at image size.

    `box` places it in the labels' axes, one slice an axis.
    """

    done: int
    total: int
    box: tuple[slice, ...]
    foreground: "np.ndarray" = field(repr=False)


@dataclass(frozen=True)
class BlockDone(Event):
    """Objects of one part are told apart; their numbers are provisional."""

    done: int
    total: int
    box: tuple[slice, ...]
    labels: "np.ndarray" = field(repr=False)


@dataclass(frozen=True)
class Segmented(Event):
    """A run ended: labels in the image's axes less its channels."""

    labels: Any = field(repr=False)
    axes: str
    objects: int
    image: "Image" = field(repr=False)
    maps: Any = field(default=None, repr=False)
    uncertainty: Any = field(default=None, repr=False)
    zoom: float = 1.0
    diameter: float | None = None
    seconds: float = 0.0


@dataclass(frozen=True)
class Doubted(Event):
    """How unsure a model is of each pixel, from 0 to 1, in the labels' axes."""

    doubt: "np.ndarray" = field(repr=False)


@dataclass(frozen=True)
class Measured(Event):
    """Objects were measured: columns by name, an element for each object."""

    columns: "Mapping[str, np.ndarray]" = field(repr=False)


@dataclass(frozen=True)
class FileDone(Event):
    """One file of a batch is segmented and its labels are on disk."""

    number: int
    files: int
    path: Path
    output: Path
    objects: int
    seconds: float

    @property
    def text(self) -> str:
        """Say it in a line."""
        return (
            f"[{self.number}/{self.files}] {self.path.name}: {self.objects} objects "
            f"in {self.seconds:.1f} s, {self.output}"
        )


@dataclass(frozen=True)
class FileFailed(Event):
    """One file of a batch could not be segmented; nothing of it was written."""

    number: int
    files: int
    path: Path
    reason: str

    @property
    def text(self) -> str:
        """Say it in a line."""
        return f"[{self.number}/{self.files}] {self.path.name} failed: {self.reason}"


@dataclass(frozen=True)
class BatchDone(Event):
    """All files were gone through."""

    segmented: int
    failed: tuple[Path, ...]


@dataclass(frozen=True)
class LabelsScanned(Event):
    """One part of the labels was looked through for their objects."""

    done: int
    total: int


@dataclass(frozen=True)
class JournalStalled(Event):
    """The journal cannot be written now; what happens meanwhile is remembered."""

    text: str


@dataclass(frozen=True)
class JournalWell(Event):
    """The journal could be written again, and lacks nothing."""

    text: str


@dataclass(frozen=True)
class JournalsPruned(Event):
    """Journals of finished work were removed to save room."""

    text: str
    count: int


@dataclass(frozen=True)
class SliceExported(Event):
    """One slice went to a training folder, or was there already."""

    done: int
    total: int
    name: str


@dataclass(frozen=True)
class Exported(Event):
    """A training folder has taken what was reviewed."""

    folder: Path
    names: tuple[str, ...]
    present: tuple[str, ...]
    text: str


@dataclass(frozen=True)
class Timed(Event):
    """One thing was timed on this machine, or says why it could not be.

    `figures` hold seconds by what was done, and other numbers by their names.
    """

    subject: str
    name: str
    figures: Mapping[str, float]
    reason: str = ""


@dataclass(frozen=True)
class Benchmarked(Event):
    """All was timed; the machine is said beside it."""

    machine: Mapping[str, Any]
    timed: Sequence[Timed]
