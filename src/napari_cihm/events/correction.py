"""What journals and training folders of corrected labels say."""

from dataclasses import dataclass
from pathlib import Path

from napari_cihm.events.base import Event


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
