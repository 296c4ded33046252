"""A table of what was found: sizes, places, brightness and shape of each object."""

import csv
from collections.abc import Collection, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from skimage.measure import regionprops_table
from skimage.util import map_array

from napari_cihm.data.chunks import holding_chunks
from napari_cihm.data.image import Image
from napari_cihm.data.units import in_unit_of_x
from napari_cihm.data.writing import whole_text
from napari_cihm.segmentation.placing import plane_of

PROPERTIES = (
    "label",
    "area",
    "centroid",
    "intensity_mean",
    "intensity_max",
    "eccentricity",
    "perimeter",
)

BAND = 2**26  # pixels of a plane that are measured at once
AT_ONCE = 2**12  # rows that are made of columns at once

Row = dict[str, Any]
Columns = dict[str, NDArray[Any]]
Found = dict[str, NDArray[Any]]  # columns by the names that scikit-image gives them


def measure(labels: Any, image: Image, by_slice: bool = False) -> list[Row]:
    """Measure each object and return a row of each; see `measure_columns`."""
    return list(rows_of(measure_columns(labels, image, by_slice)))


def measure_columns(labels: Any, image: Image, by_slice: bool = False) -> Columns:
    """Measure each object, in pixels and, where the scale is known, in units.

    All are in the unit of x; where an axis has one that cannot be turned into it,
    there are pixels alone.

    Parameters
    ----------
    labels : array-like
        Labels in the image's axes less its channels.
    image : Image
        Gives intensities, scale and units.
    by_slice : bool
        Take the slices of a stack one by one, not as volumes.

    Returns
    -------
    dict of array
        An element for each object, and for each time point it is in.
    """
    parts: list[Columns] = []
    image = holding_chunks(image)
    deep = image.size("z") > 1 and not by_slice
    for t in range(image.size("t")):
        if deep:
            found = _volumes(labels, image, t)
            parts.append(_columns(found, image, "zyx", _place(image, t)))
            continue
        for z in range(image.size("z")):
            found = _in_bands(labels, image, t, z)
            parts.append(_columns(found, image, "yx", _place(image, t, z)))
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def rows_of(columns: Columns) -> Iterator[Row]:
    """Yield a row of each object."""
    for first in range(0, len(columns["label"]), AT_ONCE):
        some = (column[first : first + AT_ONCE].tolist() for column in columns.values())
        for values in zip(*some, strict=True):
            yield dict(zip(columns, values, strict=True))


