"""Paths as they are given: with a ~ for the home folder, or bytes that are no text."""

import os
from pathlib import Path

from napari_cihm.errors import InputError, in_short


def with_home(path: str | Path) -> Path:
    """Put the home folder for a ``~`` in front, unless something is called so.

    Raises
    ------
    InputError
        If it is no path.
    """
    if not isinstance(path, str | os.PathLike) or not str(path):
        raise InputError(f"{in_short(path)} is no path", "the name of a file or folder")
    path = Path(path)
    if os.path.lexists(path):
        return path
    return Path(os.path.expanduser(path))  # which leaves what is nobody's home


def spelled(text: str) -> str:
    """Spell the bytes of a path or an argument that are no text, as some are."""
    return text.encode(errors="surrogateescape").decode(errors="backslashreplace")
