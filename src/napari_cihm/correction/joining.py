"""Tools that make one object of several."""

from collections.abc import Sequence
from typing import Any

from napari_cihm.correction.chunked import readable
from napari_cihm.correction.edits import Edit, edit_of
from napari_cihm.correction.erasing import others_note
from napari_cihm.correction.given import check_axes_of, check_point
from napari_cihm.correction.label_index import LabelIndex
from napari_cihm.correction.lines import crossed
from napari_cihm.correction.numbering import repainted
from napari_cihm.correction.pieces import Piece, piece_at
from napari_cihm.errors import InputError


def merge(
    labels: Any,
    points: Sequence[Sequence[float]],
    *,
    axes: Sequence[int] | None = None,
    index: LabelIndex | None = None,
) -> Edit:
    """Merge the objects under some points; the first keeps its number.

    Parameters
    ----------
    labels : array-like of int
        numpy, zarr, dask or chunked labels.
    points : sequence of points
        At least two, in different objects. The objects need not touch.
    axes : sequence of int, optional
        Merge within these axes alone, such as the plane on screen.
    index : LabelIndex, optional
        Lets the edit's note tell of other pieces of the same labels.
    """
    labels = readable(labels)
    pieces: list[Piece] = []
    for point in points:
        pixel = check_point(point, labels.shape)
        if not any(pixel in piece for piece in pieces):
            pieces.append(piece_at(labels, pixel, axes))
    return _merged(labels, pieces, index)


def merge_along(
    labels: Any,
    line: Sequence[Sequence[float]],
    *,
    axes: Sequence[int] | None = None,
    index: LabelIndex | None = None,
) -> Edit:
    """Merge all objects that a drawn line runs over; the first keeps its number.

    Parameters
    ----------
    labels, axes, index
        As for `merge`.
    line : sequence of points
        Corners of the line; it may cross background.
    """
    labels = readable(labels)
    chosen = check_axes_of(axes, len(labels.shape))
    return _merged(labels, list(crossed(labels, line, chosen)), index)


def _merged(labels: Any, pieces: Sequence[Piece], index: LabelIndex | None) -> Edit:
    different = list(dict.fromkeys(piece.label for piece in pieces))
    if len(different) < 2:
        met = (
            f"only object {different[0]} was hit" if different else "no object was hit"
        )
        raise InputError(met, "two different objects", "point at one, then at another")
    kept = different[0]
    moved = [piece for piece in pieces if piece.label != kept]
    blocks = [b for piece in moved for b in repainted(piece, kept, labels.dtype)]
    return edit_of(blocks, labels, _what(different), others_note(index, *moved))


def _what(numbers: Sequence[int]) -> str:
    *most, last = map(str, numbers)
    return f"Merge objects {', '.join(most)} and {last} into {numbers[0]}"
