"""What a set of pairs holds, learnt in one pass without keeping them."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_cihm.data.pairs import Pair, PairSource
from napari_cihm.data.sizes import widths


@dataclass(frozen=True)
class Survey:
    """The facts that plan a training run.

    Attributes
    ----------
    shapes : tuple
        Channels, height and width of each image.
    numbers : frozenset of int
        The numbers that labels hold, background aside.
    diameters : array
        Of the disc as large as each object.
    overlaps : tuple
        Name, and pixels claimed twice, of the images that have such.
    fingerprint : str
        Changes with any pixel of any pair, but not with their order.
    """

    shapes: tuple[tuple[int, ...], ...]
    numbers: frozenset[int]
    diameters: NDArray[np.float64]
    overlaps: tuple[tuple[str, int], ...]
    fingerprint: str

    @property
    def channels(self) -> frozenset[int]:
        """How many channels images have."""
        return frozenset(shape[0] for shape in self.shapes)

    @property
    def objects(self) -> int:
        """How many objects there are."""
        return len(self.diameters)

    @property
    def diameter(self) -> float | None:
        """Typical diameter of an object in pixels."""
        if not self.objects:
            return None
        return round(float(np.median(self.diameters)), 1)


def survey(sources: Sequence[PairSource]) -> Survey:
    """Read every pair once and keep the facts."""
    shapes, numbers, overlaps = [], set[int](), []
    diameters, digests = [np.zeros(0)], []
    for pair in read_each(sources):
        shapes.append(pair.image.shape)
        known = pair.labels if pair.reviewed is None else pair.labels[pair.reviewed]
        names, areas = np.unique(known, return_counts=True)
        numbers.update(names[names != 0].tolist())
        diameters.append(widths(areas[names != 0]))
        digests.append(digest(pair))
        if pair.overlap:
            overlaps.append((pair.name, pair.overlap))
    return Survey(
        tuple(shapes),
        frozenset(numbers),
        np.concatenate(diameters),
        tuple(overlaps),
        combine(digests),
    )


def read_each(sources: Sequence[PairSource]) -> Iterator[Pair]:
    """Read pairs one at a time."""
    return (source.read() for source in sources)


def digest(pair: Pair) -> str:
    """Return a hash of a pair's content, whatever its name."""
    sha = hashlib.sha256()
    for part in (pair.image, pair.labels, pair.reviewed):
        if part is not None:
            sha.update(str((part.shape, part.dtype.str)).encode())
            sha.update(np.ascontiguousarray(part).tobytes())
    return sha.hexdigest()


def combine(digests: Sequence[str]) -> str:
    """Join the hashes of several pairs, whatever their order."""
    return hashlib.sha256("".join(sorted(digests)).encode()).hexdigest()[:16]
