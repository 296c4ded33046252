"""The index knows what a fresh count would say."""

from itertools import pairwise

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra.numpy import arrays

from napari_cihm.correction.counting import extents_of
from napari_cihm.correction.edits import changed, edit_of
from napari_cihm.correction.label_index import LabelIndex
from napari_cihm.correction.survey import Survey
from napari_cihm.errors import InputError

images = arrays(np.int32, (7, 9), elements=st.integers(-1, 5))
edits = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 7), st.integers(-1, 8)), max_size=6
)


def counted(labels: np.ndarray) -> dict[int, int]:
    values, counts = np.unique(labels[labels != 0], return_counts=True)
    return dict(zip(values.tolist(), counts.tolist(), strict=True))


def check(index: LabelIndex, labels: np.ndarray) -> None:
    assert index.counts() == counted(labels)
    assert list(index) == sorted(counted(labels))
    for label in index:
        outside = labels.copy()
        outside[index.box(label)] = 0
        assert not (outside == label).any()


def play(labels: np.ndarray, moves) -> list:
    made = []
    for y, x, value in moves:
        before = labels[y : y + 2, x : x + 2].copy()
        edit = edit_of([changed((y, x), before, np.full_like(before, value))], labels)
        edit.apply(labels)
        made.append(edit)
    return made


@given(images, edits)
def test_hears_of_edits(labels, moves) -> None:
    index = LabelIndex.of(labels)
    for edit in play(labels, moves):
        index.hear(edit)
    check(index, labels)


@given(images, edits, st.integers(0, 4))
def test_edits_during_the_scan_fall_on_either_side_of_it(labels, moves, steps) -> None:
    survey = Survey(labels, extents_of)
    survey.grid = (3, 4)
    index = LabelIndex(labels, survey)
    scan = survey.scan()
    for _ in range(steps):
        next(scan, None)
    for edit in play(labels, moves):
        next(scan, None)
        index.hear(edit)
    list(scan)
    check(index, labels)


@pytest.mark.parametrize("rows", [(0, 20), (0, 7, 20)])
def test_numbers_that_move_to_another_place_leave_no_box_around_both(rows) -> None:
    spots = np.pad(np.ones((4, 4), int), 1)
    labels = np.kron(np.arange(1, 10).reshape(3, 3), spots)[:, 1:]
    after = np.kron(np.arange(9, 0, -1).reshape(3, 3), spots)[:, 1:]
    index = LabelIndex.of(labels)
    parts = [slice(a, b) for a, b in pairwise(rows)]
    edit = edit_of([changed((s.start, 0), labels[s], after[s]) for s in parts], labels)
    edit.apply(labels)
    index.hear(edit)
    anew = LabelIndex.of(labels)
    assert index.counts() == anew.counts()
    assert [index.box(n) for n in anew] == [anew.box(n) for n in anew]


def test_reads_every_kind_of_array(draw, make) -> None:
    index = LabelIndex.of(make(draw("11...", "1..22", "...22", "77...")))
    assert index.counts() == {1: 3, 2: 4, 7: 2}
    assert index.box(2) == (slice(1, 3), slice(3, 5))
    assert index.fresh(2) == [8, 9]
    assert len(index) == 3
    assert index.within((slice(0, 1), slice(0, 5))) == [1]


def test_large_numbers_need_no_large_table() -> None:
    labels = np.zeros((4, 4), np.uint32)
    labels[0, :2] = 4_000_000_000
    labels[3, 3] = 7
    index = LabelIndex.of(labels)
    assert index.counts() == {4_000_000_000: 2, 7: 1}
    assert index.box(7) == (slice(3, 4), slice(3, 4))


def test_new_numbers_come_before_the_scan_too(draw, make) -> None:
    index = LabelIndex(make(draw("1..", ".9.", "..2")))
    assert index.fresh() == [10]
    assert not index.ready


def test_no_number_is_worth_reading_a_file_twice(draw) -> None:
    labels = Read(draw("1..", ".9.", "..2"))
    survey = Survey(labels, extents_of)
    index = LabelIndex(labels, survey)
    scan = survey.scan()
    next(scan)
    with pytest.raises(InputError, match="still being counted"):
        index.fresh()
    assert labels.reads == 1
    list(scan)
    assert index.fresh(2) == [10, 11]
    assert labels.reads == 3
    survey = Survey(labels.labels, extents_of)
    next(survey.scan())
    assert LabelIndex(labels.labels, survey).fresh() == [10]


class Read:
    """Labels in a file of three chunks, with a count of the looks into it."""

    def __init__(self, labels: np.ndarray) -> None:
        self.labels, self.reads = labels, 0
        self.shape, self.dtype, self.chunks = labels.shape, labels.dtype, (1, 3)

    def __getitem__(self, index):
        self.reads += 1
        return self.labels[index]


def test_numbers_handed_out_follow_edits(draw) -> None:
    labels = draw("1..", ".2.")
    index = LabelIndex(labels)
    assert index.fresh() == [3]
    edit = edit_of([changed((0, 1), labels[:1, 1:2], np.array([[3]]))], labels)
    edit.apply(labels)
    index.hear(edit)
    assert index.fresh() == [4]


def test_a_full_type_takes_gaps_and_then_refuses() -> None:
    labels = np.arange(256, dtype=np.uint8).reshape(16, 16)
    labels[labels == 17] = 0
    index = LabelIndex.of(labels)
    assert index.fresh() == [17]
    with pytest.raises(InputError, match=r"all 255 numbers of uint8.*wider type"):
        index.fresh(2)


def test_an_unknown_label_is_refused(draw) -> None:
    with pytest.raises(InputError, match="no object 5"):
        LabelIndex.of(draw("12")).box(5)


def test_a_number_that_others_took_is_not_given() -> None:
    labels = np.zeros((20, 20), np.int32)
    labels[3, 3] = 6
    index = LabelIndex.of(labels)
    labels[8, 8] = 7
    index.doubt()
    assert index.fresh(2) == [8, 9]
    labels[8, 8] = 0
    assert index.fresh() == [8]
