"""DSB18's ``stage1_train``: a folder a sample, a mask a nucleus."""

from pathlib import Path

import numpy as np

from napari_cihm.data.masks import read_mask
from napari_cihm.data.pairs import Pair, PairSource, pictures_in
from napari_cihm.data.pictures import read_picture
from napari_cihm.errors import DataError


def fits(folder: Path) -> bool:
    """Whether a folder holds samples."""
    return any(is_sample(path) for path in folder.iterdir())


def is_sample(folder: Path) -> bool:
    """Whether a folder is one sample: its image, and one mask a nucleus."""
    image = folder / "images" / f"{folder.name}.png"
    return image.is_file() and (folder / "masks").is_dir()


def pairs(folder: Path) -> list[PairSource]:
    """Find the samples of a folder."""
    return [
        PairSource(path.name, lambda path=path: read_sample(path))  # type: ignore[misc]
        for path in sorted(folder.iterdir())
        if is_sample(path)
    ]


def read_sample(folder: Path) -> Pair:
    """Read one sample; a pixel claimed twice goes to the smaller nucleus."""
    image = read_picture(folder / "images" / f"{folder.name}.png")
    size = image.shape[1:]
    masks = []
    for path in pictures_in(folder / "masks"):
        mask = read_mask(path).astype(bool)
        if mask.shape != size:
            raise DataError(f"{path} is {mask.shape}, its image {size}", "one size")
        masks.append(mask)
    labels = np.zeros(size, np.int32)
    for number, mask in enumerate(sorted(masks, key=lambda m: -int(m.sum())), start=1):
        labels[mask] = number
    claimed = sum(int(mask.sum()) for mask in masks)
    overlap = claimed - int(np.count_nonzero(labels))
    return Pair.of(folder.name, image, labels, overlap=overlap)
