"""Tell whether an image is the one that a journal was kept for."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from napari_cihm.data.tiles import Box
from napari_cihm.errors import ReadError

# An image of so many pixels is read whole; of a larger one, some samples.
WHOLE = 1 << 20
SAMPLES = 8
SIDE = 64


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

        A large image costs the reading of a few small parts.
        """
        shape = tuple(int(n) for n in image.shape)
        dtype = np.dtype(image.dtype).newbyteorder("<")
        digest = hashlib.blake2b(repr((shape, dtype.str)).encode(), digest_size=16)
        for box in _samples(shape):
            part = np.ascontiguousarray(np.asarray(image[box]), dtype)
            digest.update(part.tobytes())
        return cls(name, shape, dtype.str, digest.hexdigest(), source)

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


def _samples(shape: Sequence[int]) -> list[Box]:
    if int(np.prod(shape, dtype=np.int64)) <= WHOLE:
        return [tuple(slice(0, n) for n in shape)]
    # The places follow from the sizes alone, so that they are found again.
    places = np.random.default_rng(list(shape))
    boxes = []
    for _ in range(SAMPLES):
        starts = [int(places.integers(0, max(1, n - SIDE + 1))) for n in shape]
        deep = [SIDE if axis >= len(shape) - 2 else 1 for axis in range(len(shape))]
        spans = zip(starts, deep, shape, strict=True)
        boxes.append(tuple(slice(s, min(s + d, n)) for s, d, n in spans))
    return boxes
