"""37 of 112 checked: which objects are reviewed as a whole."""

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from napari_cihm.correction.checked import Checked, Progress
from napari_cihm.correction.edits import changed, edit_of
from napari_cihm.correction.label_index import LabelIndex
from napari_cihm.correction.reviewed import Reviewed

SHAPE = (20, 24)


def grid() -> np.ndarray:
    labels = np.zeros(SHAPE, np.int32)
    for rank, (y, x) in enumerate(np.ndindex(4, 4), 1):
        labels[5 * y : 5 * y + 4, 6 * x : 6 * x + 5] = rank
    return labels


def by_hand(labels: np.ndarray, reviewed: Reviewed) -> set[int]:
    seen = np.asarray(reviewed.view()).astype(bool)
    found = set(np.unique(labels)) - {0}
    return {n for n in found if seen[labels == n].mean() >= 0.98}


def test_counts_whole_objects_only() -> None:
    labels, reviewed = grid(), Reviewed(SHAPE)
    checked = Checked(labels, LabelIndex.of(labels), reviewed)
    assert str(checked.progress()) == "0 of 16 checked"
    checked.hear_review(reviewed.mark((slice(0, 4), slice(0, 14))))
    assert checked.progress() == Progress(2, 16)
    assert 1 in checked
    assert 3 not in checked
    checked.hear_review(reviewed.mark_all())
    assert str(checked.progress()) == "16 of 16 checked"


boxes = st.tuples(
    st.integers(0, 18), st.integers(0, 22), st.integers(1, 12), st.integers(1, 14)
)


@pytest.mark.parametrize("many", [-1, 64])
@given(st.lists(st.tuples(st.sampled_from(["paint", "mark", "erase"]), boxes)))
def test_follows_edits_and_marks(many, moves) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("napari_cihm.correction.checked.MANY", many)
        follow(moves)


def follow(moves) -> None:
    labels, reviewed = grid(), Reviewed(SHAPE)
    index = LabelIndex.of(labels)
    checked = Checked(labels, index, reviewed)
    for rank, (what, (y, x, height, width)) in enumerate(moves):
        box = (slice(y, min(y + height, 20)), slice(x, min(x + width, 24)))
        if what == "paint":
            before = labels[box].copy()
            block = changed((y, x), before, np.full_like(before, rank % 20))
            edit = edit_of([block], labels)
            edit.apply(labels)
            index.hear(edit)
            checked.hear_edit(edit)
        else:
            change = reviewed.mark(box) if what == "mark" else reviewed.erase(box)
            checked.hear_review(change)
        expected = by_hand(labels, reviewed)
        assert checked.progress().checked == len(expected)
        assert {n for n in index if n in checked} == expected


class Counted:
    """Labels that count how often they are read, and how many pixels of them."""

    def __init__(self, labels: np.ndarray) -> None:
        self.labels, self.reads, self.pixels = labels, 0, 0
        self.shape, self.dtype = labels.shape, labels.dtype

    def __getitem__(self, index):
        self.reads += 1
        self.pixels += self.labels[index].size
        return self.labels[index]


def test_a_mark_over_many_objects_needs_no_look_at_them() -> None:
    ranks = np.arange(1, 1601).reshape(40, 40)
    labels = Counted(np.kron(ranks, np.pad(np.ones((20, 20), int), 2)))
    index, reviewed = LabelIndex.of(labels), Reviewed(labels.shape)
    checked = Checked(labels, index, reviewed)
    labels.reads = 0
    assert checked.progress() == Progress(0, 1600)
    checked.hear_review(reviewed.mark_all())
    assert checked.progress() == Progress(1600, 1600)
    assert labels.reads == 0


def test_numbers_with_pieces_far_apart_cost_one_look() -> None:
    labels = np.zeros((200, 400), int)
    labels[:, 2:9] = np.arange(1, 201)[:, None]
    labels[50:, -9:-2] = np.arange(150, 0, -1)[:, None]
    seen = Counted(labels)
    reviewed = Reviewed(labels.shape)
    checked = Checked(seen, LabelIndex.of(seen), reviewed)
    assert checked.progress() == Progress(0, 200)
    seen.pixels = 0
    checked.hear_review(reviewed.mark((slice(0, 200), slice(0, 390))))
    checked.hear_review(reviewed.mark((slice(190, 200), slice(0, 400))))
    whole = by_hand(labels, reviewed)
    assert checked.progress() == Progress(len(whole), 200)
    assert {n for n in range(1, 201) if n in checked} == whole
    assert seen.pixels <= labels.size
