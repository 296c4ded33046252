"""What training and evaluating a network say."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from napari_cihm.events.base import Event

if TYPE_CHECKING:
    from napari_cihm.models import Model
    from napari_cihm.training.scores import Scored
    from napari_cihm.training.sheet import Shown


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
