"""The pixels of a TIFF, of which no more is held than is being read."""

import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
import zarr
from numpy.typing import NDArray

from napari_cihm.data.image import readable
from napari_cihm.data.tiff_sets import lies_in


@dataclass(eq=False, repr=False)
class LazyTiff:
    """The pixels of a series, each part read when it is asked for.

    It can be sent to another process, which opens the file anew.

    Parameters
    ----------
    path : Path
        The file.
    level : int
        Of the series.
    full_shape, dtype
        As the file has them.
    index : tuple, optional
        What of each dimension is kept, by default all: a number drops it.
    white : int, optional
        Of a file in which 0 is white, the number that is black. Its pixels are
        turned round, so that what is bright has the higher number.
    series : int
        Which image of the file, or of the set that it belongs to.
    """

    path: Path
    level: int
    full_shape: tuple[int, ...]
    dtype: np.dtype[Any]
    index: tuple[int | slice, ...] = ()
    white: int | None = None
    series: int = 0

    def __post_init__(self) -> None:
        self.index = self.index or (slice(None),) * len(self.full_shape)
        kept = zip(self.full_shape, self.index, strict=True)
        self.shape = tuple(n for n, i in kept if isinstance(i, slice))
        self.ndim = len(self.shape)
        self._opened: Any = None
        self._lock = threading.Lock()

    def __getitem__(self, where: Any) -> NDArray[Any]:
        asked = iter(where if isinstance(where, tuple) else (where,))
        full = tuple(
            next(asked, slice(None)) if isinstance(i, slice) else i for i in self.index
        )
        with readable(self.path):  # of a stack of files, the one that is broken
            part = np.asarray(self._pixels()[full])
        # The highest number less any other is that with every bit turned.
        return part if self.white is None else self.dtype.type(self.white) ^ part

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return np.asarray(self[()], dtype)

    def __reduce__(self) -> tuple[Any, ...]:  # the path, not the open file
        return LazyTiff, tuple(getattr(self, field.name) for field in fields(self))

    @property
    def stored(self) -> "LazyTiff":
        """The numbers as they are in the file, whatever is white."""
        return replace(self, white=None)

    def close(self) -> None:
        """Let the file go; the next part that is asked for opens it anew."""
        self._opened = None

    def _pixels(self) -> Any:
        with self._lock:
            if self._opened is None:
                self._opened = self._open()
            opened = self._opened
        RECENT.add(self)
        return opened

    def _open(self) -> Any:
        which: dict[str, Any] = {"series": self.series, "level": self.level}
        with tifffile.TiffFile(self.path) as file:
            series = file.series[self.series].levels[self.level]
            whole = all(lies_in(page, file.filehandle.path) for page in series.pages)
            mappable = whole and series.keyframe.is_memmappable
            if mappable and series.dataoffset is not None:
                return tifffile.memmap(self.path, mode="r", **which)
            tiled = series.keyframe.is_tiled or len(series.keyframe.dataoffsets) > 1
        if not tiled:
            return _Pages(self.path, **which)
        store = tifffile.imread(self.path, aszarr=True, **which)
        array = zarr.open_array(store, mode="r")
        weakref.finalize(array, store.close)
        return array


class _Recent:
    """The images that were read last; the files of those before are closed.

    A stack or a folder may hold thousands of files, and a system lets a program open
    as few as 256. Whoever still reads of a file that is dropped here keeps it open
    until he is done.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._images: list[weakref.ref[LazyTiff]] = []
        self._lock = threading.Lock()

    def add(self, image: LazyTiff) -> None:
        """Take an image for the one that was read last."""
        with self._lock:
            others = [ref for ref in self._images if ref() not in (None, image)]
            self._images = [*others, weakref.ref(image)]
            dropped = self._images[: -self._most]
            del self._images[: -self._most]
        for ref in dropped:
            old = ref()
            if old is not None:
                old.close()


RECENT = _Recent(8)


class _Pages:
    """Pages that can only be decoded whole; the last one is kept."""

    def __init__(self, path: Path, series: int, level: int) -> None:
        self._file = tifffile.TiffFile(path)
        self._series = self._file.series[series].levels[level]
        self._lock = threading.Lock()
        self._last: tuple[int, NDArray[Any]] | None = None
        weakref.finalize(self, self._file.close)

    def __getitem__(self, where: tuple[Any, ...]) -> NDArray[Any]:
        shape = self._series.shape
        inner = len(self._series.keyframe.shape)
        outer = shape[: len(shape) - inner]
        wanted = np.arange(int(np.prod(outer))).reshape(outer)[where[: len(outer)]]
        parts = [self._page(int(n))[where[len(outer) :]] for n in wanted.ravel()]
        return np.stack(parts).reshape(wanted.shape + parts[0].shape)

    def _page(self, number: int) -> NDArray[Any]:
        with self._lock:
            if self._last is None or self._last[0] != number:
                page = self._series.pages[number]
                shape = self._series.keyframe.shape
                if page is None:  # a page that an OME file left out
                    pixels = np.zeros(shape, self._series.dtype)
                else:
                    with _opened(page.parent.filehandle):
                        pixels = page.asarray().reshape(shape)
                self._last = (number, pixels)
            return self._last[1]


@contextmanager
def _opened(handle: tifffile.FileHandle) -> Iterator[None]:
    """Open a file of a set, if it is none that is open, and close it again."""
    closed = handle.closed
    if closed:
        handle.open()
    try:
        yield
    finally:
        if closed:
            handle.close()
