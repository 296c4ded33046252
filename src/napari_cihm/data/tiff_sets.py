"""TIFF files with several images, and images that lie in several files."""

from pathlib import Path, PurePath
from xml.etree import ElementTree

import tifffile

from napari_cihm.errors import ReadError

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
    homes = [_homes(series) for series in file.series]
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
    there = {PurePath(home).name.lower() for home in _homes(series)}
    missing = _missing(file, there)
    if missing:
        raise ReadError(
            f"{path} is one of several files of an image, of which "
            f"{', '.join(missing[:3])}{' ...' if missing[3:] else ''} are missing or "
            "broken",
            "all of them in one folder, under the names that they were saved with",
            f"copy them to {path.parent}",
        )


def lies_in(page: tifffile.TiffPage | tifffile.TiffFrame | None, path: str) -> bool:
    """Tell whether a page is there, and in this file."""
    return page is not None and page.parent.filehandle.path == path


def _homes(series: tifffile.TiffPageSeries) -> list[str]:
    """Return the files of a series in the order of its pages."""
    pages = (page for page in series.pages if page is not None)
    return list(dict.fromkeys(page.parent.filehandle.path for page in pages))


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
