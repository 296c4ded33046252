"""Threads for kernels: each piece once, errors out, no thread waited for in vain."""

import multiprocessing
import os
import signal
import threading
import time

import pytest
import torch

from napari_cihm.scan import pool


@pytest.fixture(autouse=True)
def _three_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    yield
    torch.set_num_threads(before)


def _taken(items: int, seconds: float = 1.0, pause: float = 0.0) -> list[int]:
    taken = []

    def work(first: int, after: int) -> None:
        time.sleep(pause)
        taken.extend(range(first, after))

    pool.share(work, items, seconds)
    return sorted(taken)


@pytest.mark.parametrize("items", [0, 1, 2, 3, 7, 12, 13, 100])
def test_each_item_is_taken_once(items):
    assert _taken(items) == list(range(items))


def test_pieces_grow_smaller_towards_the_end():
    sizes = []
    lock = threading.Lock()

    def work(first: int, after: int) -> None:
        with lock:
            sizes.append((first, after - first))

    pool.share(work, 36, 1.0)
    in_order = [size for _, size in sorted(sizes)]
    assert in_order[0] == 36 // 3
    assert in_order == sorted(in_order, reverse=True)
    assert in_order[-2:] == [1, 1]


def test_small_work_stays_on_its_thread():
    threads = set()
    pool.share(lambda *_: threads.add(threading.get_ident()), 9, 1e-6)
    assert threads == {threading.get_ident()}


def test_large_work_is_shared():
    threads, meet = set(), threading.Barrier(3, timeout=20)

    def work(first: int, after: int) -> None:
        if threading.get_ident() not in threads:
            threads.add(threading.get_ident())
            meet.wait()

    pool.share(work, 12, 1.0)
    assert len(threads) == 3


def test_an_error_in_a_thread_comes_out():
    main = threading.get_ident()

    def work(first: int, after: int) -> None:
        if threading.get_ident() != main:
            raise MemoryError("in a helper")
        time.sleep(0.02)

    with pytest.raises(MemoryError, match="in a helper"):
        pool.share(work, 100, 1.0)
    assert _taken(10) == list(range(10))


@pytest.fixture
def ctrl_c():
    """Heed Ctrl-C; a shell has its jobs in the background ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("ctrl_c")
def test_ctrl_c_ends_all_shares():
    main, done = threading.get_ident(), []

    def work(first: int, after: int) -> None:
        if threading.get_ident() == main:
            signal.raise_signal(signal.SIGINT)
        time.sleep(0.01)
        done.append(first)

    start = time.perf_counter()
    with pytest.raises(KeyboardInterrupt):
        pool.share(work, 100_000, 1.0)
    # No piece is started after it: twelve pieces of 0.01 s, but for one in flight.
    assert len(done) < 12
    assert time.perf_counter() - start < 5
    assert _taken(10) == list(range(10))


def test_callers_on_many_threads_do_not_wait_for_each_other():
    results, start = [], time.perf_counter()
    callers = [
        threading.Thread(target=lambda: results.append(_taken(40, pause=0.002)))
        for _ in range(8)
    ]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join(20)
    assert results == [list(range(40))] * 8
    assert time.perf_counter() - start < 20


def test_work_inside_work_is_no_deadlock():
    inner = []

    def work(first: int, after: int) -> None:
        inner.extend(_taken(20) for _ in range(first, after))

    pool.share(work, 12, 1.0)
    assert inner == [list(range(20))] * 12


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_process_gets_threads_of_its_own():
    assert _taken(12) == list(range(12))
    context = multiprocessing.get_context("fork")
    receive, send = context.Pipe(duplex=False)

    def take():
        torch.set_num_threads(3)  # one, where a network ran before
        send.send(_taken(12))

    child = context.Process(target=take)
    child.start()
    assert receive.poll(20), "the child waits for threads that it does not have"
    assert receive.recv() == list(range(12))
    child.join(20)
    assert child.exitcode == 0
