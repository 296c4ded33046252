"""Jobs for the worker: one at a time in each lane, the others wait their turn."""

import contextlib
import itertools
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from functools import partial
from typing import Any

from qtpy.QtCore import QObject, QTimer, Signal, Slot

from napari_cihm.events import Event
from napari_cihm.plugin.worker import wire
from napari_cihm.plugin.worker.process import WorkerProcess

log = logging.getLogger(__name__)

GRACE = 2000  # milliseconds that a job has to stop before its process is ended
QUICK = "quick"  # the lane of jobs that a user waits for


class RunState(Enum):
    """How far a run is."""

    WAITING = "waiting"
    RUNNING = "running"
    STOPPING = "stopping"
    DONE = "done"
    STOPPED = "stopped"
    FAILED = "failed"


@dataclass(eq=False)
class Run:
    """One job and who is to hear of it; all callbacks come on the main thread.

    Attributes
    ----------
    on_event : callable
        Gets each event of the job.
    on_end : callable
        Gets this run once it is over.
    failure : Failure or None
        Why it failed, if it did.
    """

    number: int
    lane: str
    job: str
    arguments: dict[str, Any] = field(repr=False)
    on_event: Callable[[Event], None]
    on_end: Callable[["Run"], None]
    state: RunState = RunState.WAITING
    failure: wire.Failure | None = None

    @property
    def over(self) -> bool:
        """Whether nothing more will be heard of it."""
        return self.state in (RunState.DONE, RunState.STOPPED, RunState.FAILED)


class Runner(QObject):
    """Hands jobs to a worker process and their events back to the main thread.

    The process starts with `warm_up` or the first job, and ends with `close`. One
    that dies takes only its own jobs with it: the next job starts another.
    """

    _heard = Signal(object, object)

    def __init__(self) -> None:
        super().__init__()
        self._process: WorkerProcess | None = None
        self._numbers = itertools.count(1)
        self._waiting: list[Run] = []
        self._running: dict[str, Run] = {}
        self._heard.connect(self._on_heard)

    def warm_up(self) -> None:
        """Start the process, so that it is ready when the first job comes."""
        if self._process is None:
            self._process = WorkerProcess(self._hear)

    def start(
        self,
        job: str,
        on_event: Callable[[Event], None],
        on_end: Callable[[Run], None],
        lane: str = "long",
        **arguments: Any,
    ) -> Run:
        """Run a job once the lane is free.

        Parameters
        ----------
        job : str
            A name out of `napari_cihm.plugin.worker.jobs.JOBS`.
        on_event, on_end : callable
            See `Run`.
        lane : str
            Jobs of one lane follow each other; "quick" does not wait for "long".
        **arguments
            The job's; arrays in them are not copied.
        """
        run = Run(next(self._numbers), lane, job, arguments, on_event, on_end)
        self._waiting.append(run)
        self._next()
        return run

    def stop(self, run: Run) -> None:
        """Stop a run at its next event, or a moment later with its process.

        Nothing more is heard of it but its end.
        """
        if run.state is RunState.WAITING:
            self._waiting.remove(run)
            self._end(run, RunState.STOPPED)
        elif run.state is RunState.RUNNING and self._process is not None:
            run.state = RunState.STOPPING
            self._process.send(wire.Stop(run.number))
            QTimer.singleShot(GRACE, partial(self._insist, run))

    def finish(self, run: Run) -> None:
        """Ask a run for the best it has so far; one that waits is not begun."""
        if run.state is RunState.WAITING:
            self.stop(run)
        elif run.state is RunState.RUNNING and self._process is not None:
            self._process.send(wire.Finish(run.number))

    def close(self) -> None:
        """End the process and forget all jobs; nobody hears of them any more."""
        self._waiting.clear()
        self._running.clear()
        if self._process is not None:
            process, self._process = self._process, None
            process.close()

    @property
    def pid(self) -> int | None:
        """The worker's process number, if it runs."""
        return self._process.pid if self._process else None

    def _next(self) -> None:
        for run in list(self._waiting):
            if run.lane in self._running:
                continue
            self.warm_up()
            assert self._process is not None
            self._waiting.remove(run)
            self._running[run.lane] = run
            run.state = RunState.RUNNING
            start = wire.Start(run.number, run.lane, run.job, run.arguments)
            self._process.send(start)

    def _hear(self, process: WorkerProcess, message: Any) -> None:
        # In a thread of the process; the signal takes the message to ours.
        with contextlib.suppress(RuntimeError):  # the window is gone already
            self._heard.emit(process, message)

    @Slot(object, object)
    def _on_heard(self, process: WorkerProcess, message: Any) -> None:
        if process is not self._process:
            return  # the last words of a process that was ended
        if message is None:
            self._lose(process)
            return
        run = next((r for r in self._runs() if r.number == message.number), None)
        if run is None:
            return
        if isinstance(message, wire.Said):
            if run.state is RunState.RUNNING:
                run.on_event(message.event)
        elif isinstance(message, wire.Failed):
            self._end(run, RunState.FAILED, message.failure)
        elif isinstance(message, wire.Ended):
            self._end(run, RunState.STOPPED if message.stopped else RunState.DONE)

    def _runs(self) -> list[Run]:
        return list(self._running.values())

    def _lose(self, process: WorkerProcess) -> None:
        log.error("the worker ended unexpectedly: %s", process.last_words)
        failure = wire.Failure(
            "the computing process has ended, perhaps for lack of memory",
            "lower the memory limit in the preferences, or segment a part of the image",
            True,
            process.last_words,
        )
        self._process = None
        for run in self._runs():
            if run.state is RunState.STOPPING:
                self._end(run, RunState.STOPPED)
            else:
                self._end(run, RunState.FAILED, failure)

    def _insist(self, run: Run) -> None:
        """End the process of a run that did not stop.

        That ends all lanes. A quick job never costs the work of a long one: it goes
        on unheard until that is over. For a long one, quick jobs begin anew.
        """
        if run.state is not RunState.STOPPING or run not in self._runs():
            return
        others = [r for r in self._runs() if r is not run]
        if run.lane == QUICK and others:
            QTimer.singleShot(GRACE, partial(self._insist, run))
            return
        log.info("a job did not stop in time: its process is ended")
        process, self._process = self._process, None
        if process is not None:
            process.close(wait=False)
        going = [r for r in others if r.state is RunState.RUNNING]
        for other in going:
            del self._running[other.lane]
            other.state = RunState.WAITING
            self._waiting.insert(0, other)
        self.warm_up()
        for ended in (run, *(r for r in others if r not in going)):
            self._end(ended, RunState.STOPPED)

    def _end(
        self, run: Run, state: RunState, failure: wire.Failure | None = None
    ) -> None:
        run.state, run.failure = state, failure
        run.arguments = {}
        if self._running.get(run.lane) is run:
            del self._running[run.lane]
        if self._process is not None:
            self._process.take_back(run.number)
        run.on_end(run)
        self._next()
