"""Label and map files: OME-TIFF or OME-Zarr, streamed, with axes and scale."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import numpy as np
import tifffile
import zarr
from numpy.typing import NDArray

from napari_cihm.data.axes import along
from napari_cihm.data.image import Image
from napari_cihm.data.ome_zarr import describe
from napari_cihm.data.paths import spelled
from napari_cihm.data.units import as_sign
from napari_cihm.data.writing import whole_file, whole_folder
from napari_cihm.errors import UnknownNameError

CHUNK = 1024
SUFFIXES = (".tif", ".tiff", ".zarr")
CLASSIC = 2**31  # bytes of pixels beyond which a TIFF needs long offsets
OME_ORDER = "tczyx"
WIDE = "int64", "uint64"  # of which OME knows nothing


@dataclass(frozen=True)
class Layout:
    """What the dimensions of an array to write mean."""

    axes: str
    scale: Mapping[str, float] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    name: str = "labels"
    origin: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, image: Image, axes: str | None = None) -> "Layout":
        """Return the layout of an image's labels, or of other axes."""
        axes = image.label_axes if axes is None else axes
        scale, units = along(axes, image.scale), along(axes, image.units)
        return cls(axes, scale, units, image.name, along(axes, image.origin))


def write_array(path: str | Path, array: Any, layout: Layout) -> Path:
    """Write labels or maps, a numpy or a zarr array, a piece at a time.

    Parameters
    ----------
    path : str or Path
        Ends in ``.tif`` or ``.zarr``. It appears when it is whole.
    array : array-like
        Labels, or maps with their classes as an axis "c".
    layout : Layout
        Its axes, scale, units and, in a ``.zarr``, place.
    """
    path = Path(path)
    kind = path.suffix.lower()
    if kind not in SUFFIXES:
        raise UnknownNameError.among("kind of file", path.suffix, SUFFIXES)
    path.parent.mkdir(parents=True, exist_ok=True)
    if kind == ".zarr":
        with whole_folder(path) as folder:
            _write_zarr(folder, array, layout)
    else:
        with whole_file(path) as file:
            _write_tiff(file, array, layout)
    return path


def _write_tiff(file: Any, array: Any, layout: Layout) -> None:
    dtype = _written(array)
    big = int(np.prod(array.shape)) * dtype.itemsize > CLASSIC
    ordered = [OME_ORDER.index(letter) for letter in layout.axes]
    ome = ordered == sorted(ordered) and layout.axes.endswith("yx")
    ome = ome and dtype.name not in WIDE
    metadata: dict[str, Any] = {"axes": layout.axes.upper()}
    about = f"{spelled(layout.name)} {layout.axes} {array.shape} {array.dtype}"
    metadata["UUID"] = str(uuid5(NAMESPACE_URL, about))  # one result, the same bytes
    for letter in "zyx":  # what has no OME order keeps them by the same names
        if letter in layout.scale:
            metadata[f"PhysicalSize{letter.upper()}"] = abs(layout.scale[letter])
            unit = as_sign(layout.units.get(letter, "pixel"))
            metadata[f"PhysicalSize{letter.upper()}Unit"] = unit
    if "t" in layout.scale and "t" in layout.units:  # no frame takes a pixel of time
        metadata["TimeIncrement"] = abs(layout.scale["t"])
        metadata["TimeIncrementUnit"] = as_sign(layout.units["t"])
    with tifffile.TiffWriter(file, bigtiff=big, ome=ome) as tiff:
        tiff.write(
            (page.astype(dtype, copy=False) for page in _pages(array)),
            shape=array.shape,
            dtype=dtype,
            compression="zlib",
            photometric="minisblack",
            metadata=metadata,
        )


def _written(array: Any) -> np.dtype[Any]:
    """Choose what OME has a name for, and other programs read, if it holds all."""
    own: np.dtype[Any] = np.dtype(array.dtype)
    if own.name not in WIDE:
        return own
    low = high = 0
    for page in _pages(array):
        low, high = min(low, int(page.min())), max(high, int(page.max()))
    for narrow in (np.dtype(np.int32), np.dtype(np.uint32)):
        if np.iinfo(narrow).min <= low and high <= np.iinfo(narrow).max:
            return narrow
    return own


def _pages(array: Any) -> Iterator[NDArray[Any]]:
    for index in np.ndindex(tuple(array.shape[:-2])):
        yield np.ascontiguousarray(array[index])


def _write_zarr(folder: Path, array: Any, layout: Layout) -> None:
    group = zarr.create_group(folder)
    shape = tuple(array.shape)
    # One file a plane's square; classes of a pixel stay together.
    sides = {"y": CHUNK, "x": CHUNK, "c": shape[0]}
    chunks = tuple(
        min(n, sides.get(letter, 1))
        for n, letter in zip(shape, layout.axes, strict=True)
    )
    level = group.create_array(
        "0",
        shape=shape,
        chunks=chunks,
        dtype=array.dtype,
        dimension_names=list(layout.axes),
    )
    starts = [range(0, n, c) for n, c in zip(shape, chunks, strict=True)]
    for first in product(*starts):
        box = tuple(slice(a, a + c) for a, c in zip(first, chunks, strict=True))
        level[box] = np.asarray(array[box])
    name = spelled(layout.name)
    about = describe(layout.axes, layout.scale, layout.units, layout.origin, name)
    group.attrs.update(about)
