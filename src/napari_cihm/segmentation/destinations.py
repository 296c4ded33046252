"""Where a batch writes: settled before it begins, and never over what it reads."""

import os
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path

from napari_cihm.data.ome_zarr import is_zarr
from napari_cihm.data.reading import SUFFIXES as IMAGES
from napari_cihm.errors import InputError
from napari_cihm.segmentation.inputs import Input
from napari_cihm.segmentation.output import SUFFIXES

Identity = tuple[int, int] | str  # of a file that is there, whatever it is called


def labels_path(output: Path, one: Input, suffix: str) -> Path:
    """Return where the labels of an image go.

    Parameters
    ----------
    output : Path
        A folder, or for an image that is alone a file.
    one : Input
        The image.
    suffix : str
        Of a file in a folder.
    """
    if one.alone and _ends_as(output, SUFFIXES):
        return output
    return output / f"{one.name}_labels{suffix}"


def path_beside(labels: Path, what: str) -> Path:
    """Return where what belongs to labels goes, their maps for one."""
    stem = labels.stem.removesuffix("_labels")
    return labels.with_name(f"{stem}_{what}{labels.suffix}")


def check_output(output: Path, suffix: str, inputs: Sequence[Input]) -> None:
    """Refuse an output that is called otherwise than what would be there.

    Raises
    ------
    InputError
        For one file of many images, or an ending that labels do not get.
    """
    if not _ends_as(output, IMAGES):
        return
    kind = output.suffix.lower()
    if kind not in SUFFIXES:
        raise InputError(
            f"{output} cannot be the labels, which are not written as {kind}",
            f"a folder, or for one image a name that ends in {', '.join(SUFFIXES)}",
        )
    if not all(one.alone for one in inputs):
        raise InputError(
            f"{output} is one file, and there are {len(inputs)} images",
            "a folder",
            "choose one, or create it first if it should have this name",
        )
    if suffix and not kind.startswith(suffix):  # a .tiff is a .tif
        raise InputError(
            f"{output} cannot be the name of labels in the format {suffix}",
            f"a folder, or a name that ends in {suffix}",
        )


def check_results(
    output: Path,
    suffix: str,
    inputs: Sequence[Input],
    kinds: Iterable[str] = (),
    tables: Iterable[Path] = (),
) -> None:
    """Refuse to write over an image that is to be read, or twice to one file.

    Parameters
    ----------
    output, suffix
        As for `labels_path`; without a suffix, any that labels may get.
    inputs : sequence of Input
        What is read.
    kinds : iterable of str
        What is written beside the labels.
    tables : iterable of Path
        What is written once for all images.

    Raises
    ------
    InputError
        Naming the file, before anything is touched.
    """
    identity = lru_cache(None)(_identity)  # folders come again with each image
    read = {identity(path): path for one in inputs for path in one.files or (one.path,)}
    read.pop(None, None)
    around = {identity(parent) for path in read.values() for parent in _above(path)}
    written, folders = set[str](), set[str]()
    tables = tuple(tables)
    for path in (*_results(output, suffix, inputs, tuple(kinds)), *tables):
        above = tuple(_above(path))
        for place in (path, *above):
            if (image := read.get(identity(place))) is not None:
                raise InputError(
                    f"{path} would be written over the image {image}",
                    "a place of its own for what is written",
                    "name another folder or file",
                )
        if path.suffix.lower() == ".zarr" and identity(path) in around:
            raise InputError(
                f"{path} would be replaced, and it holds an image to read",
                "a place of its own for what is written",
                "name another folder or file",
            )
        if (real := os.path.realpath(path)) in written:
            raise InputError(f"{path} would be written twice", "a file for each")
        written.add(real)
        folders.update(map(str, above))
    for path in tables:
        if os.path.realpath(path) in folders:
            raise InputError(
                f"{path} is to be a folder of results", "a name for a file in it"
            )


def _results(
    output: Path, suffix: str, inputs: Sequence[Input], kinds: tuple[str, ...]
) -> Iterator[Path]:
    for one in inputs:
        stored = (".zarr",) if one.path.suffix == ".zarr" else (".tif", ".zarr")
        paths = {labels_path(output, one, s) for s in ((suffix,) if suffix else stored)}
        for labels in sorted(paths):
            yield labels
            yield from (path_beside(labels, kind) for kind in kinds)


def _ends_as(output: Path, suffixes: tuple[str, ...]) -> bool:
    """Tell whether an output names a file of a kind: a folder may be called so too."""
    folder = output.is_dir() and not is_zarr(output)
    return output.suffix.lower() in suffixes and not folder


def _above(path: Path) -> Iterator[Path]:
    parent = Path(os.path.realpath(path.parent))
    yield parent
    yield from parent.parents


def _identity(path: Path) -> Identity | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    if not found.st_ino:  # as on some network drives, which do not number their files
        return os.path.normcase(os.path.realpath(path))
    return found.st_dev, found.st_ino
