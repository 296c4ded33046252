"""An image with its axes: any array, any order, read plane by plane."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_cihm.data.arrays import ArrayLike, as_array, read_part
from napari_cihm.data.axes import check_axes, guess_axes, label_axes, letters_of
from napari_cihm.errors import AxesError, CihmError, ReadError, ShapeError, counted

COLOUR, ALPHA = 3, 4  # how many channels colours are, without alpha and with it
THREE = (
    "the first axis, of 3, was taken for channels; give axes='zyx' if it is of slices"
)


@dataclass(frozen=True, eq=False)
class Image:
    """Pixels that may still lie on disk, and what their dimensions mean.

    Parameters
    ----------
    data : array-like
        A numpy, dask or zarr array, or a lazily read file.
    axes : str
        One letter of "tzcyx" for each dimension.
    scale : mapping of str to float
        Size of a pixel along some axes.
    units : mapping of str to str
        The units of those sizes.
    name : str
        What outputs are named after.
    path : Path, optional
        Where it was read.
    note : str
        What was assumed of it, to be said when it is segmented.
    origin : mapping of str to float
        Where the first pixel lies along some axes, in the units of its sizes.
    """

    data: ArrayLike
    axes: str
    scale: Mapping[str, float] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    name: str = "image"
    path: Path | None = None
    note: str = ""
    origin: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, data: Any, axes: str | None = None, **about: Any) -> "Image":
        """Take an array, checking its kind and checking or guessing its axes.

        Raises
        ------
        DtypeError
            If its numbers are complex, text or objects, or it is the name of a file.
        ShapeError
            If it has no pixel at all.
        AxesError
            If the axes do not describe its shape, or it is a list of images and
            nothing tells whether these are planes of one.
        """
        if isinstance(data, cls):
            return data if axes is None else data.with_axes(axes)
        if axes is None and isinstance(data, list | tuple):
            _refuse_many(data)
        data = as_array(data)
        if axes is None:
            axes = own_axes(data) or guess_axes(data.shape)
            if axes == "cyx" and len(data) == COLOUR:  # of others, averages are told
                about = {"note": THREE, **about}
        letters = check_axes(axes, data.shape)
        if 0 in data.shape:
            raise ShapeError(
                f"an empty image, shape {tuple(data.shape)}",
                "at least one pixel along each axis",
                "select a region that lies inside the image",
            )
        return cls(data, letters, **about)

    def with_axes(self, axes: str) -> "Image":
        """Return the same pixels with other axes."""
        return replace(self, axes=check_axes(axes, self.data.shape), note="")

    @property
    def shape(self) -> tuple[int, ...]:
        """Sizes in the order of `axes`."""
        return tuple(int(n) for n in self.data.shape)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Kind of number of a pixel."""
        dtype: np.dtype[Any] = np.dtype(self.data.dtype)
        return dtype

    @property
    def label_axes(self) -> str:
        """Axes of its labels."""
        return label_axes(self.axes)

    @property
    def label_shape(self) -> tuple[int, ...]:
        """Sizes of its labels."""
        return tuple(self.size(letter) for letter in self.label_axes)

    def size(self, letter: str) -> int:
        """Length along an axis; 1 where the image lacks it."""
        return self.shape[self.axes.index(letter)] if letter in self.axes else 1

    def read(
        self,
        t: int = 0,
        z: int = 0,
        y: slice = slice(None),
        x: slice = slice(None),
        channels: tuple[int, ...] | None = None,
    ) -> NDArray[Any]:
        """Read a part of one plane as (channel, y, x) in the machine's byte order.

        Slices are without steps; all channels are read by default.

        Raises
        ------
        ReadError
            If its file turns out to be broken here.
        """
        where: dict[str, Any] = {"t": t, "z": z, "c": slice(None), "y": y, "x": x}
        if channels is not None and len(channels) == 1:
            where["c"] = slice(channels[0], channels[0] + 1)
        index = tuple(where[letter] for letter in self.axes)
        with readable(self.path) if self.path else nullcontext():
            part = read_part(self.data, index)
        left = [letter for letter in self.axes if letter in "cyx"]
        if "c" not in left:
            part, left = part[..., None], [*left, "c"]
        part = part.transpose([left.index(letter) for letter in "cyx"])
        if channels is not None and len(channels) > 1:
            part = part[list(channels)]
        return part.astype(part.dtype.newbyteorder("="), copy=False)


def own_axes(data: Any) -> str:
    """Return the axes that an array names, as xarray's do; else nothing."""
    return letters_of(map(str, getattr(data, "dims", ())))


def _refuse_many(images: Sequence[Any]) -> None:
    if any(getattr(one, "ndim", 0) > 1 for one in images):
        raise AxesError(
            f"a list of {counted(len(images), 'array')}",
            "one image",
            "give them one by one; if they are the slices of one, give axes='zyx'",
        )


def is_colour(image: Image) -> bool:
    """Tell whether the channels are red, green, blue and perhaps alpha."""
    last = image.axes.endswith("c")
    return last and image.size("c") in (COLOUR, ALPHA)


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Turn whatever goes wrong with a file into one line that names it."""
    try:
        yield
    except (CihmError, MemoryError):
        raise
    except FileNotFoundError:
        raise ReadError(f"{path} does not exist", "an image") from None
    except PermissionError:
        raise ReadError(
            f"{path} may not be read", remedy="get permission to read it"
        ) from None
    except Exception as error:  # decoders raise whatever they like
        raise ReadError(
            f"{path} cannot be read ({type(error).__name__}: {error})",
            "an intact image",
            "open it in another program; copy it again if that fails too",
        ) from error
