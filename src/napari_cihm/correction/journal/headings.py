"""Read what a journal's files say of themselves, and choose the one to start from."""

import json
from pathlib import Path
from typing import Any

from napari_cihm.correction.journal.files import LOG, PART, SNAPSHOT, generations
from napari_cihm.correction.journal.records import Kind, Record, read_records
from napari_cihm.errors import ReadError

# Bytes that the first record of a file takes, and more.
BEGINNING = 1 << 16


def read_about(path: Path) -> dict[str, Any]:
    """Return what the newest readable file of a journal says of itself.

    Raises
    ------
    ReadError
        If none can be read.
    """
    files = [*generations(path, SNAPSHOT).values(), *generations(path, LOG).values()]
    for file in sorted(files, key=generation_of, reverse=True):
        about = _about(file)
        if about is not None:
            return about
    raise ReadError(
        f"{path.name} is not a readable journal",
        "a folder with a log or a snapshot",
        "it was damaged, or its program ended before writing anything",
    )


def newest_base(path: Path) -> tuple[Path | None, dict[str, Any]]:
    """Choose the snapshot to start from: the newest sound one, or what there is."""
    snapshots = list(reversed(generations(path, SNAPSHOT).values()))
    sound = [s for s in snapshots if _is_sound(s)]
    parts = list(generations(path, SNAPSHOT + PART).values())
    for file in (*sound, *snapshots, *parts):
        about = _about(file)
        if about is not None:
            return file, about
    about = read_about(path)
    return (snapshots[0] if snapshots else None), about


def _about(file: Path) -> dict[str, Any] | None:
    # A snapshot is long, and its beginning enough unless that was damaged.
    for limit in (BEGINNING, -1):
        for record in read_records(contents(file, limit)):
            if isinstance(record, Record) and record.kind == Kind.BEGIN:
                document = json.loads(record.payload)
                return document if {"identity", "labels"} <= set(document) else None
    return None


def _is_sound(file: Path) -> bool:
    return all(isinstance(record, Record) for record in read_records(contents(file)))


def contents(file: Path, limit: int = -1) -> bytes:
    """Return a file's bytes, or so many of them.

    Raises
    ------
    ReadError
        If it cannot be read.
    """
    try:
        with file.open("rb") as opened:
            return opened.read(limit)
    except OSError as error:
        raise ReadError(
            f"{file} cannot be read ({error.strerror})", "a journal's file"
        ) from error


def generation_of(file: Path) -> int:
    """Return the number in a file's name."""
    return int(file.name.split("-")[1].split(".")[0])
