"""Writing files so that a name never holds half of one."""

import io
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import get_native_id
from typing import Any, TextIO

from napari_cihm.errors import InputError, WriteError

ELSEWHERE = "free some space or choose another folder; nothing half-written was left"
RENAME = "if you mean this place, rename what is there"


@contextmanager
def whole_file(path: Path) -> Iterator[Any]:
    """Write a file beside its name and move it there only when it is whole.

    What is no file is written to as it is, ``/dev/stdout`` or a pipe for one, and
    never replaced.
    """
    if _is_device(path):
        with clear_errors(path), open(path, "wb") as device:
            yield device
        return
    with _beside(path) as beside, clear_errors(path):
        with open(beside, "wb") as file:
            yield file
        os.replace(beside, path)


@contextmanager
def whole_text(path: Path) -> Iterator[TextIO]:
    """Write a text in this way, in UTF-8 and with line ends as they are given."""
    with whole_file(path) as file, io.TextIOWrapper(file, "utf-8", newline="") as text:
        yield text


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Write a folder beside its name and move it there only when it is whole.

    What was there before is deleted when the new one stands, and not earlier.
    """
    with _beside(path) as beside, clear_errors(path):
        yield beside
        old = _name_beside(path, "old")
        while not _stands(beside, path, old):
            pass
        _remove(old)


def ready_folder(path: Path, remedy: str = ELSEWHERE) -> Path:
    """Make a folder, and find out now whether anything can be written into it.

    Raises
    ------
    WriteError
        Where nothing can be written, or a file is called so.
    """
    for place in (path, *path.parents):
        if os.path.lexists(place) and not place.is_dir():
            raise WriteError(f"{place} is no folder", "one to write into", RENAME)
    with clear_errors(path, remedy):
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            return path


def ready_file(path: Path) -> None:
    """Find out now whether a file can be written, and make its folder.

    Raises
    ------
    InputError
        Where a folder is called so.
    WriteError
        Where nothing can be written.
    """
    if path.is_dir():
        raise InputError(f"{path} is a folder", "a name for a file in it")
    if not (_is_device(path) and os.access(path, os.W_OK)):
        ready_folder(path.parent)


@contextmanager
def clear_errors(path: Path, remedy: str = ELSEWHERE) -> Iterator[None]:
    """Turn the system's refusal to write into one readable line."""
    try:
        yield
    except (WriteError, BrokenPipeError):  # of a pipe, its reader has seen enough
        raise
    except OSError as error:
        raise WriteError(
            f"{path} could not be written ({error.strerror or error})",
            "a folder that can be written to, with room on its disk",
            remedy,
        ) from error


def _stands(beside: Path, path: Path, old: Path) -> bool:
    """Put a folder where another may be, which becomes the old one.

    Returns
    -------
    bool
        False where someone else has put one of his there meanwhile.
    """
    if path.exists():
        _remove(old)
        with suppress(FileNotFoundError):  # someone else has just taken it away
            os.replace(path, old)
    try:
        os.replace(beside, path)
    except BaseException as error:
        if path.exists() and isinstance(error, OSError):
            return False
        if old.exists() and not path.exists():
            _put_back(old, path)
        raise
    return True


def _is_device(path: Path) -> bool:
    """Tell a device or a pipe from files and folders, and from what is not there."""
    return path.exists() and not path.is_file() and not path.is_dir()


def _put_back(old: Path, path: Path) -> None:
    try:
        os.replace(old, path)
    except OSError as error:
        raise WriteError(
            f"{path} could not be replaced ({error.strerror or error})",
            "a folder that no other program holds",
            f"what was there is intact, as {old}: rename it back",
        ) from error


def _name_beside(path: Path, why: str) -> Path:
    thread = get_native_id()  # of all on the machine: each writes a file of its own
    return path.with_name(f".{path.name}.{thread}.{why}")


@contextmanager
def _beside(path: Path) -> Iterator[Path]:
    beside = _name_beside(path, "part")
    try:
        yield beside
    finally:
        _remove(beside)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
