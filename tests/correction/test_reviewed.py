"""Reviewed marks: what is marked, undone and shown."""

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from scipy import ndimage

from napari_cihm.correction.chunked import ChunkedArray
from napari_cihm.correction.coverage import coverage
from napari_cihm.correction.edits import changed, edit_of
from napari_cihm.correction.reviewed import Reviewed
from napari_cihm.errors import ShapeError

SHAPE = (3, 30, 40)


def edit_at(labels: np.ndarray, box: tuple[slice, ...], value: int):
    before = labels[box].copy()
    start = [s.start for s in box]
    edit = edit_of([changed(start, before, np.full_like(before, value))], labels)
    edit.apply(labels)
    return edit


def seen(reviewed: Reviewed) -> np.ndarray:
    return np.asarray(reviewed.view()).astype(bool)


def test_slices_regions_and_everything() -> None:
    reviewed = Reviewed(SHAPE)
    expected = np.zeros(SHAPE, bool)
    reviewed.mark((slice(1, 2), slice(0, 30), slice(0, 40)))
    expected[1] = True
    assert np.array_equal(seen(reviewed), expected)
    corner = (slice(0, 1), slice(2, 5), slice(3, 6))
    ring = np.array([[[1, 1, 1], [1, 0, 1], [1, 1, 1]]], bool)
    reviewed.mark(corner, ring)
    expected[corner] |= ring
    assert np.array_equal(seen(reviewed), expected)
    reviewed.erase((slice(1, 2), slice(0, 30), slice(0, 20)))
    expected[1, :, :20] = False
    assert np.array_equal(seen(reviewed), expected)
    reviewed.mark_all()
    assert seen(reviewed).all()
    reviewed.erase()
    assert not reviewed.any()


def test_it_is_known_whether_all_is_reviewed() -> None:
    reviewed = Reviewed((2, 300, 300))
    assert not reviewed.all()
    reviewed.mark((slice(0, 1), slice(0, 300), slice(0, 300)))
    assert not reviewed.all()  # of one slice nothing is marked
    second = slice(1, 2), slice(0, 300), slice(0, 300)
    ring = np.ones((1, 300, 300), bool)
    ring[0, 270, 10] = False
    reviewed.mark(second, ring)
    assert not reviewed.all()
    labels = np.zeros(reviewed.shape, np.int32)
    hole = slice(1, 2), slice(270, 271), slice(10, 11)
    reviewed.mark_around(edit_at(labels, hole, 5), margin=0)
    assert reviewed.all() and seen(reviewed).all()


def test_what_is_marked_evenly_is_switched_without_a_look(monkeypatch) -> None:
    reviewed = Reviewed((3, 300, 400))
    reviewed.mark((slice(1, 2), slice(0, 300), slice(0, 400)))
    with monkeypatch.context() as patched:
        patched.setattr(ChunkedArray, "read", None)
        marked = reviewed.mark_all()
        erased = reviewed.erase((slice(0, 2), slice(0, 300), slice(100, 300)))
    assert marked.person.size == 2 * 300 * 400
    expected = np.ones(reviewed.shape, bool)
    expected[:2, :, 100:300] = False
    assert np.array_equal(seen(reviewed), expected)
    reviewed.apply(erased.inverse())
    reviewed.apply(marked.inverse())
    assert seen(reviewed).any(axis=(1, 2)).tolist() == [False, True, False]


@given(
    st.lists(
        st.tuples(
            st.booleans(),
            st.tuples(*[st.integers(0, n - 1) for n in SHAPE]),
            st.tuples(st.integers(1, 3), st.integers(1, 30), st.integers(1, 40)),
        ),
        max_size=8,
    )
)
def test_every_change_can_be_taken_back_in_turn(moves) -> None:
    reviewed = Reviewed(SHAPE)
    states = [seen(reviewed)]
    changes = []
    for marks, start, size in moves:
        box = tuple(
            slice(a, min(a + n, m)) for a, n, m in zip(start, size, SHAPE, strict=True)
        )
        changes.append(reviewed.mark(box) if marks else reviewed.erase(box))
        states.append(states[-1].copy())
        states[-1][box] = marks
        assert np.array_equal(seen(reviewed), states[-1])
    for change, state in zip(reversed(changes), reversed(states[:-1]), strict=True):
        reviewed.apply(change.inverse())
        assert np.array_equal(seen(reviewed), state)


def test_an_edit_marks_its_surroundings_in_the_plane_it_was_made_in() -> None:
    labels = np.zeros(SHAPE, np.int32)
    reviewed = Reviewed(SHAPE)
    edit = edit_at(labels, (slice(1, 2), slice(10, 13), slice(20, 22)), 7)
    change = reviewed.mark_around(edit, 4, axes=(1, 2))
    away = ndimage.distance_transform_edt(labels[1] == 0)
    assert np.array_equal(seen(reviewed)[1], away <= 4)
    assert not seen(reviewed)[[0, 2]].any()
    assert not change.person
    deep = Reviewed(SHAPE)
    deep.mark_around(edit, 1)
    assert seen(deep)[0].sum() == 6


