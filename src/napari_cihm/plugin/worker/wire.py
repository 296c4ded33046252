"""Messages between the window and its worker: pickles, with large arrays beside them.

Both ends are ours, and the pipe between them is private; nothing from a file or a
network is ever unpickled here.
"""

import io
import pickle
import struct
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, BinaryIO

from napari_cihm.errors import CihmError, is_out_of_memory
from napari_cihm.events import Event

Lend = Callable[[Any], tuple[Any, ...] | None]
Find = Callable[[tuple[Any, ...]], Any]


@dataclass(frozen=True)
class Start:
    """Begin a job; jobs of one lane follow each other, lanes run side by side."""

    number: int
    lane: str
    job: str
    arguments: dict[str, Any]


@dataclass(frozen=True)
class Stop:
    """End a job at its next event."""

    number: int


@dataclass(frozen=True)
class Finish:
    """Ask a job for the best it has so far."""

    number: int


@dataclass(frozen=True)
class Said:
    """A job yielded an event."""

    number: int
    event: Event


@dataclass(frozen=True)
class Ended:
    """A job came to its end, or stopped as it was told."""

    number: int
    stopped: bool = False


@dataclass(frozen=True)
class Failure:
    """Why a job failed: for the user, and for the log."""

    text: str
    remedy: str = ""
    expected: bool = False
    trace: str = ""


def failure_of(error: BaseException) -> Failure:
    """Put an error into words for the user and for the log."""
    trace = "".join(traceback.format_exception(error))
    if isinstance(error, CihmError):
        return Failure(error.problem, error.remedy, True, trace)
    if isinstance(error, OSError) and error.strerror:
        said = error.strerror[:1].lower() + error.strerror[1:]
        named = f"{error.filename}: {said}" if error.filename else said
        return Failure(
            named, "look whether the file and its disk are there", True, trace
        )
    if is_out_of_memory(error):
        return Failure(
            "the machine ran out of memory",
            "close other programs, lower the memory in the preferences, or compute "
            "on another device",
            True,
            trace,
        )
    return Failure(f"{type(error).__name__}: {error}", trace=trace)


@dataclass(frozen=True)
class Failed:
    """A job raised."""

    number: int
    failure: Failure


@dataclass(frozen=True)
class Ask:
    """The worker needs a part of an array that stayed with the window."""

    token: int
    key: int
    index: Any


@dataclass(frozen=True)
class Answer:
    """The part it asked for, or why there is none."""

    token: int
    part: Any
    problem: str = ""


class _Pickler(pickle.Pickler):
    def __init__(self, file: BinaryIO, lend: Lend, beside: list[Any]) -> None:
        super().__init__(file, 5, buffer_callback=beside.append)
        self.lend = lend

    def persistent_id(self, obj: Any) -> Any:
        """Name what is lent instead of sent."""
        return self.lend(obj)


class _Unpickler(pickle.Unpickler):
    def __init__(self, body: bytes, find: Find, beside: list[bytearray]) -> None:
        super().__init__(io.BytesIO(body), buffers=beside)
        self.find = find

    def persistent_load(self, pid: Any) -> Any:
        """Find what is lent."""
        return self.find(pid)


def send(file: BinaryIO, message: Any, lend: Lend) -> None:
    """Write a message; arrays are written as they lie in memory, uncopied."""
    beside: list[pickle.PickleBuffer] = []
    body = io.BytesIO()
    _Pickler(body, lend, beside).dump(message)
    parts = [body.getbuffer(), *(buffer.raw() for buffer in beside)]
    sizes = [part.nbytes for part in parts]
    file.write(struct.pack(f"<Q{len(sizes)}Q", len(sizes), *sizes))
    for part in parts:
        file.write(part)
    file.flush()


def receive(file: BinaryIO, find: Find) -> Any:
    """Read the next message.

    Raises
    ------
    EOFError
        When the other end is gone.
    """
    (count,) = struct.unpack("<Q", _read(file, 8))
    sizes = struct.unpack(f"<{count}Q", _read(file, 8 * count))
    body, *beside = [_read(file, size) for size in sizes]
    return _Unpickler(bytes(body), find, beside).load()


def _read(file: BinaryIO, size: int) -> bytearray:
    content = bytearray(size)
    view, done = memoryview(content), 0
    while done < size:
        got = file.readinto(view[done:])  # type: ignore[attr-defined]
        if not got:
            raise EOFError
        done += got
    return content
