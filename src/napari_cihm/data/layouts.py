"""Folder layouts of the field, told apart and read as pairs."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_cihm.data.pairs import Pair, PairSource, folder_pairs, pictures_in
from napari_cihm.data.pictures import read_picture
from napari_cihm.errors import DataError


def find_pairs(folder: Path) -> list[PairSource]:
    """Find a folder's pairs, whichever layout it has.

    Raises
    ------
    DataError
        Naming the layouts when it has none of them.
    """
    if not folder.is_dir():
        raise DataError(f"{folder} is no folder", "a folder of images and masks")
    for is_layout, pairs in LAYOUTS:
        if is_layout(folder):
            return pairs(folder)
    raise DataError(
        f"{folder} holds no layout that is known",
        "images/ and masks/, or a DSB18 stage1_train folder",
    )


def dsb18_pairs(folder: Path) -> list[PairSource]:
    """Find the samples of a DSB18 ``stage1_train`` folder."""
    samples = sorted(p for p in folder.iterdir() if is_dsb18_sample(p))
    return [PairSource(p.name, lambda p=p: read_dsb18_sample(p)) for p in samples]  # type: ignore[misc]


def is_dsb18_sample(folder: Path) -> bool:
    """Whether a folder is one sample: its image, and one mask a nucleus."""
    image = folder / "images" / f"{folder.name}.png"
    return image.is_file() and (folder / "masks").is_dir()


def read_dsb18_sample(folder: Path) -> Pair:
    """Read one sample; a pixel claimed twice goes to the smaller nucleus."""
    image = read_picture(folder / "images" / f"{folder.name}.png")
    masks = [_flat(read_picture(p)) for p in pictures_in(folder / "masks")]
    for mask in masks:
        if mask.shape != image.shape[:2]:
            raise DataError(
                f"{folder.name}: a mask is {mask.shape}, its image {image.shape[:2]}",
                "one size",
            )
    labels = np.zeros(image.shape[:2], np.int32)
    for number, mask in enumerate(sorted(masks, key=lambda m: -int(m.sum())), start=1):
        labels[mask] = number
    claimed = sum(int(mask.sum()) for mask in masks)
    overlap = claimed - int(np.count_nonzero(labels))
    return Pair.of(folder.name, image, labels, overlap=overlap)


def _flat(mask: NDArray[np.generic]) -> NDArray[np.bool_]:
    return (mask if mask.ndim == 2 else mask[..., 0]).astype(bool)


Layout = tuple[Callable[[Path], bool], Callable[[Path], list[PairSource]]]
LAYOUTS: list[Layout] = [
    (lambda f: (f / "images").is_dir() and (f / "masks").is_dir(), folder_pairs),
    (lambda f: any(is_dsb18_sample(p) for p in f.iterdir()), dsb18_pairs),
]
