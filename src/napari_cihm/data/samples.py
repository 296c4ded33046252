"""Pairs made ready for training: normalised images and their targets, in memory."""

import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.segmentation import relabel_sequential

from napari_cihm.config import ModelConfig
from napari_cihm.data.channels import fit_channels
from napari_cihm.data.grain import smoothed
from napari_cihm.data.normalise import normalise
from napari_cihm.data.pairs import Pair, PairSource
from napari_cihm.data.stains import haematoxylin, suited
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
    labels : array of int, shape (height, width)
        The truth, in the smallest type that holds it.
    graded : bool
        Whether the last map is a distance; all others are yes or no.
    reviewed : array of bool, shape (height, width), optional
        Where the labels may be believed; everywhere when missing.
    """

    image: NDArray[np.float16]
    targets: NDArray[np.uint8]
    valid: NDArray[np.bool_] | None
    centres: NDArray[np.int64]
    labels: NDArray[np.integer]
    graded: bool
    reviewed: NDArray[np.bool_] | None = None

    @cached_property
    def known(self) -> NDArray[np.int64]:
        """How many pixels are reviewed down to each row, where only some are."""
        assert self.reviewed is not None
        return np.cumsum(np.count_nonzero(self.reviewed, axis=1))

    @property
    def nbytes(self) -> int:
        """Memory that the sample takes."""
        masks = sum(m.nbytes for m in (self.valid, self.reviewed) if m is not None)
        return self.image.nbytes + self.targets.nbytes + self.labels.nbytes + masks


def make_sample(pair: Pair, config: ModelConfig) -> Sample:
    """Normalise a pair's image for a model and compute its targets."""
    seen = pair.image
    suiting = suited(seen, config) if pair.colour else "auto"
    if isinstance(suiting, int):
        seen = seen[suiting : suiting + 1]
    elif suiting == "haematoxylin" and config.in_channels == len(seen):
        seen = haematoxylin(seen)
    fitted = fit_channels(seen, config.in_channels, pair.colour)
    image = normalise(smoothed(fitted), config.normalisation)
    return sample_of(image, pair.labels, pair.reviewed, config)


def sample_of(
    image: NDArray[np.float32],
    labels: NDArray[np.integer],
    reviewed: NDArray[np.bool_] | None,
    config: ModelConfig,
) -> Sample:
    """Compute the targets of an image that is normalised already."""
    if config.task == "instance":
        numbered = relabel_sequential(labels)[0]
        targets, valid = instance_targets(numbered, reviewed)
    else:
        numbered = labels
        targets, valid = semantic_targets(labels, config.classes, reviewed)
    numbers = np.unique(numbered if reviewed is None else numbered[reviewed])
    centres = ndimage.center_of_mass(numbered > 0, numbered, numbers[numbers > 0])
    return Sample(
        image.astype(np.float16),
        targets,
        valid,
        np.array(centres, dtype=np.int64).reshape(-1, 2),
        labels.astype(np.min_scalar_type(int(labels.max(initial=0)))),
        graded=config.task == "instance",
        reviewed=None if valid is None else reviewed,
    )


class SampleCache(Sequence[Sample]):
    """Samples made when they are first asked for, and kept within a budget.

    What does not fit is made anew each time: slower, but never more memory.
    """

    def __init__(
        self, sources: Sequence[PairSource], config: ModelConfig, megabytes: int
    ) -> None:
        self._sources, self._config = sources, config
        self._left = megabytes * 2**20
        self._kept: dict[int, Sample] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._sources)

    def __getitem__(self, index: int) -> Sample:  # type: ignore[override]
        kept = self._kept.get(index)
        if kept is not None:
            return kept
        if not 0 <= index < len(self):
            raise IndexError(index)
        sample = make_sample(self._sources[index].read(), self._config)
        with self._lock:
            if index not in self._kept and sample.nbytes <= self._left:
                self._left -= sample.nbytes
                self._kept[index] = sample
        return sample


def drawing_weights(shapes: Sequence[tuple[int, ...]]) -> NDArray[np.float64]:
    """Return how often to draw each image, so that rare kinds are not drowned.

    Images of one shape are taken for one kind, and a kind of n images is drawn
    in proportion to the square root of n.
    """
    counts = Counter(shapes)
    weights = np.array([counts[shape] ** -0.5 for shape in shapes])
    return np.asarray(weights / weights.sum())
