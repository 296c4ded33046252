"""Edits in napari's own history: one step each, undone exactly, on all arrays.

Needs napari's layers but no Qt and no window.
"""

import tracemalloc
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
import zarr
from hypothesis import given, settings

from napari_cihm.correction.chunked import ChunkedArray
from napari_cihm.correction.erasing import delete, remove_smaller
from napari_cihm.correction.joining import merge
from napari_cihm.correction.label_index import LabelIndex
from napari_cihm.correction.numbering import relabel_consecutively
from napari_cihm.correction.session import CorrectionSession
from napari_cihm.correction.shaping import grow, smooth
from napari_cihm.correction.splitting import split_along, split_at
from napari_cihm.correction.strokes import edit_of_atoms
from napari_cihm.correction.working_copy import working_copy
from napari_cihm.errors import InputError

layers = pytest.importorskip("napari.layers")

SHAPE = (3, 24, 26)
KINDS = ("numpy", "zarr", "chunked")


def start() -> np.ndarray:
    labels = np.zeros(SHAPE, np.int32)
    labels[:, 2:12, 2:12] = 1
    labels[:, 2:12, 12:20] = 2
    labels[1:, 14:22, 4:18] = 5
    labels[0, 20, 20] = 9
    return labels


def layer_of(kind: str, values: np.ndarray) -> Any:
    if kind == "zarr":
        return layers.Labels(zarr.array(values, chunks=(2, 10, 10)))
    if kind == "chunked":
        return layers.Labels(ChunkedArray(SHAPE, values.dtype, (2, 10, 10), values))
    return layers.Labels(values.copy())


points = st.tuples(*[st.integers(0, n - 1) for n in SHAPE])
planes = st.sampled_from([None, (1, 2)])
tools = st.one_of(
    st.builds(lambda p, a: lambda x: delete(x, p, axes=a), points, planes),
    st.builds(lambda p, q: lambda x: merge(x, [p, q]), points, points),
    st.builds(
        lambda p, q, a: lambda x: split_along(x, [p, (p[0], *q[1:])], axes=a),
        points,
        points,
        planes,
    ),
    st.builds(lambda p, q: lambda x: split_at(x, [p, q]), points, points),
    st.builds(lambda p, a: lambda x: grow(x, p, 2, axes=a), points, planes),
    st.builds(lambda p, a: lambda x: smooth(x, p, 1, axes=a), points, planes),
    st.just(lambda x: remove_smaller(x, 8, pieces=True)),
    st.just(lambda x: relabel_consecutively(x)),
)
strokes = st.tuples(st.just("stroke"), st.lists(points, min_size=1, max_size=4))


def stroke(layer: Any, places: list[tuple[int, ...]], label: int) -> None:
    """Paint as the mouse does: several dabs, one step of the history."""
    layer.brush_size = 5
    with layer.block_history():
        for place in places:
            layer.paint(place, label, refresh=False)


@pytest.mark.parametrize("kind", KINDS)
@given(st.lists(tools | strokes, max_size=6))
@settings(max_examples=12)
def test_undo_after_any_tools_and_strokes_restores_the_array(kind, moves) -> None:
    layer = layer_of(kind, start())
    states = [start()]
    for rank, move in enumerate(moves):
        steps = len(layer._undo_history)
        if isinstance(move, tuple):
            stroke(layer, move[1], 20 + rank)
        else:
            try:
                edit = move(layer.data)
            except InputError:
                continue
            layer.data_setitem(edit.indices, edit.new)
        now = np.asarray(layer.data)
        if np.array_equal(now, states[-1]):
            continue
        assert len(layer._undo_history) == steps + 1, "one tool is one step"
        states.append(now.copy())
    for state in reversed(states[:-1]):
        layer.undo()
        assert np.array_equal(np.asarray(layer.data), state)
    for state in states[1:]:
        layer.redo()
        assert np.array_equal(np.asarray(layer.data), state)


@pytest.mark.parametrize("kind", KINDS)
def test_one_edit_with_many_new_values_is_one_step(kind) -> None:
    layer = layer_of(kind, start())
    edit = split_at(layer.data, [(1, 15, 5), (1, 15, 9), (1, 15, 16)])
    assert len(np.unique(edit.new)) == 2
    layer.data_setitem(edit.indices, edit.new)
    expected = start()
    edit.apply(expected)
    assert np.array_equal(np.asarray(layer.data), expected)
    assert len(layer._undo_history) == 1
    layer.undo()
    assert np.array_equal(np.asarray(layer.data), start())


@given(st.lists(st.lists(points, min_size=1, max_size=5), min_size=1, max_size=4))
@settings(max_examples=12)
def test_strokes_are_read_from_the_history(dabs) -> None:
    layer = layer_of("numpy", start())
    heard: list[Any] = []
    layer.events.paint.connect(lambda event: heard.append(event.value))
    shadow = start()
    for rank, places in enumerate(dabs):
        stroke(layer, places, 30 + rank)
    for atoms in heard:
        edit = edit_of_atoms(atoms, layer.data)
        assert np.array_equal(shadow[edit.indices], edit.old)
        edit.apply(shadow)
    assert np.array_equal(shadow, layer.data)
    back = edit_of_atoms(heard[-1], layer.data).inverse()
    layer.undo()
    back.apply(shadow)
    assert np.array_equal(shadow, layer.data)


def test_tools_are_read_from_the_history_too() -> None:
    layer = layer_of("numpy", start())
    heard: list[Any] = []
    layer.events.paint.connect(lambda event: heard.append(event.value))
    edit = merge(layer.data, [(0, 3, 3), (0, 3, 14)])
    layer.data_setitem(edit.indices, edit.new)
    read = edit_of_atoms(heard[0], layer.data)
    assert np.array_equal(read.indices[0], np.nonzero(start() == 2)[0])
    assert set(read.old.tolist()) == {2}
    assert set(read.new.tolist()) == {1}


def test_dask_labels_are_edited_in_a_working_copy() -> None:
    import dask.array as da

    lazy = da.from_array(start(), chunks=(1, 12, 13))
    copy, said = working_copy(lazy)
    assert "working copy of these labels (3 x 24 x 26)" in said
    layer = layers.Labels(copy)
    edit = delete(layer.data, (0, 3, 3))
    layer.data_setitem(edit.indices, edit.new)
    stroke(layer, [(0, 5, 22)], 7)
    assert (np.asarray(layer.data) == 1).sum() == 0
    assert (np.asarray(layer.data) == 7).sum() > 0
    layer.undo()
    layer.undo()
    assert np.array_equal(np.asarray(layer.data), start())
    assert np.array_equal(np.asarray(lazy), start())


def test_a_step_all_over_the_labels_stays_small_in_memory() -> None:
    labels = np.kron(
        np.arange(2, 402, dtype=np.int32).reshape(20, 20), np.ones((50, 50))
    )
    layer = layers.Labels(labels.astype(np.int32))
    session = CorrectionSession(layer.data)
    session.index.complete()
    tracemalloc.start()
    edit = relabel_consecutively(layer.data, index=session.index)
    with layer.block_history():
        layer.data_setitem(edit.indices, edit.new)
    step = session.made(edit)
    kept, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < 6.5 * layer.data.nbytes
    assert peak < 11 * layer.data.nbytes
    layer.undo()
    session.undone(step)
    assert np.array_equal(layer.data, labels)
    assert session.index.counts() == LabelIndex.of(labels).counts()
