"""Short work on arrays and files that must not hold up the window, in threads.

Networks run in the worker's process; what needs the living labels or marks, which
no other process can see, runs here.
"""

import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from qtpy.QtCore import QObject, Signal, Slot

from napari_cihm.plugin.worker.wire import Failure, failure_of

Take = Callable[[Any], None]


@dataclass(eq=False)
class Errand:
    """One piece of work and who hears of it.

    Attributes
    ----------
    take : callable
        Gets each result on the main thread.
    fail : callable
        Gets the failure.
    stopped : bool
        Set it to end the work at its next result.
    """

    take: Take
    fail: Callable[[Failure], None]
    end: Callable[[], None]
    stopped: bool = False


class Errands(QObject):
    """Runs functions and generators in threads, whose results come to the main one."""

    _heard = Signal(object, str, object)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._threads: dict[Errand, threading.Thread] = {}
        self._heard.connect(self._on_heard)

    def start(
        self,
        work: Callable[[], Iterator[Any]],
        take: Take | None = None,
        fail: Callable[[Failure], None] | None = None,
        end: Callable[[], None] | None = None,
    ) -> Errand:
        """Go through a generator beside the window.

        Parameters
        ----------
        work : callable
            Makes the generator; it and all its steps run in a thread.
        take, fail, end : callable
            Get each result, the failure if there is one, and the end.
        """
        errand = Errand(take or _ignore, fail or _ignore, end or _ignore)
        thread = threading.Thread(
            target=self._run, args=(errand, work), name="cihm errand", daemon=True
        )
        self._threads[errand] = thread
        thread.start()
        return errand

    def close(self) -> None:
        """Stop all work and hear no more of it."""
        threads, self._threads = self._threads, {}
        for errand in threads:
            errand.stopped = True
        for thread in threads.values():
            thread.join(timeout=5)

    def _run(self, errand: Errand, work: Callable[[], Iterator[Any]]) -> None:
        try:
            for result in work():
                if errand.stopped:
                    break
                self._say(errand, "result", result)
        except Exception as error:  # it is told on the main thread
            self._say(errand, "failure", failure_of(error))
        self._say(errand, "end", None)

    def _say(self, errand: Errand, kind: str, what: Any) -> None:
        with contextlib.suppress(RuntimeError):  # the window is gone already
            self._heard.emit(errand, kind, what)

    @Slot(object, str, object)
    def _on_heard(self, errand: Errand, kind: str, what: Any) -> None:
        if errand not in self._threads:
            return
        if kind == "result":
            errand.take(what)
        elif kind == "failure":
            errand.fail(what)
        else:
            self._threads.pop(errand).join(timeout=1)
            errand.end()


def _ignore(*_: Any) -> None:
    """Hear of what changes nothing."""
