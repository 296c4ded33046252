"""Tell whether an image is the one that a journal was kept for."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import product
from typing import Any

import numpy as np

from napari_cihm.data.arrays import read_part
from napari_cihm.data.boxes import Box, whole
from napari_cihm.errors import ReadError

# An image of so many pixels is read whole: samples of a sparse one may all be empty.
WHOLE = 1 << 26
# Labels are looked at on the window's thread before the first stroke.
GLANCE = 1 << 20
# Of a larger one, so many planes at most and tiles in all, spread over all of it.
PLANES = 16
TILES = 256
SIDE = 64
# A small axis, such as colours, is taken whole.
FEW = 4


@dataclass(frozen=True)
class ImageIdentity:
    """What an image is known by, whatever it is called and wherever it lies.

    Attributes
    ----------
    name : str
        What it was called; two images of one content are the same all the same.
    shape : tuple of int
        Sizes.
    dtype : str
        Kind of number.
    fingerprint : str
        A hash of its content, sampled in a large image.
    source : str
        Where it was read, if it was.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    fingerprint: str
    source: str = ""

    @classmethod
    def of(cls, image: Any, name: str = "", source: str = "") -> "ImageIdentity":
        """Look at an image: numpy, zarr or dask, which all give the same.

        What is too large to be read costs some hundred small parts.
        """
        shape = tuple(int(n) for n in image.shape)
        dtype = np.dtype(image.dtype).newbyteorder("<")
        return cls(name, shape, dtype.str, fingerprint(image), source)

    def matches(self, other: "ImageIdentity") -> bool:
        """Say whether both are of one content."""
        return (self.shape, self.dtype, self.fingerprint) == (
            other.shape,
            other.dtype,
            other.fingerprint,
        )

    def document(self) -> dict[str, Any]:
        """Return it in a form that JSON can hold."""
        return asdict(self)

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> "ImageIdentity":
        """Return what a document says.

        Raises
        ------
        ReadError
            If it says nothing of the kind.
        """
        try:
            return cls(
                str(document["name"]),
                tuple(int(n) for n in document["shape"]),
                str(document["dtype"]),
                str(document["fingerprint"]),
                str(document.get("source", "")),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ReadError(f"no image's identity: {document!r}") from error


def fingerprint(image: Any, whole: int = WHOLE) -> str:
    """Return a hash of an image's content: of more pixels than `whole`, of samples."""
    shape = tuple(int(n) for n in image.shape)
    dtype = np.dtype(image.dtype).newbyteorder("<")
    digest = hashlib.blake2b(repr((shape, dtype.str)).encode(), digest_size=16)
    for box in _boxes(shape, whole):
        part = np.ascontiguousarray(read_part(image, box), dtype)
        digest.update(part.reshape(-1).view(np.uint8).data)
    return digest.hexdigest()


def _boxes(shape: Sequence[int], most: int) -> Iterator[Box]:
    if int(np.prod(shape, dtype=np.int64)) <= most:
        yield whole(shape)
        return
    long = [axis for axis, n in enumerate(shape) if n > FEW]
    flat = sorted(long, key=lambda axis: shape[axis])[-2:]
    deep = [axis for axis in long if axis not in flat]
    planes = _spread([shape[a] for a in deep], PLANES)
    tiles = _spread([-(-shape[a] // SIDE) for a in flat], TILES // len(planes))
    for plane, tile in product(planes, tiles):
        box = list(whole(shape))
        for axis, at in zip(deep, plane, strict=True):
            box[axis] = slice(at, at + 1)
        for axis, at in zip(flat, tile, strict=True):
            box[axis] = slice(at * SIDE, min((at + 1) * SIDE, shape[axis]))
        yield tuple(box)


def _spread(sizes: Sequence[int], count: int) -> list[tuple[int, ...]]:
    """Choose about so many places in a grid, evenly along each axis."""
    places: list[list[int]] = []
    # The short axes first: what they do not take is left to the long ones.
    for done, size in enumerate(sorted(sizes)):
        taken = int(np.prod([len(axis) for axis in places], dtype=np.int64))
        share = max(1, int((count / taken) ** (1 / (len(sizes) - done))))
        steps = np.linspace(0, size - 1, min(share, size)).astype(int)
        places.append(steps.tolist())
    order = np.argsort(np.argsort(sizes, kind="stable"), kind="stable")
    return list(product(*[places[i] for i in order]))
