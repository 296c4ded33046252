"""What a process does with memory that it has no use for any more."""

import ctypes
import os
from typing import Any

# What glibc's mallopt calls them.
TRIM_THRESHOLD, MMAP_THRESHOLD, ARENA_MAX = -1, -3, -8
LARGEST = 2**28  # bytes: more than any map of a tile takes


def keep_memory() -> None:
    """Have this process keep the memory of what is gone for what comes next.

    glibc gives that of large arrays back at once. A network makes one with each layer,
    and to be given all those pages anew is a quarter of its time. Only for processes
    that are ours alone; call it before there are threads, so that they share what is
    kept. Elsewhere than with glibc nothing happens.
    """
    if adjust := getattr(_libc(), "mallopt", None):
        adjust(ARENA_MAX, 1)
        adjust(MMAP_THRESHOLD, LARGEST)
        adjust(TRIM_THRESHOLD, LARGEST)


def give_back() -> None:
    """Give the system back what is kept."""
    if trim := getattr(_libc(), "malloc_trim", None):
        trim(0)


def _libc() -> Any:
    return ctypes.CDLL(None) if os.name == "posix" else None
