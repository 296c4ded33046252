"""TIFF and OME-TIFF, read part by part."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import tifffile

from napari_cihm.data.axes import LETTERS, MOST_CHANNELS, tidy_axes
from napari_cihm.data.image import Image
from napari_cihm.data.listing import name_of
from napari_cihm.data.tiff_pixels import LazyTiff
from napari_cihm.data.tiff_scale import physical_size, read_ome
from napari_cihm.data.tiff_sets import (
    POSITIONS,
    check_set,
    lies_in,
    own_series,
    position_in,
)
from napari_cihm.errors import ReadError

OPACITIES = {tifffile.EXTRASAMPLE.ASSOCALPHA, tifffile.EXTRASAMPLE.UNASSALPHA}
NAMED = {*LETTERS.upper(), "S"}
UNNAMED = "IQ"  # what tifffile calls the axis of pages that nothing names


def first_bytes(path: Path) -> bytes:
    """Return what tells the kind of a file; nothing of a folder."""
    if path.is_dir():
        return b""
    with open(path, "rb") as file:
        return file.read(16)


def is_tiff(start: bytes) -> bool:
    """Tell whether a file with these first bytes is a TIFF."""
    return start[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


def open_tiff(path: Path, axes: str | None = None, level: int = 0) -> Image:
    """Open the first image that a TIFF has of its own, its axes and scale as it says.

    Pages that nothing names are slices, as ImageJ and napari open them and as programs
    that know no metadata write them. A few of them may be channels as well: which, no
    file tells, so the image's note says how to have it so.

    Raises
    ------
    ReadError
        If the file ends before its pixels do, or holds no such level.
    """
    with _complaints(path), tifffile.TiffFile(path) as file:
        if not file.series:
            raise ReadError(f"{path} holds no image", "a TIFF with a page")
        number, many = own_series(path, file)
        check_set(path, file, number)
        levels = file.series[number].levels
        if not 0 <= level < len(levels):
            raise ReadError(
                f"{path} has no level {level}", f"0 to {len(levels) - 1}, 0 the finest"
            )
        series = levels[level]
        _check_whole(path, file, series)
        own = _own_axes(series, position_in(series, file.filehandle.path))
        scale, units = physical_size(file, number, level)
        fits = own is not None and (axes is None or len(axes) == len(own[0]))
        letters, index = own if own is not None and fits else (axes, ())
        white, dtype = _white(series), np.dtype(series.dtype)
        data = LazyTiff(path, level, series.shape, dtype, index, white, number)
        notes = []
        if many > 1:
            notes.append(f"{path.name} holds {many} images; the first was taken")
        if file.is_ome and read_ome(file) is None:
            notes.append(f"the OME metadata of {path.name} are broken and were ignored")
        if lost := sum(page is None for page in series.pages):
            planes = f"{lost} of {len(series.pages)} planes"
            notes.append(f"{path.name} lacks {planes}, which are taken for black")
        if not axes and own is not None:
            notes += _axes_notes(series, *own)
    note = "; ".join(notes)
    image = Image.of(data, axes or letters, name=name_of(path), path=path, note=note)
    scale = {k: v for k, v in scale.items() if k in image.axes}
    units = {k: v for k, v in units.items() if k in image.axes}
    return replace(image, scale=scale, units=units)


def named_axes(path: Path) -> tuple[str, tuple[int, ...]] | None:
    """Return the axes that a TIFF names, and their sizes; None where it names none."""
    with _complaints(path), tifffile.TiffFile(path) as file:
        series = file.series[0] if file.series else None
        if series is None or not set(series.axes) <= NAMED:
            return None
        own = _own_axes(series, None)
        letters = "" if own is None else own[0]
        return (letters, series.shape) if len(letters) == series.ndim else None


@contextmanager
def _complaints(path: Path) -> Iterator[None]:
    """Refuse a file of which tifffile says, in its log alone, that it is broken."""
    heard: list[str] = []

    def hear(record: logging.LogRecord) -> bool:
        if record.thread != threading.get_ident() or record.levelno < logging.ERROR:
            return True
        message = record.getMessage()
        if "OME series raised" not in message:  # the pixels are whole without it
            heard.append(message)
        return False

    logger = logging.getLogger("tifffile")
    disabled = logger.disabled  # as a program's own logging settings may leave it
    logger.disabled = False
    logger.addFilter(hear)
    try:
        yield
    finally:
        logger.removeFilter(hear)
        logger.disabled = disabled
    if heard:
        raise ReadError(
            f"{path} is cut off or broken ({heard[0]})",
            "an intact TIFF",
            "copy it again",
        )


def _own_axes(
    series: Any, position: int | None
) -> tuple[str, tuple[int | slice, ...]] | None:
    """Return our letters for a file's axes, and what of each dimension is kept."""
    names, shape = series.axes, list(series.shape)
    place = names.find(POSITIONS)
    if position is not None:
        names, shape = names.replace(POSITIONS, ""), shape[:place] + shape[place + 1 :]
    own = tidy_axes(names, shape)
    if own is None:
        return None
    letters, index = own
    if position is not None:
        index = (*index[:place], position, *index[place:])
    grey = series.axes.endswith("S") and series.shape[-1] == 2
    if grey and not OPACITIES.isdisjoint(series.keyframe.extrasamples):
        # What a pixel shows is grey, and its second sample no channel.
        letters, index = letters.replace("c", ""), (*index[:-1], 0)
    return letters, index


def _axes_notes(
    series: Any, letters: str, index: tuple[int | slice, ...]
) -> Iterator[str]:
    """Say what was taken for depth or time that a file does not call so."""
    names = zip(series.axes, series.shape, index, strict=True)
    kept = [(name, n) for name, n, i in names if isinstance(i, slice)]
    for (name, many), letter in zip(kept, letters, strict=True):
        if name.lower() in (*LETTERS, "s"):
            continue
        few = many <= MOST_CHANNELS and letter in "tz" and "c" not in letters
        if name in UNNAMED and not few:
            continue
        pages = "pages without a name" if name in UNNAMED else f"planes along {name}"
        taken = "slices" if letter == "z" else "times"
        note = f"{many} {pages} were taken for {taken} (axes {letters})"
        if few:
            channels = letters.replace(letter, "c")
            note += f"; if they are channels, give the axes {channels}"
        yield note


def _white(series: Any) -> int | None:
    """Return the number that is black, where a file says that 0 is white."""
    page = series.keyframe
    turned = page.photometric == tifffile.PHOTOMETRIC.MINISWHITE
    known = turned and np.dtype(series.dtype).kind in "bu"
    return 2**page.bitspersample - 1 if known else None


def _check_whole(path: Path, file: tifffile.TiffFile, series: Any) -> None:
    """Refuse a file that ends before its pixels do: decoders would pad it."""
    size = path.stat().st_size
    for page in series.pages:
        if not lies_in(page, file.filehandle.path):
            continue
        ends = np.add(page.dataoffsets, page.databytecounts, dtype=np.int64)
        last = int(max(ends, default=0))
        if last > size:
            raise ReadError(
                f"{path} is cut off: its pixels end at byte {last:,} but the file at "
                f"{size:,}",
                "an intact TIFF",
                "copy it again",
            )
