"""TIFF files with several images, and images that lie in several files."""

from collections.abc import Iterable
from math import prod
from pathlib import Path, PurePath
from xml.etree import ElementTree

import tifffile

from napari_cihm.errors import ReadError

Page = tifffile.TiffPage | tifffile.TiffFrame

POSITIONS = "R"  # tifffile's letter for them
SIDE = {"thumbnail", "label", "macro", "map"}  # what a slide has beside its image


def own_series(path: Path, file: tifffile.TiffFile) -> tuple[int, int]:
    """Find the first image that begins in a file, and count those that do.

    The files of an OME-TIFF set name one another, so each of them shows the images
    of all: without a choice, each would give the image of the first.

    Raises
    ------
    ReadError
        If no image begins in this file.
    """
    here = file.filehandle.path
    homes = [_homes(_pages_of(series, here)) for series in file.series]
    own = [n for n, home in enumerate(homes) if home[0] == here]
    if not own:
        parts = next((home for home in homes if here in home), homes[0])
        first = Path(parts[0]).name
        raise ReadError(
            f"by its metadata, the image of {path} begins in {first}",
            "the first file of an image",
            f"open {first}, which gives all of it",
        )
    return own[0], sum(not _beside(file.series[n]) for n in own)


def check_set(path: Path, file: tifffile.TiffFile, number: int) -> None:
    """Refuse an image of which files are missing: they would be read as zeros.

    Pages that a file left out on purpose are zeros by OME's own rule.
    """
    series = file.series[number]
    lacks = any(page is None for page in series.pages)
    if not lacks or series.kind != "ome" or not file.ome_metadata:
        return
    there = {PurePath(home).name.lower() for home in _homes(series.pages)}
    missing = _missing(file, there)
    if missing:
        raise ReadError(
            f"{path} is one of several files of an image, of which "
            f"{', '.join(missing[:3])}{' ...' if missing[3:] else ''} are missing or "
            "broken",
            "all of them in one folder, under the names that they were saved with",
            f"copy them to {path.parent}",
        )


def lies_in(page: Page | None, path: str) -> bool:
    """Tell whether a page is there, and in this file."""
    return page is not None and page.parent.filehandle.path == path


def position_in(series: tifffile.TiffPageSeries, path: str) -> int | None:
    """Return which position lies in a file, where a set makes all of them one image.

    Micro-Manager's are such sets.
    """
    if POSITIONS not in series.axes or len(_homes(series.pages)) == 1:
        return None
    pages = zip(series.pages, _positions(series), strict=True)
    return next((place for page, place in pages if lies_in(page, path)), None)


def _positions(series: tifffile.TiffPageSeries) -> list[int]:
    """Return the position of each page."""
    outer = series.shape[: series.axes.index(POSITIONS) + 1]
    inner = len(series.pages) // prod(outer)
    return [n // inner % outer[-1] for n in range(len(series.pages))]


def _pages_of(series: tifffile.TiffPageSeries, path: str) -> list[Page | None]:
    """Return the pages of a series, or of a set's those of the position in a file."""
    own = position_in(series, path)
    if own is None:
        return list(series.pages)
    pages = zip(series.pages, _positions(series), strict=True)
    return [page for page, place in pages if place == own]


def _homes(pages: Iterable[Page | None]) -> list[str]:
    """Return the files in which pages lie, in their order."""
    there = (page for page in pages if page is not None)
    return list(dict.fromkeys(page.parent.filehandle.path for page in there))


def _beside(series: tifffile.TiffPageSeries) -> bool:
    first = series.name.lower().partition(" ")[0]
    return series.keyframe.is_reduced or first in SIDE


def _missing(file: tifffile.TiffFile, there: set[str]) -> list[str]:
    """Name the files that an image with these files lacks."""
    root = ElementTree.fromstring(file.ome_metadata or "")
    lacking: dict[str, None] = {}
    for image in root:
        entries = [e for e in image.iter() if e.tag.endswith("UUID")]
        names = [
            file.filename  # under whatever name it goes now
            if entry.text == root.get("UUID")
            else PurePath(entry.get("FileName", "")).name
            for entry in entries
        ]
        if not there.isdisjoint(name.lower() for name in names):
            lacking |= {n: None for n in names if n and n.lower() not in there}
    return list(lacking)
