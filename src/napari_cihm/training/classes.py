"""Which numbers of masks name classes: 1, 2, 3 ..., or a few that lie far apart."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray
from skimage.measure import label

from napari_cihm.data.pairs import Pair, PairSource
from napari_cihm.data.survey import read_each
from napari_cihm.errors import DataError

MOST_CLASSES = 32
MANY = 8  # classes, of which there are seldom more
OFTEN = 2  # regions that a class has, on average; an object is one

Labels = NDArray[np.integer]


def classes_of(numbers: Collection[int]) -> int:
    """Count maps: one for yes or no, otherwise one a number and the background.

    Numbers beyond `MOST_CLASSES` are single objects; together they are one region.
    """
    highest = max(numbers, default=0)
    single = len(numbers) <= 1 or highest > MOST_CLASSES
    return 1 if single else highest + 1


def class_numbers(
    masks: Iterable[Labels], numbers: Collection[int], known: tuple[int, ...] = ()
) -> tuple[int, ...]:
    """Find the numbers that name classes 1, 2, 3 ... without being these.

    A few numbers, as the greys 127 and 255 are, name classes where they come again,
    the lowest the first class. Where each is found but once they are single objects.

    Parameters
    ----------
    masks : iterable of array
        Labels, looked at only where `numbers` leave it open what they are.
    numbers : collection of int
        All that they hold, background aside.
    known : tuple of int
        Those that name a model's classes already, which keep their places.

    Returns
    -------
    tuple of int
        In the order of the classes; empty where numbers are to be taken as they are.

    Raises
    ------
    DataError
        If numbers are the edges of a blurred mask.
    """
    if numbers and set(numbers) <= set(known):
        return known
    if len(numbers) < 2 or max(numbers) <= MOST_CLASSES:
        return ()
    few = len(numbers) <= MOST_CLASSES
    sharp, regions = set[int](), 0
    for mask in masks:
        sharp |= _broad(mask)
        regions += int(label(mask, connectivity=1).max(initial=0)) if few else 0
    blurred = set(numbers) - sharp
    if len(blurred) > (0 if few else len(numbers) // 2):
        raise _blurred(numbers, len(blurred))
    if not few or regions < OFTEN * len(numbers):
        return ()
    return (*known, *sorted(set(numbers) - set(known)))


def classes_in(labels: Labels, numbers: Sequence[int]) -> NDArray[np.int32]:
    """Turn the numbers of classes into 1, 2, 3 ..., and all else into 0."""
    classes = np.zeros(labels.shape, np.int32)
    for place, number in enumerate(numbers, start=1):
        classes[labels == number] = place
    return classes


def pairs_in_classes(
    sources: Sequence[PairSource], numbers: Sequence[int]
) -> list[PairSource]:
    """Offer the same pairs, their classes numbered 1, 2, 3 ..."""
    return [replace(s, read=partial(_classed, s, numbers)) for s in sources]


def reviewed_masks(sources: Sequence[PairSource]) -> Iterable[Labels]:
    """Read masks one at a time, as far as they may be believed."""
    for pair in read_each(sources):
        seen = pair.reviewed
        yield pair.labels if seen is None else np.where(seen, pair.labels, 0)


def said_of(numbers: Collection[int], taken: Sequence[int]) -> str:
    """Say what numbers are taken for, unless it is what they say.

    Parameters
    ----------
    numbers : collection of int
        Those of the masks.
    taken : sequence of int
        What `class_numbers` made of them.
    """
    if taken:
        listed = ", ".join(map(str, taken))
        return f"The numbers {listed} are the classes 1 to {len(taken)}, in this order."
    if len(numbers) <= 1 or max(numbers) <= MANY:
        return ""
    if max(numbers) <= MOST_CLASSES:
        return (
            f"The {len(numbers)} numbers of the masks, up to {max(numbers)}, are taken "
            'for classes. Single objects are learnt by the task "instance".'
        )
    return (
        f"The masks hold {len(numbers)} numbers up to {max(numbers)}. Above "
        f"{MOST_CLASSES} they are taken for single objects, and all of them for one "
        "region. To tell classes apart, number them 1, 2, 3 ..."
    )


def _classed(source: PairSource, numbers: Sequence[int]) -> Pair:
    pair = source.read()
    return replace(pair, labels=classes_in(pair.labels, numbers))


def _broad(mask: Labels) -> set[int]:
    """Return the numbers that fill a square of two by two pixels somewhere."""
    corner = mask[1:, 1:]
    same = (corner == mask[:-1, 1:]) & (corner == mask[1:, :-1])
    return set(np.unique(corner[same & (corner == mask[:-1, :-1])]).tolist())


def _blurred(numbers: Collection[int], thin: int) -> DataError:
    return DataError(
        f"the masks hold {len(numbers)} numbers up to {max(numbers)}, of which {thin} "
        "are nowhere two pixels wide, as the edges of a blurred mask are",
        "one number for each class, with sharp edges",
        "for one region keep what is above the middle (mask > "
        f"{max(numbers) // 2}); resize masks without interpolation; or number classes "
        "1, 2, 3 ...",
    )
