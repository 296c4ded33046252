"""Writing files so that a name never holds half of one."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from napari_cihm.errors import WriteError


@contextmanager
def whole_file(path: Path) -> Iterator[Any]:
    """Write a file beside its name and move it there only when it is whole."""
    with _beside(path) as beside, clear_errors(path):
        with open(beside, "wb") as file:
            yield file
        os.replace(beside, path)


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Write a folder beside its name and move it there only when it is whole."""
    with _beside(path) as beside, clear_errors(path):
        yield beside
        if not path.exists():
            os.replace(beside, path)
            return
        with _beside(path, "old") as old:
            os.replace(path, old)
            os.replace(beside, path)


def ready_folder(path: Path) -> Path:
    """Make a folder, and find out now whether anything can be written into it."""
    with clear_errors(path):
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            return path


@contextmanager
def clear_errors(path: Path) -> Iterator[None]:
    """Turn the system's refusal to write into one readable line."""
    try:
        yield
    except WriteError:
        raise
    except OSError as error:
        raise WriteError(
            f"{path} could not be written ({error.strerror or error})",
            "a folder that can be written to, with room on its disk",
            "free some space or name another folder; nothing half-written was left",
        ) from error


@contextmanager
def _beside(path: Path, why: str = "part") -> Iterator[Path]:
    beside = path.with_name(f".{path.name}.{os.getpid()}.{why}")
    try:
        yield beside
    finally:
        if beside.is_dir():
            shutil.rmtree(beside, ignore_errors=True)
        else:
            beside.unlink(missing_ok=True)
