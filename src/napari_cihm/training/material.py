"""What a window or a folder gives to learn from, as planes in the model's eyes."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_cihm.config import Channels, ModelConfig, SegmentSettings
from napari_cihm.data.axes import axes_beside
from napari_cihm.data.boxes import Box
from napari_cihm.data.image import COLOUR, ArrayLike, Image, as_array, is_colour
from napari_cihm.data.normalise import intensity_ranges, normalise, rescale
from napari_cihm.data.pairs import Pair, whole_numbers
from napari_cihm.data.sizes import widths
from napari_cihm.errors import DataError, InputError, ShapeError, in_short
from napari_cihm.segmentation.placing import plane_of
from napari_cihm.segmentation.source import look_over

# What is learnt from lies in a part of its image: so much is seen around it, and so
# long is a side at least. No smaller image is cut, and so no figure of one changes.
MARGIN = 128
LEAST = 512
PLANE = 2  # dimensions


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
    """

    image: NDArray[np.float32]
    labels: NDArray[np.integer]
    reviewed: NDArray[np.bool_]
    source: int
    zoom: float = 1.0

    @classmethod
    def of(cls, pair: Pair, config: ModelConfig, source: int) -> "Plane":
        """See a pair as a model that has as many channels does."""
        image = normalise(pair.image, config.normalisation)
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


@dataclass(frozen=True)
class Labelled:
    """An image with its labels, as the user has them.

    What is learnt of it, and judged, is what a segmentation by the same `channels`
    would see.
    """

    image: Image
    labels: ArrayLike
    reviewed: ArrayLike | None
    channels: Channels

    @classmethod
    def of(
        cls,
        image: Any,
        labels: Any,
        reviewed: Any = None,
        axes: str | None = None,
        channels: Channels = "auto",
    ) -> "Labelled":
        """Check that labels, and a reviewed mask, lie over the image.

        Where either is a masked array, what is hidden was not reviewed.

        Raises
        ------
        ShapeError
            Saying which shapes came.
        """
        hidden = np.ma.getmaskarray(labels) if np.ma.is_masked(labels) else None
        labels = as_array(labels if hidden is None else labels.data, "labels")
        opened = _open(image, tuple(labels.shape), axes)
        if np.ma.is_masked(reviewed):
            reviewed = reviewed.filled(0)
        if reviewed is not None:
            reviewed = as_array(reviewed, "a reviewed mask")
        for what, given in {"labels": labels, "reviewed mask": reviewed}.items():
            if given is not None and tuple(given.shape) != opened.label_shape:
                raise ShapeError(
                    f"{opened.name}: the image is {opened.shape} ({opened.axes}) and "
                    f"its {what} {tuple(given.shape)}",
                    f"{what} of shape {opened.label_shape}",
                )
        if hidden is not None:
            reviewed = ~hidden if reviewed is None else np.where(hidden, 0, reviewed)
        chosen = SegmentSettings.of(channels=channels).channels
        return cls(opened, labels, reviewed, chosen)

    @property
    def in_channels(self) -> int:
        """How many a model should see: three of a colour image, alpha aside."""
        if self.channels not in ("auto", "haematoxylin"):
            return 1
        return COLOUR if is_colour(self.image) else self.image.size("c")


def gather(
    images: Sequence[Any],
    labels: Sequence[Any],
    reviewed: Sequence[Any] | None,
    axes: str | None = None,
    channels: Channels | list[Channels] = "auto",
) -> list[Labelled]:
    """Put images, labels, masks and the choice of channels together, one to one.

    One plane and its labels may come as they are, not in lists.
    """
    if getattr(labels, "ndim", 0) == PLANE:
        images, labels = [images], [labels]
        reviewed = None if reviewed is None else [reviewed]
    sequences = {"images": images, "labels": labels}
    if reviewed is not None:
        sequences["reviewed"] = reviewed
    for what, given in sequences.items():
        if not hasattr(given, "__len__"):
            raise InputError(
                f"{what}={in_short(given)}", "a list of arrays, or one plane"
            )
    counts = list(map(len, sequences.values()))
    if len(set(counts)) > 1:
        items = " and ".join(map(str, counts))
        raise InputError(
            f"{' and '.join(sequences)} have {items} items", "as many of each"
        )
    masks = reviewed if reviewed is not None else [None] * len(labels)
    chosen = channels if isinstance(channels, list) else [channels] * len(labels)
    if len(chosen) != len(labels):
        raise InputError(
            f"channels={in_short(channels)} came with {len(labels)} labels",
            "one choice for all, or one for each",
        )
    if not len(labels):
        raise InputError("there is nothing to learn from", "at least one image")
    return [
        Labelled.of(image, label, mask, axes, choice)
        for image, label, mask, choice in zip(
            images, labels, masks, chosen, strict=True
        )
    ]


def read_planes(labelled: Sequence[Labelled], config: ModelConfig) -> Iterator[Plane]:
    """Read the planes that hold something reviewed, and what lies around it.

    An image is normalised as a whole, as it is when it is segmented.
    """
    for number, item in enumerate(labelled):
        settings = SegmentSettings(channels=item.channels)
        _, channels, pixels = look_over(item.image, item.image, settings, config)
        ranges = intensity_ranges(pixels, config.normalisation)
        window = _window(item)
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
                part = item.image.read(t, z, *window, channels=channels.read)
                seen = channels.apply(part)
                known = np.where(reviewed, labels, 0)
                yield Plane(rescale(seen, ranges), known, reviewed, number)


def typical_width(planes: Iterable[Plane]) -> float:
    """Return the median diameter of the objects; not-a-number where there is none."""
    areas = np.concatenate([plane.areas for plane in planes])
    return float(np.median(widths(areas))) if len(areas) else np.nan


def refuse_too_little(planes: Sequence[Plane], least: int) -> int:
    """Count the objects, and refuse to learn from fewer than `least`.

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
            f"label {least - count} more{right}",
        )
    return count


def _open(image: Any, shape: tuple[int, ...], axes: str | None) -> Image:
    """Open an image whose labels have a shape, which tells where channels are."""
    if isinstance(image, Image) or axes is not None:
        return Image.of(image, axes)
    if not 2 <= len(shape) <= 4:
        raise ShapeError(f"labels of shape {shape}", "two to four dimensions")
    image = as_array(image)
    letters = axes_beside(shape, image.shape)
    if letters is None:
        raise ShapeError(
            f"an image of shape {tuple(image.shape)} with labels of shape {shape}",
            "labels over the same pixels, with or without a channel axis in the image",
        )
    return Image.of(image, letters)


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
