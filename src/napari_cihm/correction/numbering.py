"""Give objects other numbers, or none."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from napari_cihm.correction.edits import Block, Edit, changed, edit_of
from napari_cihm.correction.grids import cells, grid_of
from napari_cihm.correction.label_index import LabelIndex
from napari_cihm.correction.pieces import Piece
from napari_cihm.data.boxes import start_of

# Up to here each object is read in its own box; beyond, the labels cell by cell.
FEW = 512


def relabel_consecutively(labels: Any, *, index: LabelIndex | None = None) -> Edit:
    """Renumber the objects 1, 2, 3 ... in the order of their numbers.

    Only objects behind the first gap change. The edit holds every pixel of
    theirs: in a large volume look at its `size` before making it undoable. An index
    saves a scan of the labels.
    """
    index = LabelIndex.of(labels) if index is None else index
    numbers = {label: rank for rank, label in enumerate(index, 1)}
    moved = sum(old != new for old, new in numbers.items())
    blocks = renumbered(labels, index, numbers)
    note = "" if moved else "The numbers have no gap."
    what = f"Renumber {moved} of {len(numbers)} objects"
    return edit_of(blocks, labels, what, note, everywhere=True)


def repainted(piece: Piece, new: int, dtype: Any) -> Iterator[Block]:
    """Give one piece another number; no label need be read again."""
    old = np.array(piece.label, dtype)
    for box, mask in piece.parts:
        where = None if mask.all() else mask
        yield Block(box, where, old, np.array(new, dtype))


def renumbered(
    labels: Any, index: LabelIndex, numbers: Mapping[int, int]
) -> Iterator[Block | None]:
    """Give whole labels other numbers, box by box; 0 removes them."""
    moved = {old: new for old, new in numbers.items() if old != new and old in index}
    if len(moved) <= FEW:
        for old, new in moved.items():
            box = index.box(old)
            values = np.asarray(labels[box])
            yield changed(start_of(box), values, np.where(values == old, new, values))
        return
    olds = np.array(sorted(moved), labels.dtype)
    news = np.array([moved[int(old)] for old in olds], labels.dtype)
    around = index.hull(list(moved))
    for _, box in cells(labels.shape, grid_of(labels), around):
        values = np.asarray(labels[box])
        ranks = np.searchsorted(olds, values).clip(max=len(olds) - 1)
        after = np.where(olds[ranks] == values, news[ranks], values)
        yield changed(start_of(box), values, after)
