"""The files of one session: a log that grows, and snapshots that make it short.

Generation n is a log and the snapshot of the labels taken after that log was
begun. When a log grows long, the next generation's log takes over, its snapshot
is written beside the old one, read back, and only then is the old one removed.
At every moment the newest complete snapshot and the logs from its generation on
give the labels back.
"""

import contextlib
import json
import os
from collections.abc import Callable, Generator, Iterator, Mapping
from pathlib import Path
from typing import Any

import filelock
import numpy as np
from numpy.typing import NDArray

from napari_cihm.correction.chunked import ChunkedArray
from napari_cihm.correction.edits import Block, compact
from napari_cihm.correction.grids import cells, grid_of
from napari_cihm.correction.journal.codec import Changes, Target, encode
from napari_cihm.correction.journal.files import (
    LOCK,
    LOG,
    PART,
    SNAPSHOT,
    LogFile,
    generations,
    lock_of,
    sync_folder,
)
from napari_cihm.correction.journal.records import Kind, Record, pack, read_records
from napari_cihm.data.boxes import Box
from napari_cihm.errors import WriteError

# Labels over a file that are larger than this are kept as changes of that file.
WHOLE_MB = 1024


class Ledger:
    """Writes a session's files; every failure is an OSError.

    Parameters
    ----------
    place : Path
        The session's folder.
    about : callable
        Returns what every file of some labels begins with: whose they are.
    lock : FileLock, optional
        The folder's, where it is held already.
    """

    def __init__(
        self,
        place: Path,
        about: Callable[[Any], dict[str, Any]],
        lock: filelock.BaseFileLock | None = None,
    ) -> None:
        self.place = place
        self.about = about
        self.generation = -1
        self.snapshot_bytes = 0
        self._lock = lock or lock_of(place)
        self._log: LogFile | None = None
        self._number = 0

    @property
    def log_bytes(self) -> int:
        """How long the present log is."""
        return self._log.length if self._log else 0

    def claim(self) -> None:
        """Make the folder and hold its lock, as long as the process lives."""
        self.place.mkdir(parents=True, exist_ok=True)
        if self._lock.is_locked and not (self.place / LOCK).exists():
            self._lock.release()
        if not self._lock.is_locked:
            self._lock.acquire()

    def open(self, arrays: Mapping[Target, Any]) -> None:
        """Begin the next generation's log, behind all that lies here."""
        self.claim()
        known = generations(self.place, LOG) | generations(self.place, SNAPSHOT)
        generation = max(known, default=-1) + 1
        log = LogFile(self.place / LOG.format(generation))
        try:
            log.append(pack(Kind.BEGIN, 0, self._begin(arrays)))
            log.sync()
            sync_folder(self.place)
        except Exception:
            log.close()
            log.path.unlink(missing_ok=True)
            raise
        self._close_log()
        self._log, self.generation, self._number = log, generation, 1

    def changes(self, changes: Changes) -> None:
        """Write what one stroke or tool changed."""
        self._append(Kind.EDIT, encode(changes))

    def cell(self, target: Target, box: Box, array: Any) -> None:
        """Write the values that a cell of an array holds now."""
        self._append(Kind.PIECE, _piece(target, box, _still(array, box)))

    def sync(self) -> None:
        """Wait until the log lies on the disk."""
        if self._log is not None:
            self._log.sync()

    def snapshot(self, arrays: Mapping[Target, Any]) -> Generator[tuple[Target, Box]]:
        """Write the arrays as they are, and drop what is older.

        Each step says which piece was read. The caller may write to the log between.
        """
        final = self.place / SNAPSHOT.format(self.generation)
        part = final.with_name(final.name + PART)
        part.unlink(missing_ok=True)
        # Where it is stopped half way, what there is may be all there will be.
        try:
            with contextlib.closing(LogFile(part)) as file:
                number = 0
                file.append(pack(Kind.BEGIN, number, self._begin(arrays)))
                for target, array in arrays.items():
                    for box in _held_boxes(array):
                        values = _still(array, box)
                        if values.any() or getattr(array, "source", None) is not None:
                            number += 1
                            piece = _piece(target, box, values)
                            file.append(pack(Kind.PIECE, number, piece))
                        yield target, box
                file.append(pack(Kind.END, number + 1, _json({"pieces": number})))
                file.sync()
        except OSError:
            part.unlink(missing_ok=True)
            raise
        _verify(part)
        os.replace(part, final)
        sync_folder(self.place)
        self.snapshot_bytes = file.length
        self._drop_older()

    def close(self, finished: bool) -> None:
        """Write that the session ended as it should, and let go of the folder."""
        try:
            if self._log is not None:
                self._append(Kind.CLOSED, _json({"finished": finished}))
                self._log.sync()
        finally:
            self.release()

    def release(self) -> None:
        """Let go of the folder without a word in it."""
        self._close_log()
        self._lock.release()

    def _begin(self, arrays: Mapping[Target, Any]) -> bytes:
        return _json(self.about(arrays[Target.LABELS]))

    def _append(self, kind: Kind, payload: bytes) -> None:
        if self._log is None:
            raise WriteError("the journal has no log yet")
        self._log.append(pack(kind, self._number, payload))
        self._number += 1

    def _close_log(self) -> None:
        if self._log is not None:
            self._log.close()
            self._log = None

    def _drop_older(self) -> None:
        for pattern in (SNAPSHOT, LOG, SNAPSHOT + PART):
            for generation, path in generations(self.place, pattern).items():
                if generation < self.generation:
                    # What cannot go now goes with the next snapshot.
                    with contextlib.suppress(OSError):
                        path.unlink()


def is_by_reference(array: Any) -> bool:
    """Say whether snapshots of an array hold only what differs from its source."""
    source = getattr(array, "source", None)
    if not isinstance(array, ChunkedArray) or source is None:
        return False
    return array.size * array.dtype.itemsize > WHOLE_MB * 2**20


def _held_boxes(array: Any) -> Iterator[Box]:
    if isinstance(array, ChunkedArray) and (
        array.source is None or is_by_reference(array)
    ):
        yield from array.changed_boxes()
        return
    for _, box in cells(array.shape, grid_of(array)):
        yield box


def _still(array: Any, box: Box) -> NDArray[Any]:
    # A copy: living labels may change between two looks at one pixel.
    return np.array(array[box])


def _piece(target: Target, box: Box, values: NDArray[Any]) -> bytes:
    new = compact(values.reshape(-1))
    return encode([(target, [Block(box, None, new, new)])])


def _verify(path: Path) -> None:
    """Read a snapshot back before anything relies on it."""
    last = None
    for record in read_records(path.read_bytes()):
        if not isinstance(record, Record):
            raise WriteError(f"{path} was not written as it should be")
        last = record
    if last is None or last.kind != Kind.END:
        raise WriteError(f"{path} was not written to its end")


def _json(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, default=str, separators=(",", ":")).encode()
