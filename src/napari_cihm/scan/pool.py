"""Threads for compiled kernels that let go of the interpreter lock.

numba's own threads abort the process when two threads of Python enter them at once.
These are plain threads: as many as torch would use, each taking the next piece of work
when it is free, with the caller among them.
"""

import os
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache, partial

import torch

# Waking a thread and waiting for it costs some 50 us: smaller work runs at once.
_WORTH_SECONDS = 150e-6
# Threads are started as they are needed.
_MOST_THREADS = max(32, os.cpu_count() or 1)

_lock = threading.Lock()
_executor: ThreadPoolExecutor | None = None


def share(work: Callable[[int, int], object], items: int, seconds: float) -> None:
    """Run `work(first, after)` over all items, on several threads where it pays.

    Parameters
    ----------
    work : callable
        Takes a range of items; must release the interpreter lock to gain anything.
    items : int
        How many there are.
    seconds : float
        A guess at what all of them take on one thread.
    """
    threads = min(torch.get_num_threads(), items)
    if threads < 2 or seconds < _WORTH_SECONDS:
        work(0, items)
        return
    pieces = iter(_cut(items, threads))
    stopped = threading.Event()

    def drain() -> None:
        # One `next` is atomic, so that no piece is taken twice.
        while not stopped.is_set() and (piece := next(pieces, None)):
            work(*piece)

    helpers = _start(drain, threads - 1)
    try:
        drain()
    finally:
        # Set as well when an error or Ctrl-C ends this thread's share early.
        stopped.set()
        running = [helper for helper in helpers if not helper.cancel()]
        for helper in running:
            helper.result()


@cache
def _cut(items: int, threads: int) -> tuple[tuple[int, int], ...]:
    """Cut items into pieces, each a range and a thread's fair share of what is left.

    The last are small, so that threads of unlike speed end at about the same time.
    """
    pieces, first = [], 0
    while first < items:
        after = first + -(-(items - first) // threads)
        pieces.append((first, after))
        first = after
    return tuple(pieces)


def _start(task: Callable[[], None], count: int) -> list["Future[None]"]:
    """Put a task on some threads; on none when the interpreter is going down."""
    global _executor
    with _lock:
        if _executor is None:
            _executor = ThreadPoolExecutor(_MOST_THREADS, "cihm-scan")
        executor = _executor
    try:
        return [executor.submit(task) for _ in range(count)]
    except RuntimeError:
        return []


def _forget() -> None:
    """Leave the parent's threads behind: they do not live on in a forked process."""
    global _executor, _lock
    _executor, _lock = None, threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


@cache
def outlive_forks() -> None:
    """Let processes that are forked from now on compute, each on one thread.

    They lack torch's threads too, which it would wait for without end. Called where
    networks run: what is forked before that can have as many threads as it likes.
    """
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=partial(torch.set_num_threads, 1))