def test_a_margin_of_nothing_marks_the_changed_pixels_alone() -> None:
    labels = np.zeros(SHAPE, np.int32)
    reviewed = Reviewed(SHAPE)
    reviewed.mark_around(edit_at(labels, (slice(0, 1),) * 3, 7), 0)
    assert seen(reviewed).sum() == 1


def test_undoing_an_edit_undoes_its_marks_and_not_the_persons() -> None:
    labels = np.zeros(SHAPE, np.int32)
    reviewed = Reviewed(SHAPE)
    edit = edit_at(labels, (slice(1, 2), slice(10, 13), slice(20, 22)), 7)
    around = reviewed.mark_around(edit, 3, axes=(1, 2))
    person = reviewed.mark((slice(1, 2), slice(0, 12), slice(0, 40)))
    both = seen(reviewed)
    reviewed.apply(around.inverse())
    alone = np.zeros(SHAPE, bool)
    alone[1, :12] = True
    assert np.array_equal(seen(reviewed), alone)
    reviewed.apply(around)
    assert np.array_equal(seen(reviewed), both)
    reviewed.apply(person.inverse())
    reviewed.apply(around.inverse())
    assert not reviewed.any()


def test_what_was_erased_stays_so_when_an_older_edit_is_undone() -> None:
    labels = np.zeros(SHAPE, np.int32)
    reviewed = Reviewed(SHAPE)
    edit = edit_at(labels, (slice(1, 2), slice(10, 13), slice(20, 22)), 7)
    around = reviewed.mark_around(edit, 3)
    before = reviewed.copy()
    reviewed.erase()
    assert not reviewed.any()
    reviewed.apply(around.inverse())
    assert not reviewed.any()
    assert before.any()  # of which nobody erased anything


boxes = st.tuples(
    *[st.tuples(st.integers(0, n - 1), st.integers(1, n)) for n in (3, 40, 50)]
)


@given(st.lists(st.tuples(st.booleans(), boxes), max_size=5), st.lists(boxes))
def test_many_boxes_are_known_without_a_look_at_pixels(marks, asked) -> None:
    shape = (3, 40, 50)
    reviewed = Reviewed(shape)
    for layer in ("person", "edits"):  # with pieces that some boxes cover
        setattr(reviewed, layer, ChunkedArray(shape, bool, (1, 8, 16)))
    for person, box in marks:
        place = tuple(
            slice(a, min(a + n, m)) for (a, n), m in zip(box, shape, strict=True)
        )
        (reviewed.person if person else reviewed.edits)[place] = True
    first = np.array([[a for a, _ in box] for box in asked], int).reshape(-1, 3)
    last = first + np.array([[n for _, n in box] for box in asked], int).reshape(-1, 3)
    last = np.minimum(last, shape)
    whole, met = coverage(reviewed, first, last)
    for n, (low, high) in enumerate(zip(first, last, strict=True)):
        part = seen(reviewed)[tuple(map(slice, low, high))]
        assert part.all() or not whole[n]
        assert not part.any() or met[n]
    reviewed.erase()
    reviewed.mark_all()
    assert coverage(reviewed, first, last)[0].all()


def test_what_changed_since_is_told() -> None:
    reviewed = Reviewed(SHAPE)
    assert not reviewed.any()
    assert reviewed.since(0) == []
    corner = (slice(0, 1), slice(2, 5), slice(3, 6))
    change = reviewed.mark(corner)
    reviewed.mark(corner)  # which changes nothing
    labels = np.zeros(SHAPE, np.int32)
    reviewed.mark_around(edit_at(labels, (slice(1, 2), *corner[1:]), 1), 0)
    assert reviewed.changes == 2
    assert reviewed.since(0) == [corner, (slice(1, 2), *corner[1:])]
    reviewed.apply(change.inverse())
    assert reviewed.since(2) == [corner]
    assert reviewed.any()
    for _ in range(40):
        reviewed.apply(change)
    assert reviewed.since(2) is None


def test_the_view_is_an_array_that_is_made_where_it_is_read() -> None:
    reviewed = Reviewed((64, 2048, 2048))
    view = reviewed.view()
    reviewed.mark((slice(5, 6), slice(0, 2048), slice(0, 2048)))
    assert (view.shape, view.ndim, view.dtype) == ((64, 2048, 2048), 3, np.uint8)
    assert view[5].dtype == np.uint8
    assert view[5].all()
    assert not view[4].any()
    assert view[5, 100:110, 7].tolist() == [1] * 10
    assert reviewed.person.nbytes < 1000


def test_napari_shows_the_view() -> None:
    layers = pytest.importorskip("napari.layers")
    reviewed = Reviewed(SHAPE)
    layer = layers.Labels(reviewed.view())
    reviewed.mark((slice(0, 3), slice(5, 9), slice(5, 9)))
    layer.refresh()
    assert layer._slice.image.raw.sum() == 16


def test_marks_of_another_shape_are_refused() -> None:
    reviewed = Reviewed(SHAPE)
    with pytest.raises(ShapeError, match="region of shape"):
        reviewed.mark((slice(0, 1),) * 3, np.ones((1, 1, 2), bool))
