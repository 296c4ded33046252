"""What the user set in Preferences > CIHM Segment, and the models used of late."""

import json
import logging
from pathlib import Path

import platformdirs
from napari.settings import get_plugin_settings

from napari_cihm.config import WindowSettings
from napari_cihm.data.writing import whole_text
from napari_cihm.errors import InputError

log = logging.getLogger(__name__)

PLUGIN = "napari-cihm"
PAGE = "window"  # of the manifest's configurations
KEPT = 8


def preferences() -> WindowSettings:
    """Return the preferences; what cannot be used is as it was made."""
    try:
        page = getattr(get_plugin_settings(PLUGIN), PAGE)
    except KeyError:  # napari does not know our manifest
        return WindowSettings()
    values = {name: getattr(page, name) for name in WindowSettings.model_fields}
    try:
        return WindowSettings.of(**values)
    except InputError:
        log.warning("preferences of %s are not used", PLUGIN, exc_info=True)
        return WindowSettings()


def models_home() -> Path:
    """Return the folder that keeps all fine-tuned models."""
    home = platformdirs.user_data_path(PLUGIN, appauthor=False) / "models"
    return home.resolve()  # as in the list of models used of late


class RecentModels:
    """The model files used of late, the last one first, kept from day to day."""

    def __init__(self, path: Path | None = None) -> None:
        folder = platformdirs.user_data_path(PLUGIN, appauthor=False)
        self._path = path or folder / "recent_models.json"

    @property
    def files(self) -> list[str]:
        """Those that are still there."""
        return [name for name in self._read() if Path(name).is_file()]

    def add(self, name: str) -> None:
        """Put a file first."""
        self._write([name, *(n for n in self._read() if n != name)][:KEPT])

    def rename(self, before: str, now: str) -> None:
        """Follow a file to its new name."""
        self._write([now if name == before else name for name in self._read()])

    def _write(self, names: list[str]) -> None:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with whole_text(self._path) as file:
                json.dump(names, file, indent=1)
        except OSError:  # it is only a convenience
            log.info("the list of recent models was not written", exc_info=True)

    def _read(self) -> list[str]:
        try:
            names = json.loads(self._path.read_text())
        except (OSError, ValueError):
            return []
        return [n for n in names if isinstance(n, str)] if type(names) is list else []
