"""A volume read along any of its axes, many planes at a time."""

import threading
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_cihm.data.arrays import read_part
from napari_cihm.data.image import Image

BYTES = 2**28  # of the planes that are held


class Slabs:
    """An image's pixels, of which the planes around the last one read are held.

    Volumes are stored in slices: of a plane across them each slice would be read
    and decoded whole, again for every plane. It can be sent to another process,
    which reads for itself.

    Parameters
    ----------
    image : Image
        A volume whose planes are read one after another, by `Image.read`.
    """

    def __init__(self, image: Image) -> None:
        self._image = image
        self.shape, self.dtype = image.shape, image.dtype
        self.ndim = len(self.shape)
        self._held: tuple[Any, NDArray[Any]] | None = None
        self._lock = threading.Lock()

    def __getitem__(self, where: tuple[Any, ...]) -> NDArray[Any]:
        """Read a part of one plane: numbers for time and depth, slices else."""
        index = dict(zip(self._image.axes, where, strict=True))
        count = (
            range(*index["c"].indices(self._image.size("c"))) if "c" in index else [0]
        )
        plane = self._image.size("y") * self._image.size("x") * len(count)
        thick = max(1, BYTES // (plane * self.dtype.itemsize))
        first, within = index["z"] // thick * thick, index["z"] % thick
        wanted = index | {"z": slice(first, first + thick)}
        wanted |= dict.fromkeys("yx", slice(None))
        inside = index | {"z": within, "c": slice(None)}
        left = [letter for letter in self._image.axes if letter != "t"]
        with self._lock:
            slab = self._slab(tuple(wanted.values()))
        return np.asarray(slab[tuple(inside[letter] for letter in left)])

    def __reduce__(self) -> tuple[Any, ...]:
        """Send the image, not what is held of it."""
        return Slabs, (self._image,)

    def _slab(self, wanted: tuple[Any, ...]) -> NDArray[Any]:
        if self._held is None or self._held[0] != wanted:
            self._held = None  # not two at once
            self._held = wanted, read_part(self._image.data, wanted)
        return self._held[1]
