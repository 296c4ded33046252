"""The model that jobs use, read once."""

import threading
from dataclasses import dataclass, field
from typing import Any

from napari_cihm.models import Model, load_model
from napari_cihm.models.bundled import find_model
from napari_cihm.models.devices import pick_device


@dataclass
class Loaded:
    """The model in use, kept so that the next run need not read it again."""

    key: tuple[Any, ...] = ()
    model: Model | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def get(self, name_or_path: str, device: str) -> Model:
        """Load a model, unless it is the one at hand and its file is unchanged."""
        with self._lock:  # each lane has a thread, and may want another model
            path = find_model(name_or_path)
            changed = path.stat().st_mtime_ns if path.exists() else 0
            key = (path, changed, str(pick_device(device)))
            if self.model is None or key != self.key:
                self.model, self.key = load_model(name_or_path, device), key
            return self.model


LOADED = Loaded()
