"""The images among a folder's files, and what each is called."""

import re
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from napari_cihm.errors import DataError

# A number of time or depth, and behind it one that only keeps two names apart.
PLACE = re.compile(r"(?:^|[_\-. ])([tz])(\d+)(?:_\d+$)?(?=$|[_\-. ])", re.IGNORECASE)

# What programs put behind an image's name to call its labels, our own first.
OF_LABELS = ("_labels", "_label", "_cp_masks", "_masks", "_mask")

COUNTED = re.compile(r"(\D*)(\d*)")  # what stands before a number, and the number


def natural(name: str) -> tuple[tuple[tuple[str, int], ...], str]:
    """Return what to sort a name by, so that z2 comes before z10."""
    return tuple((a, int(n or -1)) for a, n in COUNTED.findall(name)), name


def images_in(folder: Path, suffixes: Collection[str]) -> list[Path]:
    """List the files that end as images do; none where there is no folder.

    They come in the order of their numbers: slice 2 before slice 10, padded or not.
    Names that begin with a dot are left out: macOS puts a ``._a.tif`` beside an
    ``a.tif`` on disks that are not its own.
    """
    if not folder.is_dir():
        return []
    found = [
        p
        for p in folder.iterdir()
        if p.suffix.lower() in suffixes and not p.name.startswith(".")
    ]
    return sorted(found, key=lambda p: (natural(name_of(p)), p.name))


def name_of(path: Path) -> str:
    """Return a file's name without its ending, and without the ``.ome`` before it."""
    return path.name.removesuffix(path.suffix).removesuffix(".ome")


def holds_namesake(folder: Path, suffixes: Collection[str]) -> bool:
    """Whether ``images/`` in a folder holds one image, called like the folder.

    So it is in the samples of DSB18; a folder ``exp1`` that holds ``exp1.001.tif``
    and more is none.
    """
    here = folder.absolute()
    images = images_in(here / "images", suffixes)
    return [name_of(image) for image in images] == [here.name]


def place_of(name: str) -> tuple[str, tuple[int, ...]]:
    """Tell which stack a picture is a slice of, and where in it, by its name.

    Returns
    -------
    str
        The stack, as ``cells_t_z`` of ``cells_t003_z012``; empty where there is none.
    tuple of int
        The numbers of the slice, in the order in which the name has them.
    """
    numbers = tuple(int(found[2]) for found in PLACE.finditer(name))
    return (PLACE.sub(r"_\1", name) if numbers else ""), numbers


def by_name(paths: Iterable[Path]) -> dict[str, Path]:
    """Find files by their names.

    Raises
    ------
    DataError
        When two have one name, such as ``a.png`` and ``a.tif``.
    """
    named: dict[str, Path] = {}
    for path in paths:
        other = named.setdefault(name_of(path), path)
        if other != path:
            raise DataError(
                f"{other} and {path.name} have the same name",
                "one file for each name",
                "remove one of them, or rename it and what belongs to it",
            )
    return named


def by_image(masks: Mapping[str, Path], images: Collection[str]) -> dict[str, Path]:
    """Find masks by the names of their images.

    A mask is called as its image is, or so and with an ending, as a segmentation
    leaves it: ``a_labels.tif`` belongs to ``a.tif``. What belongs to none keeps its
    name.

    Raises
    ------
    DataError
        When two belong to one image in the same way.
    """
    found = {name: path for name, path in masks.items() if name in images}
    others: dict[str, Path] = {}
    for name, path in masks.items() - found.items():
        endings = (e for e in OF_LABELS if name.removesuffix(e) in images)
        image = name.removesuffix(next(endings, ""))
        if image in found:
            continue  # labels beside a mask that has the very name
        other = others.setdefault(image, path)
        if other != path:
            first, second = sorted((other.name, path.name))
            raise DataError(
                f"{first} and {second} in {path.parent} are both masks of {image}",
                "one mask for each image",
                "remove one of them",
            )
    return found | others
