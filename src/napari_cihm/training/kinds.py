"""Kinds of images, as a table beside them tells, for figures of each."""

import csv
from pathlib import Path


def read_kinds(folder: Path) -> dict[str, str]:
    """Read the kinds of images from an ``index.csv`` in the folder or above it.

    The table has the columns ``id`` and ``kind``; without it there are no kinds.
    """
    for place in (folder, folder.resolve().parent):
        table = place / "index.csv"
        if table.is_file():
            rows = csv.DictReader(_text(table).splitlines())
            return {r["id"]: r["kind"] for r in rows if r.get("id") and r.get("kind")}
    return {}


def _text(table: Path) -> str:
    """Read a table as programs write it: UTF-8, with or without a mark, or Latin."""
    written = table.read_bytes()
    try:
        return written.decode("utf-8-sig")
    except UnicodeDecodeError:
        return written.decode("latin-1")
