"""Tools that take objects away."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from napari_cihm.correction.chunked import readable
from napari_cihm.correction.edits import Block, Edit, changed, edit_of
from napari_cihm.correction.given import check_axes_of
from napari_cihm.correction.label_index import LabelIndex
from napari_cihm.correction.numbering import renumbered, repainted
from napari_cihm.correction.pieces import Piece, piece_at, pieces_in
from napari_cihm.data.boxes import Box, sliced, start_of, whole


def delete(
    labels: Any,
    point: Sequence[float],
    *,
    axes: Sequence[int] | None = None,
    index: LabelIndex | None = None,
) -> Edit:
    """Delete the object under a point.

    Parameters
    ----------
    labels : array-like of int
        numpy, zarr, dask or chunked labels.
    point : sequence of float
        A pixel of the object.
    axes : sequence of int, optional
        Delete within these axes alone, such as the plane on screen.
    index : LabelIndex, optional
        Lets the edit's note tell of other pieces of the same label.
    """
    labels = readable(labels)
    piece = piece_at(labels, point, axes)
    blocks = repainted(piece, 0, labels.dtype)
    what = f"Delete object {piece.label}"
    return edit_of(blocks, labels, what, others_note(index, piece))


def remove_smaller(
    labels: Any, pixels: int, *, pieces: bool = False, index: LabelIndex | None = None
) -> Edit:
    """Remove every object of fewer than so many pixels.

    Parameters
    ----------
    labels, index
        As for `delete`; without an index the labels are scanned.
    pixels : int
        The least size that stays.
    pieces : bool
        Judge each connected piece by itself, so that specks left behind by the
        brush go as well; otherwise all pixels of a label are counted together.
    """
    index = LabelIndex.of(labels) if index is None else index
    counts = index.counts()
    small = sorted(label for label, count in counts.items() if count < pixels)
    blocks = renumbered(labels, index, dict.fromkeys(small, 0))
    rest = sorted(set(counts) - set(small)) if pieces else []
    found = (_specks(labels, index.box(label), label, pixels) for label in rest)
    specks = [block for block in found if block is not None]
    removed = _objects(len(small)) if small or not specks else "specks"
    what = f"Remove {removed} of fewer than {pixels} pixels"
    note = f"{_objects(len(specks))} lost specks." if specks else ""
    if not small and not specks:
        note = f"No object has fewer than {pixels} pixels."
    return edit_of([*blocks, *specks], labels, what, note, everywhere=True)


def remove_touching_border(
    labels: Any, *, axes: Sequence[int] | None = None, index: LabelIndex | None = None
) -> Edit:
    """Remove every object that touches an edge of the image.

    Parameters
    ----------
    labels, index
        As for `remove_smaller`.
    axes : sequence of int, optional
        Axes whose two ends count as edges; all by default. For a stack whose
        first and last slices cut nothing, leave its depth out.
    """
    index = LabelIndex.of(labels) if index is None else index
    found: set[int] = set()
    for face in _faces(labels.shape, check_axes_of(axes, len(labels.shape))):
        found.update(np.unique(np.asarray(labels[face])).tolist())
    cut = sorted(found - {0})
    blocks = renumbered(labels, index, dict.fromkeys(cut, 0))
    what = f"Remove {_objects(len(cut))} cut by the border"
    note = "" if cut else "No object is cut by the border."
    return edit_of(blocks, labels, what, note, everywhere=True)


def others_note(index: LabelIndex | None, *pieces: Piece) -> str:
    """Say which of the pieces' labels have more pixels elsewhere, if known.

    An index that is still being built says nothing: a note is not worth a scan.
    """
    if index is None or not index.ready:
        return ""
    here: dict[int, int] = {}
    for piece in pieces:
        here[piece.label] = here.get(piece.label, 0) + piece.size
    left = {label: index.count(label) - size for label, size in here.items()}
    return " ".join(
        f"Label {label} has {more} more pixels elsewhere; they stay as they are."
        for label, more in left.items()
        if more > 0
    )


def _specks(labels: Any, box: Box, label: int, pixels: int) -> Block | None:
    """Remove the small pieces of an object that has several."""
    values = np.asarray(labels[box])
    numbered, count = pieces_in(values == label)
    if count < 2:
        return None
    small = np.bincount(numbered.reshape(-1), minlength=count + 1) < pixels
    small[0] = False
    return changed(start_of(box), values, np.where(small[numbered], 0, values))


def _faces(shape: Sequence[int], axes: Sequence[int]) -> Iterator[Box]:
    for axis in axes:
        for at in {0, shape[axis] - 1}:
            yield sliced(whole(shape), axis, at)


def _objects(count: int) -> str:
    return "1 object" if count == 1 else f"{count} objects"
