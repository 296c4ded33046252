"""Images with their labels: what is trained on and evaluated against."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_cihm.data.axes import axes_beside, guess_axes
from napari_cihm.data.image import Image, is_colour
from napari_cihm.data.listing import by_image, by_name, images_in, name_of, place_of
from napari_cihm.data.masks import read_mask
from napari_cihm.data.pictures import SUFFIXES, open_picture, read_channels
from napari_cihm.errors import DataError


@dataclass(frozen=True)
class Pair:
    """One image and its labels, in memory.

    Attributes
    ----------
    name : str
        What the pair is called in reports.
    image : array of shape (channels, height, width)
        As read, not normalised.
    labels : array of int32, shape (height, width)
        0 is background; every other number is an object or a class.
    reviewed : array of bool, optional
        Where the labels may be believed; everywhere when missing.
    overlap : int
        Pixels that more than one object claimed.
    colour : bool
        Whether it was red, green and blue; where these are equal, one is kept.
    """

    name: str
    image: NDArray[np.generic]
    labels: NDArray[np.int32]
    reviewed: NDArray[np.bool_] | None = None
    overlap: int = 0
    colour: bool = False

    @classmethod
    def of(
        cls,
        name: str,
        image: NDArray[np.generic] | Image,
        labels: NDArray[np.generic],
        reviewed: NDArray[np.bool_] | None = None,
        overlap: int = 0,
        *,
        blank: bool = False,
    ) -> "Pair":
        """Check that image, labels and mask fit, and bring them into form.

        An image with nothing to see is refused, unless it may be `blank`, as a slice
        of a volume may that nobody can take away.
        """
        channels, colour = _channels_first(image, labels.shape)
        for what, given in {"mask": labels, "reviewed mask": reviewed}.items():
            if given is not None and given.shape != channels.shape[1:]:
                raise DataError(
                    f"{name}: the image is {_by(channels.shape[1:])} and its {what} "
                    f"is {_by(given.shape)}",
                    "the same height and width",
                )
        _refuse_useless(name, channels, blank)
        return cls(
            name,
            channels,
            whole_numbers(labels, f"{name}: its mask"),
            reviewed,
            overlap,
            colour,
        )

    @property
    def objects(self) -> int:
        """How many different numbers the labels hold, background aside."""
        return int(np.count_nonzero(np.unique(self.labels)))


def whole_numbers(labels: NDArray[Any], what: str) -> NDArray[np.int32]:
    """Bring labels into one form; numbers that name no object are refused.

    Raises
    ------
    DataError
        Saying of `what` which numbers it holds.
    """
    with np.errstate(invalid="ignore"):  # not-a-numbers, which are refused
        whole = labels.astype(np.int32)
    if not bool((whole == labels).all()):
        raise DataError(f"{what} holds fractions or numbers beyond 2^31", "0, 1, 2 ...")
    if whole.min(initial=0) < 0:
        raise DataError(f"{what} holds negative numbers", "0, 1, 2 ...")
    return whole


@dataclass(frozen=True)
class PairSource:
    """A pair that is read when it is asked for.

    Attributes
    ----------
    name : str
        The pair's.
    read : callable
        Reads it.
    volume : str
        What it is a slice of, if anything: slices of one volume are no strangers.
    place : tuple of int
        Where in the volume it lies, if that is known.
    picture : Path, optional
        The file of its image, where that is a picture of its own.
    """

    name: str
    read: Callable[[], Pair]
    volume: str = ""
    place: tuple[int, ...] = ()
    picture: Path | None = None

    @classmethod
    def holding(cls, pair: Pair) -> "PairSource":
        """Offer a pair that is in memory already."""
        return cls(pair.name, lambda: pair)


def folder_pairs(folder: Path) -> list[PairSource]:
    """Find the pairs of a folder with ``images/`` and ``masks/``.

    A mask has its image's name, or that and ``_labels`` as a segmentation calls it; an
    optional third folder ``reviewed/`` says where masks may be believed. Names such as
    ``cells_z012`` say what are slices of one stack.
    """
    images = by_name(pictures_in(folder / "images"))
    masks = by_image(by_name(pictures_in(folder / "masks")), images)
    reviewed = by_name(images_in(folder / "reviewed", SUFFIXES))
    missing = [path.name for name, path in images.items() if name not in masks]
    if missing:
        raise DataError(
            f"{folder}: {len(missing)} of {len(images)} images have no mask, "
            f"the first is {missing[0]}",
            f"a mask of the same name, or that and _labels, in {folder / 'masks'}",
            "add the mask or remove the image",
        )
    return [pair_source(p, masks[n], reviewed.get(n)) for n, p in images.items()]


def pictures_in(folder: Path) -> list[Path]:
    """List a folder's pictures; an empty folder is refused.

    They come in the order of their names as text: which of them are held out by
    chance, and so every figure of a run, rests on it.
    """
    found = sorted(images_in(folder, SUFFIXES))
    if not found:
        problem = "holds no pictures" if folder.is_dir() else "does not exist"
        raise DataError(f"{folder} {problem}", f"pictures ({', '.join(SUFFIXES)})")
    return found


def pair_source(image: Path, mask: Path, reviewed: Path | None = None) -> PairSource:
    """Offer the pair of an image's and a mask's file."""
    name = name_of(image)

    def read() -> Pair:
        seen = None if reviewed is None else read_mask(reviewed).astype(bool)
        return Pair.of(name, open_picture(image), read_mask(mask), seen)

    return PairSource(name, read, *place_of(name), picture=image)


def _refuse_useless(name: str, image: NDArray[np.generic], blank: bool) -> None:
    if image.dtype.kind not in "buif":
        raise DataError(f"{name}: its image holds {image.dtype}", "real numbers")
    seen = image[np.isfinite(image)] if image.dtype.kind == "f" else image
    if not image.size or blank or (seen.size and seen.min() < seen.max()):
        return
    one = f"every pixel of the image is {seen.flat[0]}" if seen.size else ""
    raise DataError(
        f"{name}: {one or 'no pixel of the image is a number'}",
        "an image with something to see",
        "remove it, or export it again",
    )


def _channels_first(
    image: NDArray[np.generic] | Image, shape: tuple[int, ...]
) -> tuple[NDArray[np.generic], bool]:
    """Give the channels that are learnt, and whether they are colours."""
    if not isinstance(image, Image):
        axes = axes_beside(shape, image.shape)
        if axes is None and image.ndim == len("yxc"):
            axes = guess_axes(image.shape)  # they do not fit, and which shall be said
        if axes not in ("yxc", "ycx"):
            return (image[None] if image.ndim == 2 else image), False
        image = Image.of(image, axes)
    return read_channels(image), is_colour(image)


def _by(shape: Sequence[int]) -> str:
    return " x ".join(map(str, shape))
