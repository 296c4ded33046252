"""Labels that are too many for memory: each run's in a folder among the user's data.

They stay while the window is open, and a week longer, since somebody may miss them. In
a cache the system could take them from unfinished work.
"""

import shutil
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any
from uuid import uuid4

import filelock
import platformdirs

from napari_cihm.config import CorrectSettings
from napari_cihm.correction.journal import journals
from napari_cihm.plugin.preferences import PLUGIN, preferences

WEEK = 7 * 86400.0  # seconds
NAME = 32 * "[0-9a-f]"  # of a window's folder
LOCK, CLOSED = ".lock", ".closed"  # beside it; on Windows no lock outlives its window
UNTOLD = (OSError, NotImplementedError, filelock.Timeout)  # where a lock says nothing


def new_folder() -> str:
    """Return a folder for the labels of one run; it is made when they are written."""
    place, _ = _own_place(_home())
    return str(place / uuid4().hex)


def place_of(labels: Any, shape: Sequence[int]) -> dict[str, Any]:
    """Say where labels lie, and in which shape they are shown."""
    return {"path": str(labels.store.root / labels.path), "shape": list(shape)}


def opened(place: Mapping[str, Any]) -> Any:
    """Open labels again that lie at a place; None where they are gone."""
    import zarr  # late: a panel opens without it

    with suppress(OSError, ValueError, KeyError):
        return shaped(zarr.open_array(place["path"], mode="r"), place["shape"])
    return None


def shaped(labels: Any, shape: Sequence[int]) -> Any:
    """Give labels on disk axes of one element more or less, without reading them."""
    if tuple(labels.shape) == tuple(shape):
        return labels
    import dask.array as da

    return da.from_array(labels, chunks=labels.chunks).reshape(tuple(shape))


def discard(folder: str) -> None:
    """Remove what a run left that gave no labels; nobody waits for it."""
    threading.Thread(target=shutil.rmtree, args=(folder, True), daemon=True).start()


def sweep() -> None:
    """Remove what windows left that have been closed for a week.

    All stays while unfinished corrections need labels that lie in a file.
    """
    places = {path.with_suffix("") for path in _home().glob(f"{NAME}*")}
    old = [place for place in places if _has_been_closed(place)]
    if old and not _is_missed():
        for place in old:
            _remove(place)


def _has_been_closed(place: Path) -> bool:
    """Tell whether a window was closed a week ago; note it where it is closed now."""
    closed = place.with_suffix(CLOSED)
    with suppress(*UNTOLD), _lock(place):
        if not closed.exists():
            closed.touch()
        return time.time() - closed.stat().st_mtime > WEEK
    return False


def _is_missed() -> bool:
    settings = CorrectSettings(journal_folder=preferences().journal_folder)
    return any(
        journal.by_reference and journal.strokes and not journal.finished
        for journal in journals(settings)
    )


def _remove(place: Path) -> None:
    with suppress(*UNTOLD):
        with _lock(place):
            shutil.rmtree(place, ignore_errors=True)
        if not place.exists():
            for suffix in (CLOSED, LOCK):
                place.with_suffix(suffix).unlink(missing_ok=True)


@cache
def _own_place(home: Path) -> tuple[Path, filelock.BaseFileLock]:
    """Name this process' own folder, and hold it for as long as the process lives."""
    place = home / uuid4().hex
    lock = _lock(place)
    with suppress(*UNTOLD):
        lock.acquire()
    return place, lock


def _lock(place: Path) -> filelock.BaseFileLock:
    return filelock.FileLock(place.with_suffix(LOCK), timeout=0, thread_local=False)


def _home() -> Path:
    return platformdirs.user_data_path(PLUGIN, appauthor=False) / "results"