def write_table(
    path: str | Path, rows: Iterable[Row], columns: Collection[str]
) -> Path:
    """Write rows as CSV, under columns of which each may lack some."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_text(path) as file:
        writer = csv.DictWriter(file, columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return path


def _place(image: Image, t: int, z: int | None = None) -> Row:
    place: Row = {}
    if "t" in image.axes:
        place["t"] = t
    if "z" in image.axes and z is not None:
        place["z"] = z
    return place


def _in_bands(labels: Any, image: Image, t: int, z: int) -> Found:
    """Measure a plane, a large one some rows at a time.

    An object belongs to the band that it begins in, which is read down to the last
    row of its objects.
    """
    rows_of = partial(plane_of, labels, image, t, z)
    height, thick = image.size("y"), max(1, BAND // image.size("x"))
    if height <= thick:
        return _plane(rows_of(slice(None)), image.read(t, z))
    starts = range(0, height, thick)
    last: dict[int, int] = {}
    for start in starts:
        last |= _last_rows(rows_of(slice(start, start + thick)), start)
    bands: list[Found] = []
    met: set[int] = set()
    for start in starts:
        own = set(np.unique(rows_of(slice(start, start + thick))).tolist()) - met - {0}
        met |= own
        rows = slice(start, max((last[number] for number in own), default=start) + 1)
        seen = rows_of(rows)
        found = _plane(np.where(np.isin(seen, [*own]), seen, 0), image.read(t, z, rows))
        area = found["area"]
        from_top = np.rint(found["centroid_0"] * area) + start * area
        bands.append(found | {"centroid_0": from_top / area})
    columns = {name: np.concatenate([one[name] for one in bands]) for name in bands[0]}
    order = np.argsort(columns["label"])
    return {name: column[order] for name, column in columns.items()}


def _last_rows(labels: NDArray[np.integer[Any]], start: int) -> dict[int, int]:
    """Return the last row of each object in a band whose first row is `start`."""
    inside = np.flatnonzero(labels)[::-1]
    numbers, lowest = np.unique(labels.ravel()[inside], return_index=True)
    rows = start + inside[lowest] // labels.shape[1]
    return dict(zip(numbers.tolist(), rows.tolist(), strict=True))


def _plane(labels: NDArray[np.integer[Any]], light: NDArray[Any]) -> Found:
    own = np.unique(labels)
    own = own[own != 0]
    # Time goes by the highest number, and of those below 0 it would know nothing.
    dense = map_array(labels, own, np.arange(1, len(own) + 1))
    found: Found = regionprops_table(
        dense, np.moveaxis(light, 0, -1), properties=PROPERTIES, separator="_"
    )
    return found | {"label": own[found["label"] - 1]}


def _volumes(labels: Any, image: Image, t: int) -> Found:
    """Add up the sections of each object, slice by slice: a stack may be huge."""
    sections = [
        _sections(plane_of(labels, image, t, z), image.read(t, z), z)
        for z in range(image.size("z"))
    ]
    numbers, sums, brightest = (
        np.concatenate(one) for one in zip(*sections, strict=True)
    )
    found, inverse = np.unique(numbers, return_inverse=True)
    total = np.zeros((len(found), sums.shape[1]))
    np.add.at(total, inverse, sums)
    most = np.full((len(found), brightest.shape[1]), -np.inf)
    np.maximum.at(most, inverse, brightest)
    area, means = total[:, 0], total[:, 1:] / total[:, :1]
    columns = {f"centroid_{i}": means[:, i] for i in range(3)}
    for channel in range(image.size("c")):
        columns[f"intensity_mean_{channel}"] = means[:, 3 + channel]
        columns[f"intensity_max_{channel}"] = most[:, channel]
    return {"label": found, "area": area, **columns}


def _sections(
    labels: NDArray[np.integer[Any]], light: NDArray[Any], z: int
) -> tuple[NDArray[Any], ...]:
    """Return the numbers in a slice, and each one's sums and brightest pixels.

    Sums are of 1, z, y, x and the channels.
    """
    inside = np.flatnonzero(labels)
    numbers, inverse = np.unique(labels.ravel()[inside], return_inverse=True)
    y, x = np.divmod(inside, labels.shape[1])
    values = light.reshape(len(light), -1)[:, inside].astype(np.float64)
    area = np.bincount(inverse, minlength=len(numbers))
    weighed = [np.bincount(inverse, v, len(numbers)) for v in (y, x, *values)]
    brightest = np.full((len(numbers), len(light)), -np.inf)
    np.maximum.at(brightest, inverse, values.T)
    return numbers, np.stack([area, z * area, *weighed], axis=1), brightest


def _columns(found: Found, image: Image, axes: str, place: Row) -> Columns:
    count = len(found["label"])
    where = {letter: np.full(count, at) for letter, at in place.items()}
    label = found["label"].astype(np.int64)
    return {"label": label, **where, **dict(_named(found, image, axes))}


def _named(found: Found, image: Image, axes: str) -> Iterator[tuple[str, NDArray[Any]]]:
    sizes = in_unit_of_x(image.scale, image.units, axes)
    unit = image.units.get("x", "unit")
    size = "area" if len(axes) == 2 else "volume"
    yield f"{size}_px", found["area"].astype(np.int64)
    if sizes:
        whole = abs(np.prod(sizes))  # an axis may run the other way
        yield f"{size}_{unit}{len(axes)}", found["area"] * whole
    for i, letter in enumerate(axes):
        yield f"centroid_{letter}_px", found[f"centroid_{i}"]
        if sizes:
            yield f"centroid_{letter}_{unit}", found[f"centroid_{i}"] * sizes[i]
    for name in sorted(found):
        if name.startswith("intensity"):
            kind, channel = name.removeprefix("intensity_").split("_")
            yield f"{kind}_intensity_c{channel}", found[name]
    if "perimeter" in found:
        yield "eccentricity", found["eccentricity"]
        yield "perimeter_px", found["perimeter"]
        # Else its steps are of unequal length.
        if sizes and np.isclose(*np.abs(sizes)):
            yield f"perimeter_{unit}", found["perimeter"] * abs(sizes[0])
