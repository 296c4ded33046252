"""Blocks of changed pixels as bytes, small enough to write one a stroke."""

import struct
import zlib
from collections.abc import Iterable, Iterator, Sequence
from enum import IntEnum
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_cihm.correction.edits import Block
from napari_cihm.data.boxes import box_at, shape_of, volume_of

_SECTION = struct.Struct("<BB4sI")
_MASKED, _ONE, _RUNS = 1, 2, 4


class Target(IntEnum):
    """Which array a block belongs to."""

    LABELS = 0
    PERSON = 1
    EDITS = 2


Changes = Sequence[tuple[Target, Sequence[Block]]]


def encode(changes: Changes) -> bytes:
    """Pack the new values of blocks, for one or more arrays.

    Of each block its box, its mask as bits, and its values: one for all, runs of
    equal ones, or all of them, whichever is least. What stood there before is
    not kept.
    """
    parts: list[bytes] = []
    for target, blocks in changes:
        if not blocks:
            continue
        dtype = blocks[0].new.dtype.newbyteorder("<")
        ndim = len(blocks[0].box)
        name = dtype.str.encode().ljust(4)
        parts.append(_SECTION.pack(target, ndim, name, len(blocks)))
        for block in blocks:
            parts.extend(_packed(block, dtype))
    return zlib.compress(b"".join(parts), level=1)


def decode(payload: bytes) -> Iterator[tuple[Target, Block]]:
    """Unpack blocks; their old values are not known and stand as the new ones.

    Raises
    ------
    ValueError
        If the bytes are no packed blocks.
    """
    try:
        file = BytesIO(zlib.decompress(payload))
        while head := file.read(_SECTION.size):
            target, ndim, name, count = _SECTION.unpack(head)
            dtype = np.dtype(name.decode().strip())
            for _ in range(count):
                yield Target(target), _unpacked(file, ndim, dtype)
    except (struct.error, zlib.error, TypeError, UnicodeDecodeError) as error:
        raise ValueError(f"not a journal's blocks: {error}") from error


def _packed(block: Block, dtype: np.dtype[Any]) -> Iterable[bytes]:
    values = np.ascontiguousarray(block.new, dtype)
    flags, mask = 0, b""
    if not block.new.ndim:
        flags |= _ONE
        body = values.tobytes()
    else:
        flat = values.reshape(-1)
        starts = np.flatnonzero(flat[1:] != flat[:-1]) + 1
        if 2 * (len(starts) + 1) < flat.size:
            flags |= _RUNS
            ends = np.append(starts, flat.size)
            lengths = np.diff(ends, prepend=0).astype("<u8")
            body = struct.pack("<Q", len(lengths)) + lengths.tobytes()
            body += flat[ends - 1].tobytes()
        else:
            body = flat.tobytes()
    if block.mask is not None:
        flags |= _MASKED
        mask = np.packbits(block.mask.reshape(-1)).tobytes()
    numbers = *block.start, *block.shape
    place = struct.pack(f"<B{len(numbers)}q", flags, *numbers)
    return place, mask, body


def _unpacked(file: BytesIO, ndim: int, dtype: np.dtype[Any]) -> Block:
    flags, *numbers = _take(file, struct.Struct(f"<B{2 * ndim}q"))
    box = box_at(numbers[:ndim], numbers[ndim:])
    area = volume_of(box)
    mask = None
    count = area
    if flags & _MASKED:
        bits = _array(file, np.dtype(np.uint8), -(-area // 8))
        mask = np.unpackbits(bits, count=area).astype(np.bool_).reshape(shape_of(box))
        count = int(np.count_nonzero(mask))
    new = _values(file, flags, count, dtype)
    return Block(box, mask, new, new)


def _values(
    file: BytesIO, flags: int, count: int, dtype: np.dtype[Any]
) -> NDArray[Any]:
    native = dtype.newbyteorder("=")
    if flags & _ONE:
        return _array(file, dtype, 1).astype(native).reshape(())
    if not flags & _RUNS:
        return _array(file, dtype, count).astype(native)
    (runs,) = _take(file, struct.Struct("<Q"))
    lengths = _array(file, np.dtype("<u8"), runs).astype(np.intp)
    if int(lengths.sum()) != count:
        raise ValueError("not a journal's blocks: runs of another length")
    return np.repeat(_array(file, dtype, runs).astype(native), lengths)


def _take(file: BytesIO, form: struct.Struct) -> tuple[Any, ...]:
    """Read a few numbers."""
    return form.unpack(file.read(form.size))


def _array(file: BytesIO, dtype: np.dtype[Any], count: int) -> NDArray[Any]:
    """Read many numbers of one kind."""
    return np.frombuffer(file.read(count * dtype.itemsize), dtype, count)
