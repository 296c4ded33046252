"""What carries changes from the backlog to the files, and knows what they lack."""

import contextlib
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from napari_cihm.config import CorrectSettings
from napari_cihm.correction.journal.backlog import Backlog
from napari_cihm.correction.journal.codec import Target
from napari_cihm.correction.journal.ledger import Ledger

if TYPE_CHECKING:
    from napari_cihm.data.boxes import Box


class Scribe:
    """Writes what there is to write, in one thread, when it is told to.

    Parameters
    ----------
    ledger : Ledger
        Where to write.
    arrays : mapping of Target to array-like
        The living arrays, read for snapshots and where changes piled up.
    settings : CorrectSettings
        How often to sync and to make snapshots.
    unsure : callable
        Says whether labels may hold just now what is told later, or taken back.
    """

    def __init__(
        self,
        ledger: Ledger,
        arrays: Mapping[Target, Any],
        settings: CorrectSettings,
        unsure: Callable[[], bool],
    ) -> None:
        self.ledger = ledger
        self.backlog = Backlog(arrays)
        self._arrays = arrays
        self._settings = settings
        self._unsure = unsure
        # Beginnings asked for, and how many the present log stands for.
        self._wanted, self._begun = 1, 0
        self.anew = False  # whether one is wanted, though the present log holds all
        self._bare = False  # the present log has no snapshot yet
        self._again: list[tuple[Target, Box]] = []  # what was read while unsure
        self._unsynced = False
        self._synced_at = 0.0

    @property
    def done(self) -> bool:
        """Whether all that was taken from the backlog lies on the disk."""
        return not (self._unsynced or self._bare or self._is_outdated())

    def replace(self, arrays: Mapping[Target, Any] | None = None) -> None:
        """Begin anew with a snapshot, of other arrays if they are given."""
        with self.backlog.changed:
            if arrays is not None:
                self._arrays = arrays
                self.backlog.lay(arrays)
            # What waits is older than what nobody told of, and must not undo it.
            self.backlog.spill()
            self._wanted += 1

    def work(self, now: bool) -> None:
        """Write what waits, and sync it when that is due or wanted now."""
        # All of this may be asked for again while it is done.
        with self.backlog.changed:
            wanted, arrays = self._wanted, self._arrays
        if self._begun < wanted or self.anew:
            self.ledger.open(arrays)
            self._begun, self.anew, self._bare = wanted, False, True
            self._again.clear()
        if self._again and not self._unsure():
            self.backlog.give_back(self._again, [])
            self._again.clear()
        self._drain()
        self._sync(now)
        if self._bare:
            self._snapshot(arrays)
            self._sync(now)
        limit = self._settings.journal_compact_mb * 2**20
        if self.ledger.log_bytes > max(limit, 2 * self.ledger.snapshot_bytes):
            self.anew = True

    def _is_outdated(self) -> bool:
        return self._begun < self._wanted

    def _snapshot(self, arrays: Mapping[Target, Any]) -> None:
        with contextlib.closing(self.ledger.snapshot(arrays)) as steps:
            unsure = self._unsure()
            for piece in steps:
                if unsure or self._unsure():
                    self._again.append(piece)
                # A snapshot of a volume takes seconds; strokes do not wait for it.
                if self.backlog or self._unsynced:
                    self._drain()
                    self._sync(False)
                if self._is_outdated():
                    return
                unsure = self._unsure()
        self._bare = False

    def _drain(self) -> None:
        with self.backlog.changed:
            if self._is_outdated():
                return  # what waits was done to arrays that this log knows nothing of
            arrays = self._arrays
            boxes, entries = self.backlog.take()
        written = 0
        cells = 0
        try:
            for target, box in boxes:
                unsure = self._unsure()
                self.ledger.cell(target, box, arrays[target])
                if unsure or self._unsure():  # it may have become sure meanwhile
                    self._again.append((target, box))
                cells += 1
                self._unsynced = True
            for changes in entries:
                self.ledger.changes(changes)
                written += 1
                self._unsynced = True
        except BaseException:
            self.backlog.give_back(boxes[cells:], entries[written:])
            raise

    def _sync(self, now: bool) -> None:
        due = time.monotonic() - self._synced_at >= self._settings.journal_sync
        if self._unsynced and (due or now):
            self.ledger.sync()
            self._synced_at = time.monotonic()
            self._unsynced = False
