"""The part of an image that a run looks at, and where its labels belong.

Pure: arrays and letters in, arrays and indices out. Three shapes of axes meet here:

======== ==============================================================
image    the layer's data, such as "zcyx"
fed      what the network is fed: planes of a single slice lose "z" or "t"
shown    the labels layer: "c" goes where it leads, else it has one element
======== ==============================================================
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from napari_cihm.data.arrays import ArrayLike, read_part
from napari_cihm.data.boxes import Box, shape_of, shifted, whole

LARGE = 2**28  # label pixels: a gigabyte

Extent = Literal["all", "slice", "view"]


@dataclass(frozen=True)
class Region:
    """A box of an image.

    Parameters
    ----------
    axes, shape
        The image's.
    box : tuple of slice
        One for each of its axes.
    asked : tuple of slice, optional
        What of the box was asked for; the rest is looked at to see objects whole.
    """

    axes: str
    shape: tuple[int, ...]
    box: Box
    asked: Box | None = None

    @property
    def whole(self) -> bool:
        """Whether all of the image was asked for."""
        pairs = zip(self.asked or self.box, self.shape, strict=True)
        return all(s.start == 0 and s.stop == n for s, n in pairs)

    @property
    def large(self) -> bool:
        """Whether its labels had better lie on disk."""
        return int(np.prod(self.shown_part, dtype=np.int64)) > LARGE

    @property
    def fed_axes(self) -> str:
        """Axes of what the network is fed."""
        return "".join(a for a in self.axes if not self._fixed(a))

    @property
    def shown_axes(self) -> str:
        """Axes of the labels layer: less channels that come first or last."""
        return self.axes.strip("c")

    @property
    def shown_shape(self) -> tuple[int, ...]:
        """Shape of labels for the whole image."""
        return tuple(1 if a == "c" else self._size(a) for a in self.shown_axes)

    @property
    def shown_box(self) -> Box:
        """The region in labels for the whole image."""
        one = slice(0, 1)
        return tuple(one if a == "c" else self._slice(a) for a in self.shown_axes)

    @property
    def shown_part(self) -> tuple[int, ...]:
        """Shape of labels for the region alone."""
        return shape_of(self.shown_box)

    @property
    def shown_core(self) -> Box:
        """What was asked for, in labels for the region alone."""
        asked = Region(self.axes, self.shape, self.asked or self.box)
        return shifted(asked.shown_box, self.shown_box)

    def grown(self, margin: int) -> "Region":
        """Return a region that looks so many rows and columns further."""
        if self.whole:
            return self
        box = tuple(
            slice(max(s.start - margin, 0), min(s.stop + margin, n)) if a in "yx" else s
            for a, s, n in zip(self.axes, self.box, self.shape, strict=True)
        )
        return Region(self.axes, self.shape, box, self.box)

    def beside(self, axis: str, reach: int) -> Iterator[tuple[int, Box]]:
        """Yield boxes in labels for the whole image, next to a single slice or frame.

        The nearest first, each with how far away it is; none where the region has
        more of the axis than one.
        """
        if axis not in self.axes or not self._fixed(axis):
            return
        place, at = self.shown_axes.index(axis), self._slice(axis).start
        for step in range(1, reach + 1):
            for near in (at - step, at + step):
                if 0 <= near < self._size(axis):
                    box = list(self.shown_box)
                    box[place] = slice(near, near + 1)
                    yield step, tuple(box)

    def feed(self, data: ArrayLike) -> Any:
        """Return the region of the image, unread where its array is lazy."""
        if self.whole:
            return data
        index = tuple(
            s.start if self._fixed(a) else s
            for a, s in zip(self.axes, self.box, strict=True)
        )
        return data[index] if isinstance(data, np.ndarray) else Part(data, index)

    def show(self, labels: NDArray[Any]) -> NDArray[Any]:
        """Give labels of the region the shape of the labels layer."""
        return labels.reshape(self.shown_part)

    def fed_labels(self, shown: NDArray[Any]) -> NDArray[Any]:
        """Give what a labels layer shows of the region the axes of what was fed."""
        one = (a == "c" or self._fixed(a) for a in self.shown_axes)
        return shown[tuple(0 if single else slice(None) for single in one)]

    def show_box(self, box: Box) -> Box:
        """Turn a box in the labels of what was fed into one in what is shown."""
        fed = [a for a in self.fed_axes if a != "c"]
        given = dict(zip(fed, box, strict=True))
        return tuple(given.get(a, slice(0, 1)) for a in self.shown_axes)

    def _fixed(self, axis: str) -> bool:
        s = self._slice(axis)
        single = s.stop - s.start == 1 and self._size(axis) > 1
        return axis in "tz" and single

    def _slice(self, axis: str) -> slice:
        return self.box[self.axes.index(axis)]

    def _size(self, axis: str) -> int:
        return self.shape[self.axes.index(axis)]


def region_of(
    axes: str,
    shape: Sequence[int],
    extent: Extent = "all",
    point: Mapping[str, int] | None = None,
    window: Mapping[str, tuple[int, int]] | None = None,
) -> Region:
    """Return the region that an extent means.

    Parameters
    ----------
    axes, shape
        The image's.
    extent : str
        "all"; "slice", the plane at `point`; or "view", what `window` shows of it.
    point : mapping
        Where the sliders of t and z stand.
    window : mapping
        First and last pixel that can be seen, for the axes on display.
    """
    if extent == "all":
        return Region(axes, tuple(shape), whole(shape))
    box = dict(zip(axes, whole(shape), strict=True))
    for axis, at in (point or {}).items():
        if axis in "tz" and axis in box:
            at = min(max(int(at), 0), box[axis].stop - 1)
            box[axis] = slice(at, at + 1)
    if extent == "view":
        for axis, (first, last) in (window or {}).items():
            if axis in "yx":
                start = min(max(int(first), 0), box[axis].stop - 1)
                stop = min(max(int(last), start + 1), box[axis].stop)
                box[axis] = slice(start, stop)
    return Region(axes, tuple(shape), tuple(box[axis] for axis in axes))


class Part:
    """A part of an array that is read when it is asked for.

    Parameters
    ----------
    data : array-like
        Dask, zarr or the like.
    index : tuple of int or slice
        One for each dimension, slices without steps.
    """

    def __init__(self, data: ArrayLike, index: tuple[int | slice, ...]) -> None:
        self._data, self._index = data, index
        self.dtype = np.dtype(data.dtype)
        self.shape = tuple(s.stop - s.start for s in index if isinstance(s, slice))

    def __getitem__(self, index: Any) -> NDArray[Any]:
        wanted = index if isinstance(index, tuple) else (index,)
        if Ellipsis in wanted:
            at = wanted.index(Ellipsis)
            fill = (slice(None),) * (len(self.shape) - len(wanted) + 1)
            wanted = (*wanted[:at], *fill, *wanted[at + 1 :])
        left = iter((*wanted, *(slice(None),) * (len(self.shape) - len(wanted))))
        combined = tuple(
            _within(own, next(left)) if isinstance(own, slice) else own
            for own in self._index
        )
        return read_part(self._data, combined)


def _within(own: slice, wanted: int | slice) -> int | slice:
    size = own.stop - own.start
    if isinstance(wanted, slice):
        start, stop, step = wanted.indices(size)
        return slice(own.start + start, own.start + stop, step)
    return own.start + int(wanted) % size
