"""Pairs made ready for training: normalised images and their targets, in memory."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.segmentation import relabel_sequential

from napari_cihm.config import ModelConfig
from napari_cihm.data.normalise import normalise
from napari_cihm.data.pairs import Pair
from napari_cihm.data.targets import instance_targets, semantic_targets


@dataclass(frozen=True)
class Sample:
    """One image with the maps to learn from it.

    Attributes
    ----------
    image : array of float16, shape (channels, height, width)
        Normalised.
    targets : array of uint8, shape (maps, height, width)
        0..255 for 0..1.
    valid : array of bool, shape (maps, height, width), optional
        Where each map may be believed; everywhere when missing.
    centres : array of int, shape (objects, 2)
        A point for each object.
    group : tuple
        Images of one size and one number of channels are taken for one kind.
    """

    image: NDArray[np.float16]
    targets: NDArray[np.uint8]
    valid: NDArray[np.bool_] | None
    centres: NDArray[np.int64]
    group: tuple[int, ...]

    @property
    def nbytes(self) -> int:
        """Memory that the sample takes."""
        valid = 0 if self.valid is None else self.valid.nbytes
        return self.image.nbytes + self.targets.nbytes + valid


def make_sample(pair: Pair, config: ModelConfig) -> Sample:
    """Normalise a pair's image for a model and compute its targets."""
    image = normalise(pair.image, config.normalisation)
    image = fit_channels(image, config.in_channels)
    labels = relabel_sequential(pair.labels)[0]
    if config.task == "instance":
        targets, valid = instance_targets(labels, pair.reviewed)
    else:
        targets, valid = semantic_targets(pair.labels, config.classes, pair.reviewed)
    centres = ndimage.center_of_mass(labels > 0, labels, range(1, labels.max() + 1))
    return Sample(
        image.astype(np.float16),
        targets,
        valid,
        np.array(centres, dtype=np.int64).reshape(-1, 2),
        (*pair.image.shape,),
    )


def fit_channels(image: NDArray[np.float32], channels: int) -> NDArray[np.float32]:
    """Repeat one channel to fill the input, or merge many into one."""
    have = image.shape[0]
    if have == channels:
        return image
    if have == 1:
        return np.repeat(image, channels, axis=0)
    merged = image.mean(axis=0, keepdims=True)
    return np.repeat(merged, channels, axis=0)


def drawing_weights(samples: Sequence[Sample]) -> NDArray[np.float64]:
    """Return how often to draw each image, so that rare kinds are not drowned.

    A kind of n images is drawn in proportion to the square root of n.
    """
    groups = [sample.group for sample in samples]
    counts = {group: groups.count(group) for group in set(groups)}
    weights = np.array([counts[group] ** -0.5 for group in groups])
    shares: NDArray[np.float64] = weights / weights.sum()
    return shares


def total_bytes(samples: Iterable[Sample]) -> int:
    """Memory that samples take together."""
    return sum(sample.nbytes for sample in samples)
