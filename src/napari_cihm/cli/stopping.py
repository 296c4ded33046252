"""Ctrl+C and ``kill``: both stop a run in order, and neither in mid-import.

An import that is broken off leaves half a module behind, of which the next one fails,
and what is raised within pydantic may be lost there: the run would go on.
"""

import os
import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

STOPPED = 130
TERMINATED = 143
AGAIN = 0.05  # seconds until it is tried again
# Who has set them otherwise is to have his way.
USUAL: dict[int, Any] = {
    signal.SIGINT: signal.default_int_handler,
    signal.SIGTERM: signal.SIG_DFL,
}


def stoppable(work: Callable[[], int]) -> int:
    """Do some work that either signal stops, and return its status.

    It meets a KeyboardInterrupt. Where it lets that pass, or what some library makes of
    it, a word is said.
    """
    met: set[int] = set()
    waiting: list[threading.Timer] = []

    def stop(number: int, frame: FrameType | None) -> None:
        if _delicate(frame):
            again = threading.Timer(AGAIN, _send, [number])
            waiting.append(again)
            again.start()
            return
        met.add(number)
        raise KeyboardInterrupt

    ours = [n for n, usual in USUAL.items() if signal.getsignal(n) is usual]
    if threading.current_thread() is not threading.main_thread():
        ours = []
    elif "TORCHELASTIC_RUN_ID" in os.environ:
        # What torchrun ends may wait for ever for a process that is gone.
        ours = [n for n in ours if n != signal.SIGTERM]
    try:
        for number in ours:
            signal.signal(number, stop)
        status = work()
    except (KeyboardInterrupt, Exception) as error:
        if not (met or isinstance(error, KeyboardInterrupt)):
            raise
        print("stopped", file=sys.stderr)
        status = STOPPED
    finally:
        for again in waiting:
            again.cancel()
        for number in ours:
            signal.signal(number, USUAL[number])
    return TERMINATED if signal.SIGTERM in met and status == STOPPED else status


def _send(number: int) -> None:
    """Send a signal to the main thread, and so wake it where it waits."""
    if hasattr(signal, "pthread_kill"):
        signal.pthread_kill(int(threading.main_thread().ident or 0), number)
    else:  # Windows
        signal.raise_signal(number)


def _delicate(frame: FrameType | None) -> bool:
    """Tell whether an import, or pydantic, is at work."""
    while frame is not None and frame.f_code is not stoppable.__code__:
        name = str(frame.f_globals.get("__name__"))
        file = frame.f_code.co_filename
        if file.startswith("<frozen importlib") or name.startswith("pydantic."):
            return True
        frame = frame.f_back
    return False
