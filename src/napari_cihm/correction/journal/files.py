"""Files that are only ever added to, and what it takes to keep them."""

import contextlib
import os
from pathlib import Path

import filelock

SNAPSHOT = "snapshot-{:06d}.cihm"
LOG = "log-{:06d}.cihm"
PART = ".part"
LOCK = "lock"
# Seconds: to look whether a journal is held takes its lock for far less.
_LOOK = 0.4


class LogFile:
    """A new file that grows by whole records, or not at all.

    Parameters
    ----------
    path : Path
        A file that is not there yet.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.length = 0
        # Without a buffer: what is written outlives the process at once.
        self._file = open(path, "xb", buffering=0)  # noqa: SIM115

    def append(self, data: bytes) -> None:
        """Write bytes at the end, taking back what was written of them on failure."""
        view = memoryview(data)
        try:
            while view:
                written = self._file.write(view)
                view = view[written or 0 :]
        except OSError:
            # If not even that is possible, readers skip the torn bytes.
            with contextlib.suppress(OSError):
                self._file.truncate(self.length)
                self._file.seek(self.length)
            raise
        self.length += len(data)

    def sync(self) -> None:
        """Wait until everything lies on the disk, where the name points."""
        os.fsync(self._file.fileno())
        here = os.fstat(self._file.fileno())
        there = os.stat(self.path)
        if (here.st_ino, here.st_dev) != (there.st_ino, there.st_dev):
            raise FileNotFoundError(2, "another file has taken its place", self.path)

    def close(self) -> None:
        """Let go of the file."""
        with contextlib.suppress(OSError):
            self._file.close()


def lock_of(folder: Path) -> filelock.BaseFileLock:
    """Make the lock of a journal; it lets those who only look go first."""
    return filelock.FileLock(folder / LOCK, timeout=_LOOK, thread_local=False)


def sync_folder(folder: Path) -> None:
    """Wait until names made or changed in a folder lie on the disk."""
    if os.name == "nt":
        return
    held = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(held)
    finally:
        os.close(held)


def generations(folder: Path, pattern: str) -> dict[int, Path]:
    """Return the files of a kind by number, ascending."""
    head, tail = pattern.split("{:06d}")
    found = {}
    for path in folder.glob(f"{head}*{tail}"):
        number = path.name[len(head) : len(path.name) - len(tail)]
        if number.isdigit():
            found[int(number)] = path
    return dict(sorted(found.items()))
