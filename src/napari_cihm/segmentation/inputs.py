"""From what the user names to the images in it: files, folders, DSB18, Zarr."""

import os
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from napari_cihm.data.listing import holds_namesake, images_in, name_of, natural
from napari_cihm.data.ome_zarr import is_zarr
from napari_cihm.data.paths import with_home
from napari_cihm.data.reading import SUFFIXES, TIFFS, UNREAD
from napari_cihm.errors import ReadError, counted

MOST = 3  # folders that are named where images lie in them alone
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
    note : str
        What is to be said before it is segmented.
    """

    path: Path
    name: str
    files: tuple[Path, ...] = ()
    alone: bool = False
    note: str = ""

    @property
    def source(self) -> Path | Sequence[Path]:
        """What to read."""
        return self.files or self.path


def find_inputs(paths: Iterable[str | Path], stack: bool = False) -> list[Input]:
    """List the images that files and folders hold, each once.

    Those of a folder come in the order of their numbers, 2 before 10.

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
    for path in map(with_home, paths):
        if not path.is_dir() or is_zarr(path):
            found.append(Input(path, name_of(path)))
        elif stack:
            found.append(_stack(path))
        else:
            found += _folder(path)
    if not found:
        raise ReadError("no image was named", "at least one file or folder")
    once: dict[str, Input] = {}
    for one in found:
        once.setdefault(os.path.abspath(one.path), one)
    named = _distinct([*once.values()])
    return [replace(one, alone=len(named) == 1) for one in named]


def _stack(path: Path) -> Input:
    images, note = _images(path)
    planes = tuple(p for p in images if p.suffix.lower() in TIFFS)
    if not planes:
        raise ReadError(
            f"{path} holds no TIFF file to be a plane of a stack"
            + f" ({note})" * bool(note),
            f"files that end in {', '.join(TIFFS)}",
            "without --stack, other images are segmented one by one",
        )
    first, last = planes[0].name, planes[-1].name
    count = counted(len(planes), "file")
    took = f"{path} is a stack of {count}, from {first} to {last}"
    note = "; ".join(filter(None, [took, note]))
    return Input(path, path.resolve().name, planes, note=note)


def _folder(path: Path) -> list[Input]:
    inside = [p for p in path.iterdir() if p.is_dir()]
    folders = [path, *sorted(inside, key=lambda p: natural(p.name))]
    images, note = _images(path)
    if any(holds_namesake(folder, SUFFIXES) for folder in folders):
        more = [_images(folder / "images") for folder in folders]  # DSB18's
    else:
        more = [] if images else [_images(path / "images")]
    images += [image for found, _ in more for image in found]
    note = "; ".join(filter(None, [note, *(left_out for _, left_out in more)]))
    if not images:
        full = [str(folder) for folder in folders[1:] if _images(folder)[0]]
        raise ReadError(
            f"{path} holds no image" + f" ({note})" * bool(note),
            "files that end in .png, .tif and the like, OME-Zarr, or a DSB18 folder",
            f"give {' or '.join(full[:MOST])} instead" if full else "",
        )
    first, *others = images
    found = [Input(first, name_of(first), note=note)]
    return found + [Input(image, name_of(image)) for image in others]


def _images(folder: Path) -> tuple[list[Path], str]:
    """List a folder's images, and say how many are none but results, or not read."""
    found = images_in(folder, SUFFIXES)
    images = [path for path in found if not path.stem.endswith(OURS)]
    said = []
    if left := len(found) - len(images):
        endings = f"{', '.join(OURS[:-1])} or {OURS[-1]}"
        said.append(
            f"{counted(left, 'file')} of {folder} left out as results, since their "
            f"names end in {endings}; to segment one, name the file itself"
        )
    if unread := images_in(folder, UNREAD):
        endings = ", ".join(sorted({path.suffix.lower() for path in unread}))
        said.append(
            f"{counted(len(unread), 'file')} of {folder} left out, since {endings} "
            "cannot be read; convert to OME-TIFF or OME-Zarr"
        )
    return images, "; ".join(said)


def _distinct(found: list[Input]) -> list[Input]:
    """Name images apart that would write the same file, on any disk."""
    choices = [_names(one) for one in found]
    at = [0] * len(found)
    while True:
        names = [own[i] for own, i in zip(choices, at, strict=True)]
        uses = Counter(map(_on_disk, names))
        alike = [n for n, name in enumerate(names) if uses[_on_disk(name)] > 1]
        longer = [n for n in alike if at[n] + 1 < len(choices[n])]
        if not longer:
            break
        for n in longer:
            at[n] += 1
    for n in alike:  # folders do not tell them apart
        names[n] = found[n].path.name
    return [
        replace(one, name=name)
        for one, name in zip(found, _numbered(names), strict=True)
    ]


def _names(one: Input) -> list[str]:
    """Return what an image may be called: with its ending, or ever more folders."""
    names = [one.name, one.path.name]
    for folder in Path(os.path.abspath(one.path)).parents:
        if folder.name:
            names.append(f"{folder.name}_{names[-1] if len(names) > 2 else one.name}")
    return names


def _numbered(names: list[str]) -> list[str]:
    """Give numbers to names that came before."""
    taken = set(map(_on_disk, names))
    met: set[str] = set()
    numbered = []
    for name in names:
        number, own = 2, name
        while _on_disk(own) in met or (own != name and _on_disk(own) in taken):
            own, number = f"{name}_{number}", number + 1
        met.add(_on_disk(own))
        numbered.append(own)
    return numbered


def _on_disk(name: str) -> str:
    """Return a name as disks compare it that mind no capitals or codes of accents."""
    return unicodedata.normalize("NFC", name).casefold()
