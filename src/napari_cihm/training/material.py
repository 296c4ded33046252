"""Labelled planes to learn from, in the model's eyes."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from numpy.typing import NDArray

from napari_cihm.config import ModelConfig, SegmentSettings
from napari_cihm.data.boxes import Box
from napari_cihm.data.grain import smoothed
from napari_cihm.data.image import Image
from napari_cihm.data.normalise import normalise
from napari_cihm.data.pairs import Pair, whole_numbers
from napari_cihm.data.sizes import widths
from napari_cihm.errors import DataError
from napari_cihm.segmentation.placing import plane_of
from napari_cihm.segmentation.scaling import zooms_by
from napari_cihm.segmentation.source import Source, look_over
from napari_cihm.training.labelled import Labelled

# What is learnt from lies in a part of its image: so much is seen around it, and so
# long is a side at least. No smaller image is cut, and so no figure of one changes.
MARGIN = 128
LEAST = 512

Place = tuple[int, int, Box]  # t, z, rows and columns
ALL = 0, 0, (slice(None), slice(None))


@dataclass(frozen=True)
class Plane:
    """One labelled plane, normalised.

    Attributes
    ----------
    image : array of float32, shape (channels, height, width)
    labels : array of int, shape (height, width)
        0 where nothing was reviewed: nothing there may count.
    reviewed : array of bool, shape (height, width)
        Where the labels may be believed.
    source : int
        Which image it is a plane of: planes of one stack are no strangers.
    zoom : float
        How much larger than in its image everything is.
    place : tuple
        Where in its image it was read; what was cut out or scaled since keeps it.
    smoothed : bool
        Whether its image was, for being grainy.
    """

    image: NDArray[np.float32]
    labels: NDArray[np.integer]
    reviewed: NDArray[np.bool_]
    source: int
    zoom: float = 1.0
    place: Place = ALL
    smoothed: bool = False

    @classmethod
    def of(cls, pair: Pair, config: ModelConfig, source: int) -> "Plane":
        """See a pair as a model that has as many channels does."""
        image = normalise(smoothed(pair.image), config.normalisation)
        if pair.reviewed is None:
            seen = np.ones(pair.labels.shape, bool)
            return cls(image, pair.labels, seen, source)
        labels = np.where(pair.reviewed, pair.labels, 0)
        return cls(image, labels, pair.reviewed, source)

    def cut(self, box: Box) -> "Plane":
        """Return a part."""
        return replace(
            self,
            image=self.image[:, *box],
            labels=self.labels[box],
            reviewed=self.reviewed[box],
        )

    @property
    def objects(self) -> NDArray[np.integer]:
        """Numbers of the objects that lie in the reviewed part."""
        return np.setdiff1d(np.unique(self.labels[self.reviewed]), [0])

    @property
    def areas(self) -> NDArray[np.int64]:
        """How many pixels of it each of them covers; their numbers must be small."""
        areas = np.bincount(self.labels[self.reviewed].astype(np.int64))[1:]
        return areas[areas > 0]


def read_planes(labelled: Sequence[Labelled], config: ModelConfig) -> Iterator[Plane]:
    """Read the planes that hold something reviewed, and what lies around it."""
    for number, item in enumerate(labelled):
        light, window = _light_of(item, config), _window(item)
        for t, z in _planes(item.image):
            plane = plane_of(item.labels, item.image, t, z, *window)
            labels = whole_numbers(
                plane, f"labels array {number + 1} of {len(labelled)}"
            )
            if item.reviewed is None:
                reviewed = np.ones(labels.shape, bool)
            else:
                mask = plane_of(item.reviewed, item.image, t, z, *window)
                reviewed = mask.astype(bool)
            if reviewed.any():
                known, image = np.where(reviewed, labels, 0), light.look(t, z, window)
                calm, place = light.light.smoothing > 0, (t, z, window)
                yield Plane(image, known, reviewed, number, 1.0, place, calm)


def read_again(
    labelled: Sequence[Labelled], planes: Sequence[Plane], config: ModelConfig
) -> Iterator[NDArray[np.float32]]:
    """Read the images of planes once more, as a model sees them at their scale.

    The images are not scaled, but what is to be enlarged is smoothed by less. Their
    labels are not read again: who gave them may be at work on them.
    """
    lights: dict[int, Source] = {}
    for plane in planes:
        if plane.source not in lights:
            item = labelled[plane.source]
            lights[plane.source] = _light_of(item, config, plane.zoom)
        yield lights[plane.source].look(*plane.place)


def _light_of(item: Labelled, config: ModelConfig, zoom: float = 1.0) -> Source:
    """Look at an image as a model does: normalised as a whole, as for segmenting."""
    image, settings = item.image, SegmentSettings(channels=item.channels)
    _, channels, ranges, _ = look_over(image, image, settings, config)
    return Source(image, channels, ranges, zooms_by(image, zoom))


def typical_width(planes: Iterable[Plane]) -> float:
    """Return the median diameter of the objects; not-a-number where there is none."""
    areas = np.concatenate([plane.areas for plane in planes])
    return float(np.median(widths(areas))) if len(areas) else np.nan


def refuse_too_little(planes: Sequence[Plane], least: int, ground: str = "") -> int:
    """Count the objects, and refuse to learn from fewer than `least`.

    Where their `ground` seems to have a number, that is said instead of asking for
    more of them.

    Raises
    ------
    DataError
        Saying how many objects there are and how many are wanted.
    """
    count = sum(len(plane.objects) for plane in planes)
    if not planes:
        raise DataError(
            "no part of the labels is marked as reviewed",
            "a reviewed region or slice",
            "mark what you have corrected as reviewed, or use the whole layer",
        )
    whole = all(plane.reviewed.all() for plane in planes)
    part = "" if whole else " in the reviewed part"
    right = "" if whole else ", or mark those that are right as reviewed too"
    if count == 0:
        raise DataError(
            f"the labels are all background{part}",
            f"at least {least} labelled objects",
            f"segment or draw some objects first{right}",
        )
    if count < least:
        has = "is 1 labelled object" if count == 1 else f"are {count} labelled objects"
        raise DataError(
            f"there {has}{part}",
            f"at least {least}",
            ground.removesuffix(".") or f"label {least - count} more{right}",
        )
    return count


def _window(item: Labelled) -> tuple[slice, slice]:
    """Return the rows and columns that hold all that was reviewed, on any plane.

    One window for all planes of an image, for what is held out is held out of all.
    """
    height, width = item.image.size("y"), item.image.size("x")
    if item.reviewed is None or max(height, width) <= LEAST:
        return slice(0, height), slice(0, width)
    rows, columns = np.zeros(height, bool), np.zeros(width, bool)
    for t, z in _planes(item.image):
        seen = plane_of(item.reviewed, item.image, t, z).astype(bool)
        rows |= seen.any(1)
        columns |= seen.any(0)
    return stretch(rows), stretch(columns)


def stretch(used: NDArray[np.bool_]) -> slice:
    """Return a stretch around what is used, not shorter than `LEAST`."""
    at = np.flatnonzero(used)
    if not len(at):
        return slice(0, len(used))
    first, last = int(at[0]) - MARGIN, int(at[-1]) + 1 + MARGIN
    first -= max(0, LEAST - (last - first)) // 2
    first = max(0, min(first, len(used) - LEAST))
    return slice(first, min(len(used), max(last, first + LEAST)))


def _planes(image: Image) -> Iterator[tuple[int, int]]:
    """Yield t and z of every plane."""
    return product(range(image.size("t")), range(image.size("z")))
