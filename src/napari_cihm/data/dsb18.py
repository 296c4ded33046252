"""DSB18's ``stage1_train``: a folder a sample, a mask a nucleus."""

from functools import partial
from pathlib import Path

import numpy as np

from napari_cihm.data.listing import holds_namesake, images_in, name_of
from napari_cihm.data.masks import read_mask
from napari_cihm.data.pairs import Pair, PairSource, pictures_in
from napari_cihm.data.pictures import SUFFIXES, open_picture
from napari_cihm.errors import DataError


def fits(folder: Path) -> bool:
    """Whether a folder holds samples, or is one itself."""
    return _alone(folder) or any(is_sample(path) for path in folder.iterdir())


def is_sample(folder: Path) -> bool:
    """Whether a folder is one sample: its image, and one mask a nucleus."""
    return _picture(folder).is_file() and (folder / "masks").is_dir()


def pairs(folder: Path) -> list[PairSource]:
    """Find the samples of a folder.

    Raises
    ------
    DataError
        Naming the first that lacks its image or its masks.
    """
    if _alone(folder):
        samples = [folder.absolute()]
    else:
        samples = [path for path in sorted(folder.iterdir()) if _meant(path)]
    return [
        PairSource(path.name, partial(read_sample, path), picture=_picture(path))
        for path in samples
    ]


def _alone(folder: Path) -> bool:
    """Whether a folder is a sample, and no plain folder called like its one image."""
    here = folder.absolute()
    masks = map(name_of, images_in(here / "masks", SUFFIXES))
    own = is_sample(here) and holds_namesake(here, SUFFIXES)
    return own and here.name not in masks


def _meant(folder: Path) -> bool:
    """Whether a folder is a sample; what is only half of one is refused."""
    if is_sample(folder):
        return True
    if not ((folder / "images").is_dir() or (folder / "masks").is_dir()):
        return False
    image = _picture(folder)
    missing = folder / "masks" if image.is_file() else image
    raise DataError(
        f"{missing} does not exist",
        "an image and a folder of masks in each sample",
        f"add it, or remove {folder.name}",
    )


def read_sample(folder: Path) -> Pair:
    """Read one sample; a pixel claimed twice goes to the smaller nucleus."""
    image = open_picture(_picture(folder))
    size = image.label_shape
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


def _picture(sample: Path) -> Path:
    return sample / "images" / f"{sample.name}.png"
