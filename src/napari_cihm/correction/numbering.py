"""Close the gaps in the numbers of objects."""

from typing import Any

from napari_cihm.correction.edits import Edit, edit_of
from napari_cihm.correction.label_index import LabelIndex
from napari_cihm.correction.repainting import renumbered


def relabel_consecutively(labels: Any, *, index: LabelIndex | None = None) -> Edit:
    """Renumber the objects 1, 2, 3 ... in the order of their numbers.

    Only objects behind the first gap change. The edit holds every pixel of
    theirs: in a large volume look at its `size` before making it undoable.

    Parameters
    ----------
    labels : array-like of int
        The labels.
    index : LabelIndex, optional
        Saves a scan of the labels.
    """
    index = LabelIndex.of(labels) if index is None else index
    numbers = {label: rank for rank, label in enumerate(index, 1)}
    moved = sum(old != new for old, new in numbers.items())
    blocks = renumbered(labels, index, numbers)
    note = "" if moved else "The numbers have no gap."
    what = f"Renumber {moved} of {len(numbers)} objects"
    return edit_of(blocks, labels, what, note, everywhere=True)
