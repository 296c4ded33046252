"""Plain regions, where a number names a class and not an object."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from skimage.measure import label

from napari_cihm.config import ModelConfig
from napari_cihm.training.classes import OFTEN, classes_of
from napari_cihm.training.holdout import block_side
from napari_cihm.training.material import Plane


def numbers_in(planes: Sequence[Plane]) -> set[int]:
    """Return the numbers of what was labelled."""
    return {int(number) for plane in planes for number in plane.objects}


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


def _numbered(labels: NDArray[np.integer]) -> NDArray[np.integer]:
    """Give each connected region of a class a number of its own."""
    return np.asarray(label(labels, connectivity=1))


def _regions(planes: Sequence[Plane]) -> int:
    return sum(int(_numbered(plane.labels).max(initial=0)) for plane in planes)
