"""What a window, a folder or a script gives to learn from, as it was given."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from napari_cihm.config import Channels, SegmentSettings
from napari_cihm.data.arrays import ArrayLike, as_array
from napari_cihm.data.axes import axes_beside
from napari_cihm.data.image import COLOUR, Image, is_colour, own_axes
from napari_cihm.errors import InputError, ShapeError, in_short

PLANE = 2  # dimensions


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
                    f"the image is {opened.shape} ({opened.axes}) and "
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
    each = zip(images, labels, masks, chosen, strict=True)
    found = []
    for number, (image, label, mask, choice) in enumerate(each, start=1):
        try:
            found.append(Labelled.of(image, label, mask, axes, choice))
        except InputError as error:
            named = isinstance(image, Image)
            which = image.name if named else f"image {number} of {len(labels)}"
            came = f"{which}: {error.came}"
            raise type(error)(came, error.wanted, error.remedy) from None
    return found


def _open(image: Any, shape: tuple[int, ...], axes: str | None) -> Image:
    """Open an image whose labels have a shape, which tells where channels are."""
    if isinstance(image, Image) or axes is not None or own_axes(image):
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
