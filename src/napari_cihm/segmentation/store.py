"""Where a run keeps what is finished: in memory, or in a folder that outlives it."""

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from napari_cihm.data.boxes import Box, shape_of
from napari_cihm.data.image import Image
from napari_cihm.errors import UnavailableError
from napari_cihm.segmentation.parts import Part
from napari_cihm.segmentation.placing import CANON, Unit, arranged, placed
from napari_cihm.segmentation.predictor import Maps


class Shelf(Protocol):
    """Where tiles and blocks are put while they are made."""

    @property
    def lasting(self) -> bool:
        """Whether what is put outlives the process."""

    def tile(self, unit: Unit, number: int) -> Maps:
        """Return a finished tile."""

    def has_tile(self, unit: Unit, number: int) -> bool:
        """Tell whether a tile is finished."""

    def put_tile(self, unit: Unit, number: int, maps: Maps) -> None:
        """Keep a finished tile."""

    def drop_tile(self, unit: Unit, number: int) -> None:
        """Forget a tile that no block needs any more."""

    def has_part(self, unit: Unit, index: tuple[int, ...]) -> bool:
        """Tell whether a block is finished."""

    def put_part(self, unit: Unit, core: Box, part: Part) -> None:
        """Keep a finished block."""


class Store(Shelf, Protocol):
    """A shelf that labels are taken from in the end.

    Attributes
    ----------
    maps, doubt : array-like or None
        The maps and how unsure the model is, where they are kept.
    """

    maps: Any
    doubt: Any

    def parts(self, unit: Unit) -> list[Part]:
        """Return what joining needs of a unit's blocks."""

    def labels(self, unit: Unit, core: Box) -> NDArray[np.uint32]:
        """Return a block's own numbers."""

    def finish(self, tables: "Tables", cores: Mapping[tuple[int, ...], Box]) -> Any:
        """Give every object its final number and return the labels."""


Tables = Mapping[tuple[Unit, tuple[int, ...]], NDArray[np.uint32]]


def smallest_dtype(highest: int) -> type[np.unsignedinteger[Any]]:
    """Return the smallest of uint16 and uint32 that holds a number."""
    return np.uint16 if highest <= np.iinfo(np.uint16).max else np.uint32


class MemoryStore:
    """Keeps everything in memory, for images whose labels fit there.

    Parameters
    ----------
    image : Image
        What is segmented; labels come in its order of axes.
    classes : int
        Maps to keep of each pixel; 0 keeps none.
    doubt : bool
        Keep how unsure the model is.
    """

    lasting = False

    def __init__(self, image: Image, classes: int = 0, doubt: bool = False) -> None:
        self._axes = image.label_axes
        self._labels = _room(image.label_shape, np.uint32)
        shape, kind = image.label_shape, np.float32
        self.maps: Any = _room((classes, *shape), kind) if classes else None
        self.doubt: Any = _room(shape, kind) if doubt else None
        self._tiles: dict[tuple[Unit, int], Maps] = {}
        self._parts: dict[Unit, dict[tuple[int, ...], Part]] = {}

    def tile(self, unit: Unit, number: int) -> Maps:
        """Return a finished tile."""
        return self._tiles[unit, number]

    def has_tile(self, unit: Unit, number: int) -> bool:
        """Tell whether a tile is finished."""
        return (unit, number) in self._tiles

    def put_tile(self, unit: Unit, number: int, maps: Maps) -> None:
        """Keep a finished tile."""
        self._tiles[unit, number] = maps

    def drop_tile(self, unit: Unit, number: int) -> None:
        """Forget a tile that no block needs any more."""
        self._tiles.pop((unit, number), None)

    def has_part(self, unit: Unit, index: tuple[int, ...]) -> bool:
        """Tell whether a block is finished."""
        return index in self._parts.get(unit, {})

    def put_part(self, unit: Unit, core: Box, part: Part) -> None:
        """Keep a finished block."""
        where = placed(unit, core, self._axes)
        self._labels[where] = arranged(part.labels, self._axes)
        if self.maps is not None and part.maps is not None:
            for kept, maps in zip(self.maps, part.maps, strict=True):
                kept[where] = arranged(maps, self._axes)
        if self.doubt is not None and part.doubt is not None:
            self.doubt[where] = arranged(part.doubt, self._axes)
        self._parts.setdefault(unit, {})[part.index] = part.without_pixels()

    def parts(self, unit: Unit) -> list[Part]:
        """Return what joining needs of a unit's blocks."""
        return list(self._parts.get(unit, {}).values())

    def labels(self, unit: Unit, core: Box) -> NDArray[np.uint32]:
        """Return a block's own numbers."""
        part = self._labels[placed(unit, core, self._axes)]
        order = sorted(range(part.ndim), key=lambda i: CANON.index(self._axes[i]))
        return part.transpose(order).reshape(shape_of(core))

    def finish(self, tables: Tables, cores: Mapping[tuple[int, ...], Box]) -> Any:
        """Give every object its final number and return the labels."""
        highest = max((int(t.max(initial=0)) for t in tables.values()), default=0)
        for (unit, index), table in tables.items():
            where = placed(unit, cores[index], self._axes)
            self._labels[where] = table[self._labels[where]]
        return self._labels.astype(smallest_dtype(highest), copy=False)


def _room(shape: tuple[int, ...], dtype: Any) -> NDArray[Any]:
    try:
        return np.zeros(shape, dtype)
    except MemoryError:
        size = np.prod(shape, dtype=float) * np.dtype(dtype).itemsize / 2**30
        raise UnavailableError(
            f"the result takes {size:,.1f} GiB, more memory than there is",
            remedy="name a folder with work=..., and it is made on disk",
        ) from None
