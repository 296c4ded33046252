"""Labels that are too many for memory: each run's in a folder of the user's cache.

They stay while the window is open, and a week longer, since somebody may miss them.
"""

import shutil
import threading
import time
from contextlib import suppress
from functools import cache
from pathlib import Path
from uuid import uuid4

import filelock
import platformdirs

from napari_cihm.plugin.preferences import PLUGIN

KEPT = 7 * 86400.0  # seconds


def new_folder() -> str:
    """Return a folder for the labels of one run; it is made when they are written."""
    place, _ = _held(_home())
    return str(place / uuid4().hex)


def discard(folder: str) -> None:
    """Remove what a run left that gave no labels; nobody waits for it."""
    threading.Thread(target=shutil.rmtree, args=(folder, True), daemon=True).start()


def sweep() -> None:
    """Remove what windows left that were closed a week ago."""
    with suppress(OSError):
        for place in {path.with_suffix("") for path in _home().iterdir()}:
            there = [path for path in (place, _lock_of(place)) if path.exists()]
            written = max(path.stat().st_mtime for path in there)
            if time.time() - written > KEPT:
                _remove(place)


def _remove(place: Path) -> None:
    """Remove a window's folder unless it is open, or that cannot be told."""
    with suppress(OSError, NotImplementedError, filelock.Timeout):
        with _locked(place):
            shutil.rmtree(place, ignore_errors=True)
        if not place.exists():
            _lock_of(place).unlink(missing_ok=True)


@cache
def _held(home: Path) -> tuple[Path, filelock.BaseFileLock]:
    """Name this process' own folder, and hold it for as long as the process lives."""
    place = home / uuid4().hex
    lock = _locked(place)
    with suppress(OSError, NotImplementedError):  # a disk without locks
        lock.acquire()
    return place, lock


def _locked(place: Path) -> filelock.BaseFileLock:
    return filelock.FileLock(_lock_of(place), timeout=0, thread_local=False)


def _lock_of(place: Path) -> Path:
    return place.with_suffix(".lock")


def _home() -> Path:
    return platformdirs.user_cache_path(PLUGIN, appauthor=False) / "results"
