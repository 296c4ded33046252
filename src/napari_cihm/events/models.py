"""What a model file is, and what networks there are."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from napari_cihm.events.base import Event

if TYPE_CHECKING:
    from napari_cihm.config import ModelConfig


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
