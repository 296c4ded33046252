"""Folders of images and labels to fine-tune on: pictures, stacks, any axes."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from napari_cihm.data.arrays import ArrayLike
from napari_cihm.data.axes import axes_beside
from napari_cihm.data.image import Image
from napari_cihm.data.listing import by_image, by_name, images_in
from napari_cihm.data.masks import open_mask
from napari_cihm.data.reading import SUFFIXES, read_image
from napari_cihm.errors import DataError


def read_labelled(
    images: Path, masks: Path, reviewed: Path | None = None
) -> tuple[list[str], list[Image], list[ArrayLike], list[ArrayLike | None] | None]:
    """Open the images that have a mask of the same name, or with ``_labels`` behind it.

    Either folder may hold more: a few images are labelled of many, or a few are
    chosen of many labelled ones.

    Returns
    -------
    names : list of str
        In alphabetical order.
    images : list of Image
    labels, reviewed : list of arrays
        `reviewed` is None without its folder; a name it lacks is believed whole.

    Raises
    ------
    DataError
        When no image has a mask, or what is left over looks like a wrong name.
    """
    if images.resolve() == masks.resolve():
        raise DataError(
            f"{images} was given for both the images and their masks",
            "a folder of images, and one of masks",
        )
    inputs = _named(images)
    truths = by_image(_named(masks), inputs)
    names = sorted(inputs.keys() & truths.keys())
    if not names:
        raise DataError(
            f"no image in {images} has a mask of its name in {masks}",
            "pairs such as images/a.tif and masks/a.tif or masks/a_labels.tif",
        )
    _refuse_misnamed("mask", inputs, inputs, truths)
    labels = [open_mask(truths[name]).data for name in names]
    opened = [
        _open_beside(inputs[name], label.shape)
        for name, label in zip(names, labels, strict=True)
    ]
    if reviewed is None:
        return names, opened, labels, None
    marks = _named(reviewed)
    _refuse_misnamed("reviewed mask", names, inputs, marks)
    seen = [open_mask(marks[n]).data if n in marks else None for n in names]
    return names, opened, labels, seen


def reviewed_beside(images: Path, masks: Path) -> Path | None:
    """Return the folder of marks of a training folder, if these are its other two."""
    found = images.resolve().with_name("reviewed")
    beside = masks.resolve().parent == found.parent
    return found if beside and found.is_dir() else None


def left_out(images: Path, names: list[str]) -> str:
    """Say which images of a folder are not among those that have a mask."""
    lone = [path.name for name, path in _named(images).items() if name not in names]
    if not lone:
        return ""
    return f"; {len(lone)} without a mask left out, the first is {lone[0]}"


def _named(folder: Path) -> dict[str, Path]:
    if not folder.is_dir():
        raise DataError(f"{folder} is not a folder", "a folder of pictures or stacks")
    return by_name(images_in(folder, SUFFIXES))


def _open_beside(path: Path, shape: Sequence[int]) -> Image:
    """Open an image, whose labels know its channels better than its file may.

    Many programs write channels as mere pages, and slices as channels; labels have a
    plane for each slice, and none for channels.
    """
    image = read_image(path)
    if image.label_shape == tuple(shape) or not 2 <= len(shape) <= 4:
        return image
    letters = axes_beside(shape, image.shape)
    return image if letters is None else image.with_axes(letters)


def _refuse_misnamed(
    what: str, names: Iterable[str], inputs: dict[str, Path], given: dict[str, Path]
) -> None:
    """Refuse images that lack something beside files that lack their image."""
    wanting = [inputs[name].name for name in names if name not in given]
    lone = [path for name, path in given.items() if name not in inputs]
    if wanting and lone:
        raise DataError(
            f"{wanting[0]} has no {what}, and {lone[0]} no image",
            f"the same name for an image and its {what}",
            "rename one of them, or remove it",
        )
