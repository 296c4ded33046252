"""Strokes from atoms of a history, whatever their form and spread."""

from collections import namedtuple
from typing import Any

import hypothesis.strategies as st
import numpy as np
from hypothesis import given

from napari_cihm.correction import strokes
from napari_cihm.correction.strokes import edit_of_atoms

Masked = namedtuple("Masked", "slice_key mask old_values new_value")
SHAPE = (30, 40)


def mask_atom(labels: np.ndarray, y: int, x: int, value: int, whole: bool) -> Any:
    """Paint a box or its upper triangle, as the brush does."""
    key = (slice(y, min(y + 4, 30)), slice(x, min(x + 4, 40)))
    region = labels[key]
    mask = (
        np.ones(region.shape, bool) if whole else np.triu(np.ones(region.shape, bool))
    )
    old = region.copy() if whole else region[mask].copy()
    region[mask] = value
    return Masked(key, None if whole else mask, old, value)


def place_atom(labels: np.ndarray, y: int, x: int, value: int) -> Any:
    """Set a few places, as an edit does."""
    places = (np.array([y, min(y + 1, 29)]), np.array([x, min(x + 1, 39)]))
    places = tuple(p[: 1 if y == 29 and x == 39 else 2] for p in places)
    old = labels[places].copy()
    labels[places] = value
    return places, old, np.full(old.shape, value, labels.dtype)


dabs = st.lists(
    st.tuples(
        st.sampled_from(["whole", "part", "places"]),
        st.integers(0, 29),
        st.integers(0, 39),
        st.integers(0, 5),
    ),
    min_size=1,
    max_size=8,
)


@given(dabs, st.booleans())
def test_what_a_stroke_changed_is_found(moves, sparse) -> None:
    start = np.random.default_rng(0).integers(0, 4, SHAPE).astype(np.int32)
    labels = start.copy()
    atoms = [
        place_atom(labels, y, x, value)
        if what == "places"
        else mask_atom(labels, y, x, value, what == "whole")
        for what, y, x, value in moves
    ]
    room = (strokes.ROOM, strokes.SPARSE)
    strokes.ROOM, strokes.SPARSE = (0, 0) if sparse else room
    try:
        edit = edit_of_atoms(atoms, labels)
    finally:
        strokes.ROOM, strokes.SPARSE = room
    assert edit.size == (start != labels).sum()
    found = start.copy()
    edit.apply(found)
    assert np.array_equal(found, labels)
    edit.inverse().apply(found)
    assert np.array_equal(found, start)


def test_a_stroke_across_a_huge_image_stays_small() -> None:
    labels = np.broadcast_to(np.int32(0), (100_000, 100_000))
    atoms = [
        Masked(
            (slice(n, n + 3), slice(n, n + 3)),
            np.eye(3, dtype=bool),
            np.zeros(3, int),
            5,
        )
        for n in range(0, 90_000, 9_000)
    ]
    edit = edit_of_atoms(atoms, labels)
    assert edit.size == 30
    assert sum(block.where.size for block in edit.blocks) < 1000


def test_no_atoms_are_no_edit() -> None:
    assert not edit_of_atoms([], np.zeros(SHAPE, int))
