"""Memory that is kept is had again at once, and given back when asked for."""

import subprocess
import sys

import pytest

from napari_cihm.memory import _libc

pytestmark = pytest.mark.skipif(
    not hasattr(_libc(), "mallopt"), reason="memory is not glibc's to keep"
)

# Pages that were had anew for the same array of 64 MiB, and those held in the end.
SCRIPT = """
import resource, threading
import numpy as np
from napari_cihm.memory import give_back, keep_memory

def fill():
    for _ in range(10):
        np.ones(2**23)

def held():
    return int(open("/proc/self/statm").read().split()[1])

keep_memory()
thread = threading.Thread(target=fill)
thread.start()
thread.join()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
thread = threading.Thread(target=fill)
thread.start()
thread.join()
faults = resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
kept = held()
give_back()
print(faults, kept - held())
"""
ARRAY = 2**26 // 4096  # pages


def test_what_is_freed_serves_again_in_each_thread_and_can_be_given_back():
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        capture_output=True,
        text=True,
        check=True,
    )
    faults, given_back = map(int, done.stdout.split())
    assert faults < ARRAY
    assert given_back > 0.9 * ARRAY
