"""The thread that writes the journal, and goes on trying when it cannot."""

import atexit
import contextlib
import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from napari_cihm.config import CorrectSettings
from napari_cihm.correction.journal.backlog import Backlog
from napari_cihm.correction.journal.codec import Target
from napari_cihm.correction.journal.ledger import Ledger
from napari_cihm.events import Event, JournalStalled, JournalWell

if TYPE_CHECKING:
    from napari_cihm.data.boxes import Box

log = logging.getLogger(__name__)

# Seconds that the end of the program waits for journals, with no window any more.
LAST = 60.0
# Seconds between two looks at what is to be written, far below the 2 s promised.
LOOK = 0.15


class Writer:
    """Takes what the backlog holds to the ledger's files.

    Parameters
    ----------
    ledger : Ledger
        Where to write.
    arrays : mapping of Target to array-like
        The living arrays, read for snapshots and where changes piled up.
    settings : CorrectSettings
        How often to sync, to retry, to make snapshots.
    tell : callable
        Hears of trouble and of its end, in the writer's thread.
    unsure : callable
        Says whether labels may hold just now what is told later, or taken back.
    """

    def __init__(
        self,
        ledger: Ledger,
        arrays: Mapping[Target, Any],
        settings: CorrectSettings,
        tell: Callable[[Event], None],
        unsure: Callable[[], bool],
    ) -> None:
        self.ledger = ledger
        self.arrays = dict(arrays)
        self.settings = settings
        self.tell = tell
        self.unsure = unsure
        self.backlog = Backlog(arrays)
        self.stalled = ""
        # Beginnings asked for, and how many the present log stands for.
        self._wanted, self._begun = 1, 0
        self._anew = False  # the writer itself wants a beginning
        self._bare = False  # the present log has no snapshot yet
        self._again: list[tuple[Target, Box]] = []  # what was read while unsure
        self._unsynced = False
        self._synced_at = 0.0
        self._retry_at = 0.0
        self._asked = 0
        self._answered = 0
        self._finished: bool | None = None  # said at the end
        self._ended_well = False
        self._thread = threading.Thread(
            target=self._run, name="correction journal", daemon=True
        )

    def start(self) -> None:
        """Begin to write in the background."""
        self._thread.start()

    def replace(self, arrays: Mapping[Target, Any] | None = None) -> None:
        """Begin anew with a snapshot, of other arrays if they are given."""
        with self.backlog.changed:
            if arrays is not None:
                self.arrays = dict(arrays)
                self.backlog.lay(arrays)
            # What waits is older than what nobody told of, and must not undo it.
            self.backlog.spill()
            self._wanted += 1

    def flush(self, timeout: float) -> bool:
        """Wait until all that was handed over lies on the disk."""
        with self.backlog.changed:
            self._asked += 1
            asked = self._asked
            self._retry_at = 0.0
            self.backlog.changed.notify()
            return self.backlog.changed.wait_for(
                lambda: self._answered >= asked or not self._thread.is_alive(),
                timeout,
            ) and (self._answered >= asked)

    def end(self, finished: bool) -> None:
        """Have the thread write what is left, let go of the files and end.

        Where nothing could be written, it is tried once more.
        """
        _ENDING.add(self)
        with self.backlog.changed:
            self._finished = finished
            self.backlog.changed.notify()

    def wait(self, timeout: float) -> bool:
        """Wait for the thread's end; say whether all lies on the disk."""
        self._thread.join(timeout)
        return self._ended_well

    def step(self) -> None:
        """Write once what there is to write; trouble is told, not raised."""
        asked = self._asked
        try:
            self._work(asked > self._answered)
        except Exception as error:
            # Whatever went wrong, a thread that died in silence would be worse.
            self._stall(error)
            return
        if self.stalled:
            self.stalled = ""
            self._say(JournalWell("The journal can be written again; nothing is lost."))
        with self.backlog.changed:
            if not (self._unsynced or self._bare or self._is_outdated()):
                self._answered = asked
                self.backlog.changed.notify_all()

    def _run(self) -> None:
        while self._finished is None:
            with self.backlog.changed:
                self.backlog.changed.wait_for(self._asked_for, LOOK)
            if self._finished is not None:
                break
            if not self.stalled or time.monotonic() >= self._retry_at:
                self.step()
        try:
            self._finish(self._finished)
        finally:
            _ENDING.discard(self)

    def _finish(self, finished: bool) -> None:
        with self.backlog.changed:
            self._asked += 1
        self.step()
        while self._asked > self._answered and not self.stalled:
            self.step()
        try:
            if self.stalled:
                self.ledger.release()
            else:
                self.ledger.close(finished)
                self._ended_well = True
        except OSError as error:
            self.stalled = str(error)
        if not self._ended_well:
            log.error("a journal could not be ended well: %s", self.stalled)

    def _say(self, event: Event) -> None:
        with contextlib.suppress(RuntimeError):  # who listened is gone by now
            self.tell(event)

    def _asked_for(self) -> bool:
        # A request that cannot be met while stalled must not spin.
        wanted = self._asked > self._answered and not self.stalled
        return wanted or self._finished is not None

    def _work(self, now: bool) -> None:
        # All of this may be asked for again while it is done.
        with self.backlog.changed:
            wanted, arrays = self._wanted, self.arrays
        if self._begun < wanted or self._anew:
            self.ledger.open(arrays)
            self._begun, self._anew, self._bare = wanted, False, True
            self._again.clear()
        if self._again and not self.unsure():
            self.backlog.give_back(self._again, [])
            self._again.clear()
        self._drain()
        self._sync(now)
        if self._bare:
            self._snapshot(arrays)
            self._sync(now)
        limit = self.settings.journal_compact_mb * 2**20
        if self.ledger.log_bytes > max(limit, 2 * self.ledger.snapshot_bytes):
            self._anew = True

    def _is_outdated(self) -> bool:
        return self._begun < self._wanted

    def _snapshot(self, arrays: Mapping[Target, Any]) -> None:
        with contextlib.closing(self.ledger.snapshot(arrays)) as steps:
            unsure = self.unsure()
            for piece in steps:
                if unsure or self.unsure():
                    self._again.append(piece)
                # A snapshot of a volume takes seconds; strokes do not wait for it.
                if self.backlog or self._unsynced:
                    self._drain()
                    self._sync(False)
                if self._is_outdated():
                    return
                unsure = self.unsure()
        self._bare = False

    def _drain(self) -> None:
        with self.backlog.changed:
            if self._is_outdated():
                return  # what waits was done to arrays that this log knows nothing of
            arrays = self.arrays
            boxes, entries = self.backlog.take()
        written = 0
        cells = 0
        try:
            for target, box in boxes:
                unsure = self.unsure()
                self.ledger.cell(target, box, arrays[target])
                if unsure or self.unsure():  # it may have become sure meanwhile
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
        due = time.monotonic() - self._synced_at >= self.settings.journal_sync
        if self._unsynced and (due or now):
            self.ledger.sync()
            self._synced_at = time.monotonic()
            self._unsynced = False

    def _stall(self, error: Exception) -> None:
        self._retry_at = time.monotonic() + self.settings.journal_retry
        if isinstance(error, FileNotFoundError):
            # The folder was taken away: begin again with everything.
            self._anew = True
        reason = getattr(error, "strerror", "") or str(error) or repr(error)
        if reason != self.stalled:
            self.stalled = reason
            self._say(
                JournalStalled(
                    f"The journal cannot be written ({reason}: {self.ledger.place}). "
                    f"Your work goes on but would not survive a crash; it is tried "
                    f"again every {self.settings.journal_retry:g} s. Free some space, "
                    f"or choose another journal folder."
                )
            )


_ENDING: set[Writer] = set()


def wait_for_ends(timeout: float = LAST) -> None:
    """Wait until journals that are being ended are, and can be read or resumed."""
    until = time.monotonic() + timeout
    for writer in list(_ENDING):
        writer.wait(max(0.0, until - time.monotonic()))


atexit.register(wait_for_ends)
