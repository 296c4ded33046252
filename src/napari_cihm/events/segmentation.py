"""What segmenting an image or a folder says, and looking at what was found."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_cihm.errors import counted
from napari_cihm.events.base import Event

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np

    from napari_cihm.config import SegmentSettings
    from napari_cihm.data.image import Image


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
            f"[{self.number}/{self.files}] {self.path.name}: "
            f"{counted(self.objects, 'object')} in {self.seconds:.1f} s, {self.output}"
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

    @property
    def text(self) -> str:
        """Say how many files are done, how many failed and which; not why."""
        done = f"{counted(self.segmented, 'file')} segmented"
        if not self.failed:
            return done
        count, first = len(self.failed), self.failed[0].name
        return f"{done}, {count} failed: {first}{' and others' if count > 1 else ''}"
