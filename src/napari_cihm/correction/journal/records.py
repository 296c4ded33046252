"""Checksummed records, one behind another, that can be read past damage."""

import struct
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

VERSION = 1
# No text, and broken by anything that treats the file as text.
MAGIC = b"\x93CIHM\r\n\x1a"
# magic, version, kind, number, time, length and checksum of the payload
_HEAD = struct.Struct("<8sHHQdII")
_SEAL = struct.Struct("<I")
HEAD_BYTES = _HEAD.size + _SEAL.size


class Kind(IntEnum):
    """What a record holds."""

    BEGIN = 1
    """Whose file this is: JSON."""
    EDIT = 2
    """Values that pixels took."""
    PIECE = 4
    """A part of a snapshot."""
    END = 5
    """A snapshot is complete: JSON."""
    CLOSED = 6
    """The session ended as it should: JSON."""


@dataclass(frozen=True)
class Head:
    """What stands before a record's payload."""

    kind: int
    number: int
    time: float
    length: int
    checksum: int


@dataclass(frozen=True)
class Record:
    """One sound record."""

    kind: int
    number: int
    time: float
    payload: bytes


@dataclass(frozen=True)
class Damage:
    """Bytes that are no sound record; the last of a file may be one half written."""

    start: int
    stop: int
    last: bool


def pack(kind: Kind, number: int, payload: bytes, when: float | None = None) -> bytes:
    """Make a record of a payload."""
    moment = time.time() if when is None else when
    head = _HEAD.pack(
        MAGIC, VERSION, kind, number, moment, len(payload), zlib.crc32(payload)
    )
    return head + _SEAL.pack(zlib.crc32(head)) + payload


def read_head(data: bytes, at: int = 0) -> Head | None:
    """Read what stands before a payload, or None where nothing sound stands."""
    if len(data) - at < HEAD_BYTES:
        return None
    head = bytes(data[at : at + _HEAD.size])
    (seal,) = _SEAL.unpack_from(data, at + _HEAD.size)
    if zlib.crc32(head) != seal:
        return None
    magic, version, kind, number, moment, length, checksum = _HEAD.unpack(head)
    if magic != MAGIC or version > VERSION:
        return None
    return Head(kind, number, moment, length, checksum)


def read_records(data: bytes) -> Iterator[Record | Damage]:
    """Go through the records of a file, and past its damage.

    After damage, reading goes on where the next magic begins a record that is
    sound from its first byte to its last.
    """
    at = 0
    while at < len(data):
        record = _record_at(data, at)
        if record is not None:
            yield record
            at += HEAD_BYTES + len(record.payload)
            continue
        after = _next_sound(data, at + 1)
        yield Damage(at, after, after == len(data))
        at = after


def _record_at(data: bytes, at: int) -> Record | None:
    head = read_head(data, at)
    if head is None:
        return None
    payload = bytes(data[at + HEAD_BYTES : at + HEAD_BYTES + head.length])
    if len(payload) < head.length or zlib.crc32(payload) != head.checksum:
        return None
    return Record(head.kind, head.number, head.time, payload)


def _next_sound(data: bytes, at: int) -> int:
    while True:
        at = data.find(MAGIC, at)
        if at < 0:
            return len(data)
        if _record_at(data, at) is not None:
            return at
        at += 1
