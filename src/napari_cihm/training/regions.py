"""Plain regions, where a number names a class and not an object."""

from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_cihm.config import ModelConfig
from napari_cihm.training.holdout import block_side
from napari_cihm.training.material import Plane

MOST_CLASSES = 32
OFTEN = 2  # regions that a class has, on average; an object is one


def classes_of(numbers: Collection[int]) -> int:
    """Count maps: one for yes or no, otherwise one a number and the background.

    Numbers beyond `MOST_CLASSES` are single objects; together they are one region.
    """
    highest = max(numbers, default=0)
    single = len(numbers) <= 1 or highest > MOST_CLASSES
    return 1 if single else highest + 1


def numbers_in(planes: Sequence[Plane]) -> set[int]:
    """Return the numbers of what was labelled."""
    return {int(number) for plane in planes for number in plane.objects}


def unnamed(numbers: Collection[int]) -> str:
    """Say that masks hold numbers which are not told apart, if they do."""
    if len(numbers) <= 1 or max(numbers) <= MOST_CLASSES:
        return ""
    return (
        f"The masks hold {len(numbers)} numbers up to {max(numbers)}. Above "
        f"{MOST_CLASSES} they are taken for single objects, and all of them for one "
        "region. To tell classes apart, number them 1, 2, 3 ..."
    )


def naming(config: ModelConfig, planes: Sequence[Plane]) -> ModelConfig:
    """Give a model of regions the maps for what was labelled.

    A model of one region gets more only where a number names several: single objects
    that happen to be numbered are one region still.
    """
    numbers = numbers_in(planes)
    wanted = classes_of(numbers)
    if config.task != "semantic" or wanted <= config.classes:
        return config
    if config.classes == 1 and _regions(planes) < OFTEN * len(numbers):
        return config
    return config.but(classes=wanted)


def pieces(planes: Sequence[Plane]) -> list[Plane]:
    """Cut regions along the blocks by which labels are held out, and number these.

    A region may be as large as its image, and a part of it has to be held out.
    """
    side = block_side(planes)
    cut = []
    for plane in planes:
        rows, columns = (np.arange(n) // side for n in plane.labels.shape)
        blocks = rows[:, None] * len(columns) + columns
        both = _numbered(plane.labels).astype(np.int64) * blocks.size + blocks
        numbered = np.unique(both, return_inverse=True)[1].reshape(both.shape) + 1
        cut.append(replace(plane, labels=np.where(plane.labels > 0, numbered, 0)))
    return cut


def _numbered(labels: NDArray[np.integer]) -> NDArray[np.int32]:
    """Give each connected region of a class a number of its own."""
    result = np.zeros(labels.shape, np.int32)
    for number in np.unique(labels[labels > 0]):
        found = ndimage.label(labels == number)[0]
        result[found > 0] = found[found > 0] + result.max()
    return result


def _regions(planes: Sequence[Plane]) -> int:
    return sum(int(_numbered(plane.labels).max(initial=0)) for plane in planes)
