"""The worker's own side: read jobs, run them, say what they yield.

Started by `napari_cihm.plugin.worker.process`, never by hand.
"""

import contextlib
import itertools
import os
import queue
import signal
import sys
import threading
from collections.abc import Iterator
from functools import partial
from typing import Any, BinaryIO

from numpy.typing import NDArray

from napari_cihm.errors import ReadError
from napari_cihm.events import Event
from napari_cihm.memory import keep_memory
from napari_cihm.plugin.worker import wire
from napari_cihm.plugin.worker.lending import Borrowed
from napari_cihm.waiting import wait_briefly

PATIENCE = 10  # niceness: the window goes first


class Worker:
    """Runs jobs, one after the other in each lane."""

    def __init__(self, inlet: BinaryIO, outlet: BinaryIO) -> None:
        self._inlet, self._outlet = inlet, outlet
        self._writing = threading.Lock()
        self._lanes: dict[str, queue.SimpleQueue[wire.Start]] = {}
        self._stopped: set[int] = set()
        self._finishing: set[int] = set()
        self._tokens = itertools.count()
        self._waiting: dict[int, queue.SimpleQueue[wire.Answer]] = {}

    def serve(self) -> None:
        """Take messages until the window is gone."""
        with contextlib.suppress(EOFError):
            while True:
                self._take(wire.receive(self._inlet, self._borrow))

    def _take(self, message: Any) -> None:
        if isinstance(message, wire.Start):
            if message.lane not in self._lanes:
                lane = self._lanes[message.lane] = queue.SimpleQueue()
                threading.Thread(target=self._work, args=(lane,), daemon=True).start()
            self._lanes[message.lane].put(message)
        elif isinstance(message, wire.Stop):
            self._stopped.add(message.number)
            self._finishing.add(message.number)  # for what asks between its events
        elif isinstance(message, wire.Finish):
            self._finishing.add(message.number)
        elif isinstance(message, wire.Answer):
            self._waiting.pop(message.token).put(message)

    def _work(self, lane: "queue.SimpleQueue[wire.Start]") -> None:
        while True:
            self._run(lane.get())

    def _run(self, start: wire.Start) -> None:
        try:
            from napari_cihm.models.devices import release_memory
            from napari_cihm.plugin.worker.jobs import FINISHING, JOBS

            arguments = start.arguments
            if start.job in FINISHING:
                asked = partial(self._finishing.__contains__, start.number)
                arguments = {**arguments, "finishing": asked}
            stopped = self._follow(start, JOBS[start.job](**arguments))
            release_memory()  # what draws the window needs some too
        except BaseException as error:  # the window must hear of anything at all
            self._say(wire.Failed(start.number, wire.failure_of(error)))
            if _has_lost_its_gpu(error):
                os._exit(1)  # the next job gets another process
        else:
            self._say(wire.Ended(start.number, stopped))
        self._stopped.discard(start.number)
        self._finishing.discard(start.number)

    def _follow(self, start: wire.Start, events: Iterator[Event]) -> bool:
        for event in events:
            self._say(wire.Said(start.number, event))
            if start.number in self._stopped:
                events.close()  # type: ignore[attr-defined]
                return True
        return False

    def _say(self, message: Any) -> None:
        with self._writing:
            wire.send(self._outlet, message, _give_back)

    def _borrow(self, name: tuple[Any, ...]) -> Borrowed:
        key, shape, dtype = name
        return Borrowed(key, shape, dtype, self._read)

    def _read(self, key: int, index: Any) -> NDArray[Any]:
        token = next(self._tokens)
        box = self._waiting[token] = queue.SimpleQueue()
        self._say(wire.Ask(token, key, index))
        answer = box.get()
        if answer.problem:
            raise ReadError(
                f"the image could not be read ({answer.problem})",
                remedy="look whether its file is still there and whole",
            )
        part: NDArray[Any] = answer.part
        return part


def _has_lost_its_gpu(error: BaseException) -> bool:
    """Tell whether all that follows on the GPU would fail too, as after a suspend."""
    return isinstance(error, RuntimeError) and "CUDA error" in str(error)


def _give_back(thing: Any) -> tuple[Any, ...] | None:
    return (thing.key,) if isinstance(thing, Borrowed) else None


def main() -> None:
    """Serve the window that started this process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is the window's to hear
    if hasattr(os, "nice"):
        os.nice(PATIENCE)
    keep_memory()
    wait_briefly()
    # What libraries print must not come between messages.
    inlet, outlet = os.dup(0), os.dup(1)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    with os.fdopen(inlet, "rb") as inward, os.fdopen(outlet, "wb") as outward:
        Worker(inward, outward).serve()
        sys.stderr.flush()
        os._exit(0)  # a job may still be computing: it is of no use any more


if __name__ == "__main__":
    main()
