"""What long work says while it runs: frozen events, yielded one by one.

The command line prints them, the window relays them, tests collect them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napari_cihm.models import Model


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
