"""A session: index, marks, progress and journal follow every change."""

from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from napari_cihm.config import CorrectSettings
from napari_cihm.correction.erasing import delete, remove_smaller
from napari_cihm.correction.history import History
from napari_cihm.correction.joining import merge
from napari_cihm.correction.journal import ImageIdentity, Journal, recover
from napari_cihm.correction.label_index import LabelIndex
from napari_cihm.correction.reviewed import Reviewed
from napari_cihm.correction.session import CorrectionSession, Step
from napari_cihm.correction.shaping import grow
from napari_cihm.correction.splitting import split_along
from napari_cihm.correction.strokes import edit_of_atoms
from napari_cihm.errors import InputError

SHAPE = (24, 30)


def start() -> np.ndarray:
    labels = np.zeros(SHAPE, np.int32)
    labels[2:12, 2:12], labels[2:12, 12:20] = 1, 2
    labels[14:22, 4:18], labels[20, 25] = 5, 9
    return labels


points = st.tuples(st.integers(0, 23), st.integers(0, 29))
moves = st.lists(
    st.one_of(
        st.tuples(st.just("delete"), points, points),
        st.tuples(st.just("merge"), points, points),
        st.tuples(st.just("split"), points, points),
        st.tuples(st.just("grow"), points, points),
        st.tuples(st.just("specks"), points, points),
        st.tuples(st.just("stroke"), points, points),
        st.tuples(st.just("mark"), points, points),
        st.tuples(st.just("undo"), points, points),
        st.tuples(st.just("redo"), points, points),
    ),
    max_size=12,
)
TOOLS = {
    "delete": lambda x, p, q: delete(x, p),
    "merge": lambda x, p, q: merge(x, [p, q]),
    "split": lambda x, p, q: split_along(x, [p, q]),
    "grow": lambda x, p, q: grow(x, p, 2),
    "specks": lambda x, p, q: remove_smaller(x, 30),
}


class Window:
    """What the panel will do, with napari's layer and without a window."""

    def __init__(self, journal: Any = None) -> None:
        layers = pytest.importorskip("napari.layers")
        self.layer = layers.Labels(start())
        self.layer.brush_size = 3
        self.session = CorrectionSession(
            self.layer.data,
            settings=CorrectSettings(edit_margin=2),
            journal=journal,
        )
        self.history: History[Step] = History(self.layer)
        self.layer.events.paint.connect(self.follow)

    def follow(self, event: Any = None) -> None:
        moves = self.history.look()
        for step in moves.undone:
            self.session.undone(step)
        for step in moves.redone:
            self.session.redone(step)
        for item in moves.made:
            step = self.session.made(edit_of_atoms(item, self.layer.data))
            self.history.keep(item, step)

    def do(self, what: str, p: tuple[int, ...], q: tuple[int, ...]) -> None:
        if what in TOOLS:
            try:
                edit = TOOLS[what](self.layer.data, p, q)
            except InputError:
                return
            # Within a block napari tells of the edit after it was written.
            with self.layer.block_history():
                self.layer.data_setitem(edit.indices, edit.new)
        elif what == "stroke":
            with self.layer.block_history():
                self.layer.paint(p, 33)
                self.layer.paint(q, 33)
        elif what == "mark":
            low, high = np.minimum(p, q), np.maximum(p, q) + 1
            box = tuple(map(slice, low.tolist(), high.tolist()))
            self.session.marked(self.session.reviewed.mark(box))
        else:
            getattr(self.layer, what)()
            self.follow()


def check(window: Window) -> None:
    session, labels = window.session, window.layer.data
    assert session.index.counts() == LabelIndex.of(labels).counts()
    seen = np.asarray(session.reviewed.view()).astype(bool)
    whole = [n for n in session.index if seen[labels == n].mean() >= 0.98]
    assert session.progress().checked == len(whole)
    assert session.progress().total == len(session.index)


@given(moves)
@settings(max_examples=20)
def test_index_marks_and_progress_follow_naparis_history(actions) -> None:
    window = Window()
    for action in actions:
        window.do(*action)
        check(window)


@given(moves)
@settings(max_examples=12)
def test_undoing_everything_leaves_only_what_the_person_marked(actions) -> None:
    window = Window()
    person = Reviewed(SHAPE)
    for what, p, q in actions:
        window.do(what, p, q)
        if what == "mark":
            low, high = np.minimum(p, q), np.maximum(p, q) + 1
            person.mark(tuple(map(slice, low.tolist(), high.tolist())))
    for _ in range(len(actions)):
        window.do("undo", (0, 0), (0, 0))
    assert np.array_equal(window.layer.data, start())
    assert np.array_equal(window.session.reviewed.view()[...], person.view()[...])
    assert window.session.index.counts() == LabelIndex.of(start()).counts()


