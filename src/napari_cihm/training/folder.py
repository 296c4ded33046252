"""Folders of images and labels to fine-tune on: pictures, stacks, any axes."""

from pathlib import Path
from typing import Any

from napari_cihm.data.image import Image
from napari_cihm.data.reading import read_image
from napari_cihm.errors import DataError


def read_labelled(
    images: Path, masks: Path, reviewed: Path | None = None
) -> tuple[list[str], list[Image], list[Any], list[Any] | None]:
    """Open the images that have a mask of the same name.

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
        When no image has a mask.
    """
    inputs, truths = _named(images), _named(masks)
    names = sorted(inputs.keys() & truths.keys())
    if not names:
        raise DataError(
            f"no image in {images} has a mask of its name in {masks}",
            "pairs such as images/a.tif and masks/a.tif",
        )
    opened = [read_image(inputs[name]) for name in names]
    labels = [read_image(truths[name]).data for name in names]
    if reviewed is None:
        return names, opened, labels, None
    marks = _named(reviewed)
    seen = [read_image(marks[n]).data if n in marks else None for n in names]
    return names, opened, labels, seen


def _named(folder: Path) -> dict[str, Path]:
    if not folder.is_dir():
        raise DataError(f"{folder} is no folder", "a folder of pictures or stacks")
    return {p.name.split(".")[0]: p for p in sorted(folder.iterdir())}
