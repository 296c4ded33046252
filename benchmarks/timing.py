"""Time rivals side by side, and say on what machine."""

import os
import platform
import statistics
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch


class Seconds(NamedTuple):
    """What one run takes: by the clock, and of all processors together.

    On a machine that others use too, the clock favours what is over before its turn is;
    processor time does not, but counts the second thread of what runs on two.
    """

    wall: float
    cpu: float


def rival_seconds(
    rivals: Mapping[str, Callable[[], object]], seconds: float = 5.0, rounds: int = 3
) -> dict[str, Seconds]:
    """Give each rival's median times; all have a turn in each round.

    Parameters
    ----------
    rivals : mapping of str to callable
        What is timed. The first run of each that is over in a second only warms it up;
        one that takes longer than `seconds` is run once.
    seconds : float
        About how long the fast ones take in all; they repeat within their turn.
    rounds : int
        Turns of each rival.

    Returns
    -------
    dict of str to Seconds
        Medians over the runs.
    """
    first = {name: timed(run) for name, run in rivals.items()}
    taken = {name: [t] if t.wall > 1 else [] for name, t in first.items()}
    turn = seconds / rounds / len(rivals)
    for _ in range(rounds):
        for name, run in rivals.items():
            if first[name].wall > seconds:
                continue
            until = time.perf_counter() + turn
            while True:
                taken[name].append(timed(run))
                if time.perf_counter() > until:
                    break
    return {
        name: Seconds(*map(statistics.median, zip(*times, strict=True)))
        for name, times in taken.items()
    }


def timed(run: Callable[[], object]) -> Seconds:
    """Time one run, the device's work included."""
    _settle()
    wall, cpu = time.perf_counter(), time.process_time()
    run()
    _settle()
    return Seconds(time.perf_counter() - wall, time.process_time() - cpu)


def _settle() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def machine() -> dict[str, Any]:
    """Describe where figures come from, and how busy it was."""
    cpu = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        lines = info.read_text().splitlines()
        names = [line.partition(":")[2] for line in lines if "model name" in line]
        cpu = names[0].strip() if names else cpu
    found = {
        "cpu": cpu,
        "cores": len(os.sched_getaffinity(0)) if info.exists() else os.cpu_count(),
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "python": platform.python_version(),
        "load": [round(load, 1) for load in os.getloadavg()] if info.exists() else [],
    }
    if torch.cuda.is_available():
        found["gpu"] = torch.cuda.get_device_name()
    return found


def print_table(title: str, head: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Print a Markdown table."""
    print(f"\n### {title}\n")
    print("| " + " | ".join(head) + " |")
    print("|" + "---|" * len(head))
    for row in rows:
        print("| " + " | ".join(map(str, row)) + " |", flush=True)
