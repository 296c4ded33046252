"""The window's side of the worker: start the process, pass messages, end it."""

import contextlib
import logging
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from typing import Any, BinaryIO, cast

from napari_cihm.plugin.worker import wire
from napari_cihm.plugin.worker.lending import Lender

log = logging.getLogger(__name__)

MODULE = "napari_cihm.plugin.worker"
LAST_WORDS = 2000

Hear = Callable[["WorkerProcess", Any], None]


class WorkerProcess:
    """A worker that runs until it is closed.

    Attributes
    ----------
    last_words : str
        What it printed to its errors, once it is gone.

    Parameters
    ----------
    hear : callable
        Gets this object and every message, in a thread of its own; last of all
        None, when the process is gone.
    """

    def __init__(self, hear: Hear) -> None:
        self._hear = hear
        self._lender = Lender()
        self._writing = threading.Lock()
        self._closed = False
        self.last_words = ""
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115, closed by _listen
        self._process = subprocess.Popen(
            # -P, or a random.py in the current folder would be taken for Python's own.
            [sys.executable, "-P", "-m", MODULE],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=_environment(),
            creationflags=getattr(subprocess, "BELOW_NORMAL_PRIORITY_CLASS", 0)
            | getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
        self._listener = threading.Thread(
            target=self._listen, name="cihm worker", daemon=True
        )
        self._listener.start()

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._process.pid

    def send(self, message: wire.Start | wire.Stop | wire.Finish) -> None:
        """Pass a message on; if the process is gone, `hear` learns of it."""

        def lend(thing: Any) -> tuple[Any, ...] | None:
            return self._lender.lend(thing, message.number)

        with self._writing, contextlib.suppress(OSError, ValueError):
            wire.send(self._inlet, message, lend)

    def take_back(self, job: int) -> None:
        """Forget the arrays that a job was lent."""
        self._lender.take_back(job)

    def close(self, wait: bool = True) -> None:
        """End the process at once; nothing is heard any more.

        Parameters
        ----------
        wait : bool
            Return once it is gone; else its thread sees it off.
        """
        self._closed = True
        self._process.kill()
        if wait and threading.current_thread() is not self._listener:
            self._listener.join(timeout=5)

    @property
    def _inlet(self) -> BinaryIO:
        return cast("BinaryIO", self._process.stdin)

    @property
    def _outlet(self) -> BinaryIO:
        return cast("BinaryIO", self._process.stdout)

    def _listen(self) -> None:
        try:
            while True:
                message = wire.receive(self._outlet, self._lender.find)
                if isinstance(message, wire.Ask):
                    self._answer(message)
                elif not self._closed:
                    self._hear(self, message)
        except EOFError:
            pass  # it is gone, or about to be
        except Exception:
            # There is no memory for a result, say: what follows makes no sense.
            if not self._closed:
                log.warning("the worker could not be understood", exc_info=True)
            self._process.kill()
        self._process.wait()
        self.last_words = self._read_errors()
        for pipe in (self._inlet, self._outlet, self._errors):
            with contextlib.suppress(OSError):
                pipe.close()
        self._lender.take_back()
        if not self._closed:
            self._hear(self, None)

    def _read_errors(self) -> str:
        self._errors.seek(0, os.SEEK_END)
        self._errors.seek(max(0, self._errors.tell() - LAST_WORDS))
        return self._errors.read().decode(errors="replace").strip()

    def _answer(self, ask: wire.Ask) -> None:
        try:
            part, problem = self._lender.read(ask.key, ask.index), ""
        except Exception as error:  # readers of napari plugins raise anything
            level = logging.DEBUG if isinstance(error, OSError) else logging.WARNING
            log.log(level, "an image could not be read", exc_info=True)
            part, problem = None, f"{type(error).__name__}: {error}"
        with self._writing, contextlib.suppress(OSError, ValueError):
            wire.send(self._inlet, wire.Answer(ask.token, part, problem), _send_all)


def _environment() -> dict[str, str]:
    # The same packages as here, however this interpreter came by them.
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}


def _send_all(thing: Any) -> None:
    return None
