"""A folder that one run at a time writes into."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import filelock

from napari_cihm.data.writing import ready_folder
from napari_cihm.errors import InputError


@contextmanager
def hold(folder: Path) -> Iterator[Path]:
    """Make a folder and hold it, to the end of the block or of the process.

    Raises
    ------
    InputError
        If another run holds it.
    WriteError
        If nothing can be written into it.
    """
    lock = filelock.FileLock(ready_folder(folder) / ".lock", thread_local=False)
    try:
        with suppress(NotImplementedError):  # some file systems have no locks
            lock.acquire(timeout=0)
    except filelock.Timeout:
        raise InputError(
            f"another run is writing into {folder}",
            "a folder for each",
            "wait until it has ended, or choose another folder",
        ) from None
    try:
        yield folder
    finally:
        lock.release()
