"""Any array: numpy's, dask's, zarr's, a list of rows or a tensor, taken as one."""

from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from napari_cihm.errors import DtypeError, ShapeError, in_short


@runtime_checkable
class ArrayLike(Protocol):
    """What numpy, dask, zarr and our lazy files have in common."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Sizes."""

    @property
    def dtype(self) -> Any:
        """Kind of number."""

    def __getitem__(self, index: Any) -> Any:
        """Read a part."""


def read_part(array: ArrayLike, index: Any) -> NDArray[Any]:
    """Read a part of any array, in any thread.

    Dask's callbacks, among them the cache under which napari draws, are meant for one
    thread: two that compute under them break each other off with a KeyError. So a
    dask graph is computed apart from them.
    """
    part = array[index]
    compute = getattr(part, "compute", None)
    return np.asarray(part if compute is None else compute(callbacks=()))


def as_array(data: Any, what: str = "an image") -> ArrayLike:
    """Give an array as it is, and one of a list, a table or a tensor of PyTorch.

    Raises
    ------
    DtypeError
        Saying `what` it cannot be of: complex numbers, text, the name of a file.
    """
    if isinstance(data, str | Path):
        raise DtypeError(
            f"{in_short(str(data))} is a name",
            "an array of pixels",
            "read the file first, with skimage.io.imread or tifffile.imread",
        )
    if data is None:  # as OpenCV says that it could not read a file
        raise DtypeError(f"None was given for {what}", "an array of pixels")
    if not (isinstance(data, ArrayLike) and _known(data.dtype)):
        data = _copied(data, what)
    kind = np.dtype(data.dtype).kind
    if kind == "c":
        raise DtypeError(
            f"{what} of complex numbers ({data.dtype})",
            "real numbers",
            "take the magnitude, numpy.abs(image), or one part of it",
        )
    if kind not in "buif":
        raise DtypeError(f"{what} of {data.dtype}", "booleans, integers or floats")
    if any(n != n for n in data.shape):  # not-a-numbers
        raise ShapeError(
            f"{what} of dask whose sizes are not known, {data.shape}",
            "whole numbers",
            "call its compute_chunk_sizes() first",
        )
    array: ArrayLike = _unmasked(data) if np.ma.is_masked(data) else data
    return array


def _unmasked(data: np.ma.MaskedArray[Any, Any]) -> NDArray[Any]:
    """Make what a mask hides not-a-number, which is nowhere looked at."""
    floats = data.astype(np.result_type(data.dtype, np.float32))
    return np.asarray(np.ma.filled(floats, np.nan))


def _copied(data: Any, what: str) -> NDArray[Any]:
    """Copy what is no array of numpy's kinds."""
    if hasattr(data, "keys") and not hasattr(data, "__array__"):
        raise DtypeError(
            f"{type(data).__name__} was given for {what}",
            "an array of pixels",
            "take one of the arrays that it holds, by its name",
        )
    try:
        if hasattr(data, "detach"):
            data = data.detach().cpu()
            if str(data.dtype) == "torch.bfloat16":
                data = data.float()
        return np.asarray(data)
    except (TypeError, ValueError) as error:
        raise DtypeError(
            f"{what} that no array can hold ({error})",
            "numbers in rows of one length",
            "give a numpy array",
        ) from error


def _known(dtype: Any) -> bool:
    """Whether numpy has this kind of number; PyTorch, for one, has its own."""
    try:
        np.dtype(dtype)
    except TypeError:
        return False
    return True
