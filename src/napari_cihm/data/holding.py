"""A folder that one run at a time writes into."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import filelock

from napari_cihm.data.writing import ready_folder
from napari_cihm.errors import WriteError

LOCK = ".run.lock"


@contextmanager
def hold(folder: Path) -> Iterator[Path]:
    """Make a folder and keep other runs out of it, to the end of the block.

    A process that was killed holds nothing. A folder that is empty in the end goes.

    Raises
    ------
    WriteError
        If another run holds it, or nothing can be written into it.
    """
    path = ready_folder(folder) / LOCK
    # A run may be closed in another thread than it began in.
    lock = filelock.FileLock(path, timeout=0, thread_local=False)
    try:
        lock.acquire()
    except filelock.Timeout:
        raise WriteError(
            f"another run is writing into {folder}",
            "a folder for each run",
            "wait until it ends, stop it, or choose another folder",
        ) from None
    except (OSError, NotImplementedError):
        pass  # a disk without locks
    try:
        yield folder
    finally:
        if lock.is_locked:
            with suppress(OSError):  # Windows takes it away with the lock
                path.unlink()
            lock.release()
        with suppress(OSError):
            folder.rmdir()