def test_marks_of_an_undone_edit_come_back_with_it_alone() -> None:
    window = Window()
    session = window.session
    window.do("stroke", (5, 24), (5, 24))
    first = session.reviewed[...].copy()
    session.marked(session.reviewed.erase())
    window.do("stroke", (7, 24), (7, 24))  # whose marks overlap the first one's
    session.marked(session.reviewed.erase((slice(0, 24), slice(0, 24))))
    window.do("undo", (0, 0), (0, 0))
    assert not session.reviewed.any()
    assert session.unmark() is not None  # of what stood before the second
    assert np.array_equal(session.reviewed[...], first)
    assert session.unmark() is None
    window.do("redo", (0, 0), (0, 0))
    assert session.reviewed[9, 24]
    check(window)


def test_the_journal_has_all_of_it(tmp_path: Path) -> None:
    window = Window()
    session = window.session
    session.journal = Journal(
        window.layer.data,
        ImageIdentity.of(start()),
        reviewed=session.reviewed,
        settings=CorrectSettings(journal_folder=tmp_path),
    )
    rng = np.random.default_rng(0)
    names = ["delete", "merge", "split", "grow", "stroke", "mark", "undo", "redo"]
    for _ in range(60):
        p, q = (tuple(int(rng.integers(0, n)) for n in SHAPE) for _ in "pq")
        window.do(str(rng.choice(names)), p, q)
    session.unmark()
    assert session.journal.flush()
    found = recover(session.journal.path)
    assert np.array_equal(found.labels, window.layer.data)
    assert np.array_equal(found.reviewed.view()[...], session.reviewed.view()[...])
    session.close(finished=True)


def test_rules_mark_nothing_as_looked_at() -> None:
    window = Window()
    edit = remove_smaller(window.layer.data, 30)
    assert edit.everywhere
    assert edit.size == 1
    edit.apply(window.layer.data)
    assert window.session.made(edit).review is None
    assert not window.session.reviewed.any()


def test_marks_of_edits_can_be_turned_off() -> None:
    labels = start()
    session = CorrectionSession(labels, settings=CorrectSettings(mark_edits=False))
    edit = delete(labels, (3, 3))
    edit.apply(labels)
    assert session.made(edit).review is None
    assert not session.reviewed.any()


def test_the_persons_marks_are_taken_back_on_their_own() -> None:
    session = CorrectionSession(start())
    session.marked(session.reviewed.mark((slice(0, 12), slice(0, 12))))
    session.marked(session.reviewed.mark_all())
    assert str(session.progress()) == "4 of 4 checked"
    session.unmark()
    assert str(session.progress()) == "1 of 4 checked"
    session.unmark()
    assert not session.reviewed.any()
    assert session.unmark() is None


def test_other_labels_begin_anew() -> None:
    session = CorrectionSession(start())
    session.marked(session.reviewed.mark_all())
    edit = delete(session.labels, (3, 3))
    edit.apply(session.labels)
    session.made(edit)
    session.replaced(start())
    assert session.unmark() is None
    assert str(session.progress()) == "4 of 4 checked"
    session.replaced(np.ones((4, 4), np.int32))
    assert str(session.progress()) == "0 of 1 checked"


def test_silent_changes_are_counted_and_kept(tmp_path: Path) -> None:
    labels = start()
    identity = ImageIdentity.of(np.zeros(SHAPE), "image")
    where = CorrectSettings(journal_folder=tmp_path)
    session = CorrectionSession(labels, settings=where)
    session.journal = Journal(
        labels, identity, reviewed=session.reviewed, settings=where
    )
    session.complete()
    assert session.journal.flush()
    edit = delete(labels, (3, 3))
    edit.apply(labels)
    session.made(edit)
    marks = np.asarray(session.reviewed.view())
    labels[labels == 5] = 0
    labels[0, 0] = 30
    session.changed(session.checksums.settle())
    assert list(session.index) == [2, 9, 30]
    assert session.index.fresh() == [31]
    np.testing.assert_array_equal(session.reviewed.view(), marks)
    assert session.progress().total == 3
    assert session.journal.flush()
    np.testing.assert_array_equal(recover(session.journal.path).labels, labels)
    session.replaced(np.ones((4, 4), np.int32))
    assert session.journal.flush()
    assert recover(session.journal.path).labels.tolist() == 4 * [4 * [1]]
    session.close(finished=True)
