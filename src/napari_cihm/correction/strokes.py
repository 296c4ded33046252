"""Read what the brush did from the atoms of napari's history.

A stroke is a list of atoms: boxes with a mask, what was under it and the number
that was painted, or lists of places with what they held and hold. They are told
apart by their form, so that nothing of napari is imported here.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_cihm.correction.edits import Block, Edit, changed, edit_of
from napari_cihm.correction.grids import by_cell, chunk_of
from napari_cihm.data.boxes import Box, hull, shape_of, shifted, start_of, volume_of

WHAT = "Paint"
# Atoms far apart are not gathered in one window, which would be mostly empty.
SPARSE = 16
ROOM = 1 << 22


def edit_of_atoms(atoms: Sequence[Any], labels: Any) -> Edit:
    """Return what a step of the history changed in labels, as one edit.

    Its atoms are as `layer.events.paint` hands them over, in the order in which they
    were made.
    """
    if not atoms:
        return edit_of([], labels, WHAT)
    ndim = len(labels.shape)
    dtype = np.dtype(labels.dtype)
    boxes = [_box(atom, ndim) for atom in atoms]
    around = hull(boxes)
    if volume_of(around) > max(ROOM, SPARSE * sum(map(volume_of, boxes))):
        return edit_of(_scattered(atoms, boxes, labels.shape, dtype), labels, WHAT)
    return edit_of([_gathered(atoms, boxes, around, dtype)], labels, WHAT)


def _box(atom: Any, ndim: int) -> Box:
    if hasattr(atom, "slice_key"):
        return tuple(slice(int(s.start), int(s.stop)) for s in atom.slice_key)
    places = [np.asarray(p).reshape(-1) for p in atom[0]]
    return tuple(slice(int(p.min()), int(p.max()) + 1) for p in places[:ndim])


def _gathered(
    atoms: Sequence[Any], boxes: Sequence[Box], around: Box, dtype: np.dtype[Any]
) -> Block | None:
    """Lay atoms over one another: first what was there, last what is there."""
    old = np.zeros(shape_of(around), dtype)
    new = np.zeros(shape_of(around), dtype)
    met = np.zeros(shape_of(around), np.bool_)
    for atom, box in zip(atoms, boxes, strict=True):
        where, before, after = _spelled(atom, box, dtype)
        inner = shifted(box, around)
        fresh = where & ~met[inner]
        old[inner][fresh] = before[fresh]
        new[inner][where] = after[where]
        met[inner] |= where
    return changed(start_of(around), old, new)


def _spelled(
    atom: Any, box: Box, dtype: np.dtype[Any]
) -> tuple[NDArray[np.bool_], NDArray[Any], NDArray[Any]]:
    """Return an atom's mask, old and new values as windows of its box."""
    shape = shape_of(box)
    where = np.zeros(shape, np.bool_)
    before, after = np.zeros(shape, dtype), np.zeros(shape, dtype)
    if hasattr(atom, "slice_key"):
        where[...] = True if atom.mask is None else atom.mask
        held = np.asarray(atom.old_values)
        before[where] = held.reshape(-1) if atom.mask is None else held
        after[where] = atom.new_value
        return where, before, after
    places = [np.asarray(p).reshape(-1) for p in atom[0]]
    inner = tuple(p - s for p, s in zip(places, start_of(box), strict=True))
    where[inner] = True
    before[inner] = np.asarray(atom[1]).reshape(-1)
    values = np.asarray(atom[2])
    after[inner] = values.reshape(-1) if values.ndim else values
    return where, before, after


def _scattered(
    atoms: Sequence[Any], boxes: Sequence[Box], shape: Sequence[int], dtype: Any
) -> Iterator[Block | None]:
    """Sort pixels by place and time, and gather them cell by cell."""
    places, befores, afters = [], [], []
    for atom, box in zip(atoms, boxes, strict=True):
        where, before, after = _spelled(atom, box, dtype)
        inner = np.nonzero(where)
        points = tuple(p + s for p, s in zip(inner, start_of(box), strict=True))
        places.append(np.ravel_multi_index(points, tuple(shape)))
        befores.append(before[where])
        afters.append(after[where])
    every = np.concatenate(places)
    flat, first = np.unique(every, return_index=True)
    last = every.size - 1 - np.unique(every[::-1], return_index=True)[1]
    old, new = np.concatenate(befores)[first], np.concatenate(afters)[last]
    points = np.unravel_index(flat, tuple(shape))
    chunk = chunk_of(np.broadcast_to(0, tuple(shape)))
    for _, ranks, _ in by_cell(points, shape, chunk):
        yield _window(tuple(p[ranks] for p in points), old[ranks], new[ranks])


def _window(
    points: tuple[NDArray[np.intp], ...], old: NDArray[Any], new: NDArray[Any]
) -> Block | None:
    start = [int(p.min()) for p in points]
    before = np.zeros(
        [int(p.max()) + 1 - s for p, s in zip(points, start, strict=True)], old.dtype
    )
    after = before.copy()
    inner = tuple(p - s for p, s in zip(points, start, strict=True))
    before[inner], after[inner] = old, new
    return changed(start, before, after)
