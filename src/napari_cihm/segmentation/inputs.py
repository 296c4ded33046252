"""From what the user names to the images in it: files, folders, DSB18, Zarr."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from napari_cihm.data.listing import images_in, name_of
from napari_cihm.data.ome_zarr import is_zarr
from napari_cihm.data.reading import SUFFIXES, TIFFS
from napari_cihm.errors import ReadError

OURS = ("_labels", "_maps", "_uncertainty")  # endings of what a run wrote itself


@dataclass(frozen=True)
class Input:
    """One image to segment.

    Parameters
    ----------
    path : Path
        What the user sees it as.
    name : str
        What its outputs are named after.
    files : tuple of Path
        The planes, when many files make one stack.
    alone : bool
        Whether it is the only one of the run.
    """

    path: Path
    name: str
    files: tuple[Path, ...] = ()
    alone: bool = False

    @property
    def source(self) -> Path | Sequence[Path]:
        """What to read."""
        return self.files or self.path


def find_inputs(paths: Iterable[str | Path], stack: bool = False) -> list[Input]:
    """List the images that files and folders hold, in order.

    Parameters
    ----------
    paths : iterable of str or Path
        Files, ``.zarr`` folders, folders of images, a DSB18 folder or one of its
        samples.
    stack : bool
        Take the TIFF files of a folder as the planes of one stack.

    Raises
    ------
    ReadError
        If a folder holds no image, or nothing is given.
    """
    found: list[Input] = []
    for path in map(Path, paths):
        path = path.expanduser()
        if not path.is_dir() or is_zarr(path):
            found.append(Input(path, name_of(path)))
        elif stack:
            planes = tuple(p for p in _images(path) if p.suffix.lower() in TIFFS)
            found.append(Input(path, path.resolve().name, planes))
        else:
            found += _folder(path)
    if not found:
        raise ReadError("no image was named", "at least one file or folder")
    return [replace(one, alone=len(found) == 1) for one in _distinct(found)]


def _folder(path: Path) -> list[Input]:
    samples = [path, *sorted(p for p in path.iterdir() if p.is_dir())]
    found = []
    for sample in samples:
        inside = sample / "images"
        own = sorted(inside.glob(f"{sample.resolve().name}.*"))
        if own:  # DSB18: <id>/images/<id>.png
            found.append(Input(own[0], sample.resolve().name))
    if found:
        return found
    images = _images(path) or _images(path / "images")
    if not images:
        raise ReadError(
            f"{path} holds no image",
            f"files that end in {', '.join(SUFFIXES)}, or a DSB18 folder",
        )
    return [Input(image, name_of(image)) for image in images]


def _images(folder: Path) -> list[Path]:
    return [p for p in images_in(folder, SUFFIXES) if not p.stem.endswith(OURS)]


def _distinct(found: list[Input]) -> list[Input]:
    """Keep endings in the names of images that would write the same file."""
    uses = Counter(one.name for one in found)
    named = [
        replace(one, name=one.path.name) if uses[one.name] > 1 else one for one in found
    ]
    again = Counter(one.name for one in named)
    return [
        replace(one, name=f"{one.path.resolve().parent.name}_{one.name}")
        if again[one.name] > 1
        else one
        for one in named
    ]
