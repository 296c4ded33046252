"""A journal held by one window, so that no other reads, writes or removes it."""

from dataclasses import dataclass
from pathlib import Path

import filelock

from napari_cihm.correction.journal.files import lock_of
from napari_cihm.correction.journal.identity import ImageIdentity
from napari_cihm.errors import InputError


@dataclass(frozen=True, eq=False)
class Claim:
    """A journal to go on with, held until the process ends or lets go of it.

    Where its folder cannot be written, nobody holds the lock.
    """

    path: Path
    identity: ImageIdentity
    lock: filelock.BaseFileLock

    def release(self) -> None:
        """Let others have it."""
        self.lock.release()


def claim(path: Path, identity: ImageIdentity) -> Claim:
    """Hold a journal before it is read, to go on with it.

    Raises
    ------
    InputError
        If another window holds it.
    """
    lock = lock_of(path)
    try:
        lock.acquire()
    except filelock.Timeout:
        raise InputError(
            f"the journal {path.name} is open in another window",
            "a journal that no window writes to",
            "close the other window, or start again here",
        ) from None
    except OSError:
        # It can be read all the same; the writer meets the trouble and tells of it.
        pass
    return Claim(path, identity, lock)
