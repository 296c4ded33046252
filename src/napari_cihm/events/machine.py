"""What this machine computes on, and how long it takes for things."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from napari_cihm.events.base import Event


@dataclass(frozen=True)
class Machine(Event):
    """What this machine computes on, what "auto" takes, which models came along."""

    devices: tuple[str, ...]
    auto: str
    models: tuple[str, ...]


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
