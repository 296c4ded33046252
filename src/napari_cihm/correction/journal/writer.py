"""The thread that writes the journal, and goes on trying when it cannot."""

import atexit
import contextlib
import logging
import threading
import time
from collections.abc import Callable

from napari_cihm.correction.journal.scribe import Scribe
from napari_cihm.events import Event, JournalStalled, JournalWell

log = logging.getLogger(__name__)

# Seconds that the end of the program waits for journals, with no window any more.
LAST = 60.0
# Seconds between two looks at what is to be written, far below the 2 s promised.
LOOK = 0.15


class Writer:
    """Has a scribe write in the background, from its making to its end.

    Parameters
    ----------
    scribe : Scribe
        Writes, in the writer's thread alone.
    retry : float
        Seconds between two tries while nothing can be written.
    tell : callable
        Hears of trouble and of its end, in the writer's thread.
    """

    def __init__(
        self, scribe: Scribe, retry: float, tell: Callable[[Event], None]
    ) -> None:
        self._scribe, self._retry, self._tell = scribe, retry, tell
        self._changed = scribe.backlog.changed
        self._stalled = ""  # why
        self._retry_at = 0.0
        self._asked = 0
        self._answered = 0
        self._finished: bool | None = None  # said at the end
        self._ended_well = False
        self._thread = threading.Thread(
            target=self._run, name="correction journal", daemon=True
        )
        self._thread.start()

    def flush(self, timeout: float) -> bool:
        """Wait until all that was handed over lies on the disk."""
        with self._changed:
            self._asked += 1
            asked = self._asked
            self._retry_at = 0.0
            self._changed.notify()
            return self._changed.wait_for(
                lambda: self._answered >= asked or not self._thread.is_alive(),
                timeout,
            ) and (self._answered >= asked)

    def end(self, finished: bool) -> None:
        """Have the thread write what is left, let go of the files and end.

        Where nothing could be written, it is tried once more.
        """
        _ENDING.add(self)
        with self._changed:
            self._finished = finished
            self._changed.notify()

    def wait(self, timeout: float) -> bool:
        """Wait for the thread's end; say whether all lies on the disk."""
        self._thread.join(timeout)
        return self._ended_well

    def _run(self) -> None:
        while self._finished is None:
            with self._changed:
                self._changed.wait_for(self._asked_for, LOOK)
            if self._finished is not None:
                break
            if not self._stalled or time.monotonic() >= self._retry_at:
                self._step()
        try:
            self._finish(self._finished)
        finally:
            _ENDING.discard(self)

    def _asked_for(self) -> bool:
        # A request that cannot be met while stalled must not spin.
        wanted = self._asked > self._answered and not self._stalled
        return wanted or self._finished is not None

    def _step(self) -> None:
        """Write once what there is to write; trouble is told, not raised."""
        asked = self._asked
        try:
            self._scribe.work(asked > self._answered)
        except Exception as error:
            # Whatever went wrong, a thread that died in silence would be worse.
            self._stall(error)
            return
        if self._stalled:
            self._stalled = ""
            self._say(JournalWell("The journal can be written again; nothing is lost."))
        with self._changed:
            if self._scribe.done:
                self._answered = asked
                self._changed.notify_all()

    def _stall(self, error: Exception) -> None:
        self._retry_at = time.monotonic() + self._retry
        place = self._scribe.ledger.place
        if isinstance(error, FileNotFoundError):
            # The folder was taken away: begin again with everything.
            self._scribe.anew = True
        reason = getattr(error, "strerror", "") or str(error) or repr(error)
        if reason != self._stalled:
            self._stalled = reason
            self._say(
                JournalStalled(
                    f"The journal cannot be written ({reason}: {place}). "
                    f"Your work goes on but would not survive a crash; it is tried "
                    f"again every {self._retry:g} s. Free some space, "
                    f"or choose another journal folder."
                )
            )

    def _say(self, event: Event) -> None:
        with contextlib.suppress(RuntimeError):  # who listened is gone by now
            self._tell(event)

    def _finish(self, finished: bool) -> None:
        with self._changed:
            self._asked += 1
        self._step()
        while self._asked > self._answered and not self._stalled:
            self._step()
        try:
            if self._stalled:
                self._scribe.ledger.release()
            else:
                self._scribe.ledger.close(finished)
                self._ended_well = True
        except OSError as error:
            self._stalled = str(error)
        if not self._ended_well:
            log.error("a journal could not be ended well: %s", self._stalled)


_ENDING: set[Writer] = set()


def wait_for_ends(timeout: float = LAST) -> None:
    """Wait until journals that are being ended are, and can be read or resumed."""
    until = time.monotonic() + timeout
    for writer in list(_ENDING):
        writer.wait(max(0.0, until - time.monotonic()))


atexit.register(wait_for_ends)
