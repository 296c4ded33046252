"""Where a run keeps what is finished: in memory, or in a folder that outlives it."""

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from napari_cihm.data.image import Image
from napari_cihm.data.tiles import Box
from napari_cihm.segmentation.parts import Part
from napari_cihm.segmentation.plan import Plane
from napari_cihm.segmentation.predictor import Maps

CANON = "tzyx"


class Store(Protocol):
    """What a run needs of a store; whatever was put is there after a crash."""

    def tile(self, plane: Plane, number: int) -> Maps | None:
        """Return a finished tile, or None."""

    def put_tile(self, plane: Plane, number: int, maps: Maps) -> None:
        """Keep a finished tile."""

    def drop_tile(self, plane: Plane, number: int) -> None:
        """Forget a tile that no block needs any more."""

    def has_part(self, plane: Plane, index: tuple[int, ...]) -> bool:
        """Tell whether a block is finished."""

    def put_part(self, plane: Plane, core: Box, part: Part) -> None:
        """Keep a finished block."""

    def parts(self, plane: Plane) -> list[Part]:
        """Return what joining needs of a plane's blocks."""

    def labels(self, plane: Plane, core: Box) -> NDArray[np.uint32]:
        """Return a block's own numbers."""

    def finish(self, tables: "Tables", cores: Mapping[tuple[int, ...], Box]) -> Any:
        """Give every object its final number and return the labels."""

    def maps(self) -> Any:
        """Return the maps that were kept, or None."""


Tables = Mapping[tuple[Plane, tuple[int, ...]], NDArray[np.uint32]]


def canonical(array: Any, axes: str) -> Any:
    """View an array with label axes as (t, z, y, x)."""
    order = [axes.index(letter) for letter in CANON if letter in axes]
    view = array.transpose(order)
    missing = tuple(i for i, letter in enumerate(CANON) if letter not in axes)
    return np.expand_dims(view, missing)


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
    """

    def __init__(self, image: Image, classes: int = 0) -> None:
        self._axes = image.label_axes
        self._labels = np.zeros(image.label_shape, np.uint32)
        self._view = canonical(self._labels, self._axes)
        self._kept: NDArray[np.float32] | None = None
        if classes:
            self._kept = np.zeros((classes, *image.label_shape), np.float32)
        self._tiles: dict[tuple[Plane, int], Maps] = {}
        self._parts: dict[Plane, dict[tuple[int, ...], Part]] = {}

    def tile(self, plane: Plane, number: int) -> Maps | None:
        """Return a finished tile, or None."""
        return self._tiles.get((plane, number))

    def put_tile(self, plane: Plane, number: int, maps: Maps) -> None:
        """Keep a finished tile."""
        self._tiles[plane, number] = maps

    def drop_tile(self, plane: Plane, number: int) -> None:
        """Forget a tile that no block needs any more."""
        self._tiles.pop((plane, number), None)

    def has_part(self, plane: Plane, index: tuple[int, ...]) -> bool:
        """Tell whether a block is finished."""
        return index in self._parts.get(plane, {})

    def put_part(self, plane: Plane, core: Box, part: Part) -> None:
        """Keep a finished block."""
        self._view[*plane, *core] = part.labels
        if self._kept is not None and part.maps is not None:
            for kept, maps in zip(self._kept, part.maps, strict=True):
                canonical(kept, self._axes)[*plane, *core] = maps
        self._parts.setdefault(plane, {})[part.index] = part.without_pixels()

    def parts(self, plane: Plane) -> list[Part]:
        """Return what joining needs of a plane's blocks."""
        return list(self._parts.get(plane, {}).values())

    def labels(self, plane: Plane, core: Box) -> NDArray[np.uint32]:
        """Return a block's own numbers."""
        return np.asarray(self._view[*plane, *core])

    def finish(self, tables: Tables, cores: Mapping[tuple[int, ...], Box]) -> Any:
        """Give every object its final number and return the labels."""
        highest = max((int(t.max(initial=0)) for t in tables.values()), default=0)
        for (plane, index), table in tables.items():
            where = (*plane, *cores[index])
            self._view[where] = table[self._view[where]]
        return self._labels.astype(smallest_dtype(highest), copy=False)

    def maps(self) -> Any:
        """Return the maps that were kept, or None."""
        return self._kept
