"""What holds for every tool, on every kind of array, in two and three dimensions."""

from collections.abc import Callable
from typing import Any

import hypothesis.strategies as st
import numpy as np
from hypothesis import given, settings
from hypothesis.extra.numpy import arrays

from napari_cihm.correction.adding import add_object
from napari_cihm.correction.chunked import ChunkedArray
from napari_cihm.correction.depth import copy_to_slice, interpolate
from napari_cihm.correction.edits import Edit
from napari_cihm.correction.erasing import (
    delete,
    remove_smaller,
    remove_touching_border,
)
from napari_cihm.correction.joining import merge, merge_along
from napari_cihm.correction.label_index import LabelIndex
from napari_cihm.correction.numbering import relabel_consecutively
from napari_cihm.correction.shaping import fill_holes, grow, shrink, smooth
from napari_cihm.correction.splitting import split_along, split_at
from napari_cihm.errors import InputError

SHAPE = (4, 12, 13)
points = st.tuples(*[st.integers(0, n - 1) for n in SHAPE])
planes = st.sampled_from([None, (1, 2)])


def in_slice(one: tuple, other: tuple) -> list[tuple]:
    return [one, (one[0], *other[1:])]


# A tool by name: how it is called, and which labels it may change, given the ones
# at both points: all else, but the background, has to stay.
Call = Callable[[Any, tuple, tuple, Any], Edit]
TOOLS: dict[str, Call] = {
    "delete": lambda x, p, q, axes: delete(x, p, axes=axes),
    "merge": lambda x, p, q, axes: merge(x, [p, q], axes=axes),
    "merge along": lambda x, p, q, axes: merge_along(x, in_slice(p, q), axes=axes),
    "split along": lambda x, p, q, axes: split_along(x, in_slice(p, q), axes=axes),
    "split at": lambda x, p, q, axes: split_at(x, [p, q], axes=axes),
    "fill": lambda x, p, q, axes: fill_holes(x, p, axes=axes),
    "smooth": lambda x, p, q, axes: smooth(x, p, 1.0, axes=axes),
    "grow": lambda x, p, q, axes: grow(x, p, 2, axes=axes),
    "shrink": lambda x, p, q, axes: shrink(x, p, 1, axes=axes),
    "add": lambda x, p, q, axes: add_object(x, [p], diameter=4, axes=axes),
    "copy": lambda x, p, q, axes: copy_to_slice(x, p, 0, 1),
    "interpolate": lambda x, p, q, axes: interpolate(x, p, q, 0),
    "remove smaller": lambda x, p, q, axes: remove_smaller(x, 5, pieces=True),
    "remove border": lambda x, p, q, axes: remove_touching_border(x, axes=axes),
    "renumber": lambda x, p, q, axes: relabel_consecutively(x),
}
SHAPES_BACKGROUND = {"fill", "smooth", "grow", "add", "copy", "interpolate"}
NAMED_BY_POINT = {"delete", "fill", "smooth", "grow", "shrink", "split at"}


@st.composite
def blobs(draw: st.DrawFn) -> np.ndarray:
    """A few boxes painted over each other: objects with neighbours and holes."""
    labels = np.zeros(SHAPE, np.int32)
    for _ in range(draw(st.integers(1, 7))):
        z, y, x = draw(points)
        depth, height, width = draw(
            st.tuples(st.integers(1, 4), st.integers(1, 7), st.integers(1, 7))
        )
        value = draw(st.integers(0, 5))
        labels[z : z + depth, y : y + height, x : x + width] = value
    return labels


@given(
    blobs() | arrays(np.int32, SHAPE, elements=st.integers(0, 3)),
    st.sampled_from(sorted(TOOLS)),
    points,
    points,
    planes,
)
@settings(max_examples=300)
def test_a_tool_changes_what_it_names_and_nothing_else(labels, name, p, q, axes):
    before = labels.copy()
    lying_in_chunks = ChunkedArray(SHAPE, labels.dtype, (2, 5, 4), labels)
    try:
        edit = TOOLS[name](labels, p, q, axes)
    except InputError:
        return
    assert np.array_equal(labels, before), "a tool only proposes"
    other = TOOLS[name](lying_in_chunks, p, q, axes)
    check_form(edit, before)
    after = before.copy()
    edit.apply(after)
    same = before.copy()
    other.apply(same)
    assert np.array_equal(after, same), "the kind of array makes no difference"
    check_reach(name, before, after, p, axes)
    edit.inverse().apply(after)
    assert np.array_equal(after, before)


def check_form(edit: Edit, before: np.ndarray) -> None:
    """Indices once each, old values as they are, new ones different."""
    flat = np.ravel_multi_index(edit.indices, SHAPE)
    assert len(np.unique(flat)) == len(flat) == edit.size
    assert np.array_equal(before[edit.indices], edit.old)
    assert (edit.old != edit.new).all()


def check_reach(name, before, after, p, axes) -> None:
    moved = before != after
    named = {int(before[p])} if name in NAMED_BY_POINT else set(np.unique(before))
    allowed = named - {0} | ({0} if name in SHAPES_BACKGROUND else set())
    assert set(np.unique(before[moved]).tolist()) <= allowed
    fresh = set(np.unique(after)) - set(np.unique(before)) - {0}
    if name not in ("split along", "split at", "add", "renumber"):
        assert not fresh
    elif name != "renumber":
        assert all(new > before.max() for new in fresh)
    if axes is not None and name in NAMED_BY_POINT | {"add", "split along"}:
        assert set(np.argwhere(moved)[:, 0].tolist()) <= {p[0]}


@given(blobs(), st.lists(st.tuples(st.sampled_from(sorted(TOOLS)), points, points)))
@settings(max_examples=60)
def test_a_session_keeps_its_index_right_and_can_be_undone(labels, moves) -> None:
    start = labels.copy()
    index = LabelIndex.of(labels)
    history: list[Edit] = []
    for name, p, q in moves:
        try:
            edit = TOOLS[name](labels, p, q, None)
        except InputError:
            continue
        edit.apply(labels)
        index.hear(edit)
        history.append(edit)
        assert index.counts() == LabelIndex.of(labels).counts()
    for edit in reversed(history):
        edit.inverse().apply(labels)
        index.hear(edit.inverse())
    assert np.array_equal(labels, start)
    assert index.counts() == LabelIndex.of(start).counts()
