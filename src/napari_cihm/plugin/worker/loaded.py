"""Models that jobs use, read and examined once."""

import threading
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from napari_cihm.errors import CihmError
from napari_cihm.events import Examined
from napari_cihm.models import Model, load_model
from napari_cihm.models.bundled import find_model
from napari_cihm.models.devices import pick_device
from napari_cihm.models.doctor import examine

Version = tuple[Path, int, int]  # of a file: when it was written, and how large it is


@dataclass
class Loaded:
    """The model in use, and what is known of all that were looked at."""

    key: tuple[Version | None, str] | None = None
    model: Model | None = None
    _seen: dict[tuple[Version, str], Examined] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def get(self, name_or_path: str | Path, device: str) -> Model:
        """Load a model, unless it is the one at hand and its file is unchanged."""
        with self._lock:  # each lane has a thread, and may want another model
            key = (_version(name_or_path), str(pick_device(device)))
            if self.model is None or key[0] is None or key != self.key:
                self.model, self.key = load_model(name_or_path, device), key
            return self.model

    def look_at(self, name_or_path: str, device: str) -> Examined:
        """Load a model and examine it, unless that was done with its file as it is.

        What was refused is read anew: a disk may have been away.
        """
        version = _version(name_or_path)
        if version and (seen := self._seen.get((version, device))):
            self.get(name_or_path, device)
            return seen
        seen = examine(name_or_path, load=partial(self.get, device=device))
        if version and seen.usable and version == _version(name_or_path):
            self._seen[version, device] = seen
        return seen


def _version(name_or_path: str | Path) -> Version | None:
    """Tell a file from what it was before; None where there is no such model."""
    with suppress(CihmError, OSError):
        path = find_model(name_or_path)
        about = path.stat()
        return path, about.st_mtime_ns, about.st_size
    return None


LOADED = Loaded()
