"""What fine-tuning says, and the versions that it keeps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from napari_cihm.events.base import Event

if TYPE_CHECKING:
    from napari_cihm.models import Model
    from napari_cihm.training.trial import Overlay


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
