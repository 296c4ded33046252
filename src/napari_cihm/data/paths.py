"""Paths as they are given: with a ~ for the home folder, or bytes that are no text."""

import os
from pathlib import Path


def with_home(path: str | Path) -> Path:
    """Put the home folder for a ``~`` in front, unless something is called so."""
    path = Path(path)
    if os.path.lexists(path):
        return path
    return Path(os.path.expanduser(path))  # which leaves what is nobody's home


def spelled(text: str) -> str:
    """Spell the bytes of a path or an argument that are no text, as some are."""
    return text.encode(errors="surrogateescape").decode(errors="backslashreplace")
