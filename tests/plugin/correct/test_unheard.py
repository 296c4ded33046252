"""Changes that napari and other code make without a word are found out."""

import numpy as np
import pytest
from napari.layers._layer_actions import _convert_dtype
from scipy import ndimage

from napari_cihm.correction.history import History
from napari_cihm.correction.journal import recover, wait_for_ends
from napari_cihm.correction.label_index import LabelIndex
from napari_cihm.plugin.flows.correct import noting, scrutiny
from napari_cihm.plugin.flows.correct.resting import RESTING


def _kept(correct):
    journal = correct.session.journal
    assert journal.flush()
    return recover(journal.path).labels


def _changed_in_place(layer):
    layer.data[layer.data == 2] = 0
    layer.data[88:92, 60:70] = 8  # a number that the next new object would get
    layer.refresh()


def _given_again(layer):
    layer.data[layer.data == 2] = 0
    layer.data[88:92, 60:70] = 8
    layer.data = layer.data


@pytest.mark.parametrize(
    ("change", "size"),
    [
        (_changed_in_place, "small"),
        (_changed_in_place, "large"),
        (_given_again, "large"),
    ],
)
def test_what_other_code_changes_is_counted_and_kept(
    correct, monkeypatch, change, size
):
    if size == "large":
        monkeypatch.setattr(scrutiny, "SMALL", 100)
    correct.press("delete")
    correct.click(10, 10)
    correct.shown.until(lambda: correct.session.checksums.ready)
    change(correct.layer)
    correct.shown.until(lambda: 8 in correct.session.index)
    assert 2 not in correct.session.index
    np.testing.assert_array_equal(_kept(correct), correct.layer.data)


@pytest.mark.parametrize("size", ["small", "large"])
def test_a_new_number_is_free_whoever_took_the_last(correct, monkeypatch, size):
    if size == "large":
        monkeypatch.setattr(scrutiny, "SMALL", 100)
    correct.press("split")
    assert correct.session.index.fresh() == [8]
    _changed_in_place(correct.layer)
    correct.drag((45, 50), (85, 50))  # at once, before anyone could look
    data = correct.layer.data
    assert set(np.unique(data[50:80, 10:90])) == {4, 9}
    assert ndimage.label(data == 8)[1] == 1


def test_what_changed_just_before_the_end_is_not_saved_yet(correct):
    mended = correct.bench.begin(correct.layer)
    mended.save(mended.done)
    _changed_in_place(correct.layer)
    correct.bench.forget(correct.layer)  # before anyone could look
    journal = RESTING.pop(correct.layer).journal
    assert journal is not None
    wait_for_ends()
    np.testing.assert_array_equal(recover(journal).labels, correct.layer.data)


def test_undoing_past_new_data_is_followed(correct):
    correct.press("delete")
    correct.click(10, 10)
    correct.viewer.layers.selection.active = correct.layer
    _convert_dtype(correct.viewer.layers, "int64")
    correct.layer.undo()  # napari keeps its history
    assert 1 in correct.layer.data
    correct.shown.until(lambda: 1 in correct.session.index)
    np.testing.assert_array_equal(_kept(correct), correct.layer.data)


def test_undoing_what_was_done_before_is_followed(correct):
    layer = correct.layer
    layer.data_setitem(np.where(layer.data == 1), 0)  # nobody listens yet
    layer.mode = "paint"
    layer.data_setitem(np.where(layer.data == 2), 0)
    correct.bench.mending.settle()
    layer.undo()
    layer.undo()
    correct.shown.until(lambda: {1, 2} <= set(correct.session.index))
    np.testing.assert_array_equal(_kept(correct), layer.data)


@pytest.mark.parametrize("seen", [True, False])
def test_all_that_was_undone_unseen_is_followed(correct, seen):
    correct.press("delete")
    correct.click(10, 10)
    correct.click(10, 50)
    correct.layer.visible = False  # napari tells nothing of hidden layers
    correct.layer.undo()
    correct.layer.undo()
    if seen:
        correct.layer.visible = True
    else:
        assert not correct.bench.reviewed_of(correct.layer).any()
        correct.press("relabel")  # of 1, 2, 3, 4 and 7
        assert correct.session.index.count(5) == 16
    assert {1, 2} <= set(correct.session.index)
    assert not correct.marks().any()


def test_overlapping_strokes_undone_unseen_are_kept_when_the_layer_goes(correct):
    layer = correct.layer
    layer.mode = "paint"
    for column in (96, 100, 104):
        layer.paint((40, column), column)
        correct.bench.mending.settle()
    layer.visible = False
    for _ in range(3):
        layer.undo()
    labels, journal = np.array(layer.data), correct.session.journal.path
    correct.viewer.layers.remove(layer)  # never shown again
    wait_for_ends()
    np.testing.assert_array_equal(recover(journal).labels, labels)


@pytest.mark.parametrize("counted", [True, False])
def test_what_is_undone_unseen_is_soon_kept(correct, monkeypatch, counted):
    monkeypatch.setattr(scrutiny, "SMALL", 100)
    if not counted:
        monkeypatch.setattr(scrutiny.Scrutiny, "_on_surveyed", lambda own, survey: None)
    correct.layer.mode = "paint"
    correct.layer.paint((40, 100), 9)
    if counted:
        correct.shown.until(lambda: correct.session.checksums.ready)
    correct.shown.until(lambda: not correct.bench.mending._notes._later.isActive())
    correct.layer.visible = False
    correct.layer.undo()
    done = correct.bench.mending.done
    correct.shown.until(lambda: correct.bench.mending.done > done, 20_000)
    np.testing.assert_array_equal(_kept(correct), correct.layer.data)


def test_an_undo_after_a_refresh_counts_once(correct):
    correct.layer.mode = "paint"
    correct.layer.paint((40, 100), 9)
    correct.layer.paint((40, 100), 8)
    correct.bench.mending.settle()
    correct.layer.refresh()
    correct.layer.undo()
    index = correct.session.index
    assert index.counts() == LabelIndex.of(correct.layer.data).counts()


def test_a_stroke_that_ends_unseen_is_no_undo(correct):
    layer, said = correct.layer, []
    layer.mode = "paint"
    layer.paint((40, 100), 9)
    correct.bench.mending.settle()
    correct.bench.mending.followed.connect(said.append)
    layer._begin_stroke()  # as the right button does: what it encircles is filled
    layer.paint((40, 100), 0)
    layer.visible = False
    layer._commit_stroke()
    correct.bench.mending.settle()
    assert not said
    assert 9 not in correct.session.index
    np.testing.assert_array_equal(_kept(correct), layer.data)


def test_an_undo_in_the_midst_of_a_stroke_is_followed(correct):
    layer = correct.layer
    layer.mode = "paint"
    layer.brush_size = 8
    layer.paint((40, 100), 9)
    correct.bench.mending.settle()
    with layer.block_history():
        layer.paint((40, 104), 8)
        layer.undo()
        layer.paint((44, 108), 8)
    correct.bench.mending.settle()
    np.testing.assert_array_equal(_kept(correct), layer.data)
    layer.undo()
    correct.shown.until(lambda: not correct.bench.mending._scrutiny.doubtful)
    np.testing.assert_array_equal(_kept(correct), layer.data)


def test_what_changed_before_labels_were_looked_through_is_kept(correct, monkeypatch):
    monkeypatch.setattr(scrutiny, "SMALL", 100)
    correct.layer.data_setitem(np.where(correct.layer.data == 1), 0)
    mended = correct.bench.begin(correct.layer)
    monkeypatch.setattr(mended._scrutiny, "_on_surveyed", lambda survey: None)
    assert mended.session.journal.flush()
    correct.layer.undo()  # of what nobody heard of
    assert not mended.session.checksums.ready
    correct.bench.forget(correct.layer)
    journal = RESTING.pop(correct.layer).journal
    wait_for_ends()
    np.testing.assert_array_equal(recover(journal).labels, correct.layer.data)


def test_what_changed_unseen_is_found_in_another_slice_too(deep):
    layer = deep.layer
    layer.mode = "paint"
    layer.visible = False
    layer.data[2, 88:92, 60:70] = 8
    deep.viewer.dims.set_point(0, 3)
    layer.visible = True
    deep.shown.until(lambda: 8 in deep.session.index)
    np.testing.assert_array_equal(_kept(deep), layer.data)


def test_what_a_script_changes_in_hidden_labels_is_soon_found(correct):
    correct.press("delete")
    correct.layer.visible = False
    correct.layer.data[88:92, 60:70] = 8
    correct.layer.refresh()  # which napari does not do to what is hidden
    correct.shown.until(lambda: 8 in correct.session.index, 20_000)
    np.testing.assert_array_equal(_kept(correct), correct.layer.data)


def test_a_stroke_that_is_given_up_leaves_nothing_in_the_journal(correct):
    layer = correct.layer
    mended = correct.bench.begin(layer)
    layer._begin_stroke()
    layer.paint((40, 100), 9)
    mended.session.journal.resync()
    assert mended.session.journal.flush()  # which reads what was painted
    layer._abort_stroke()
    correct.shown.until(lambda: not mended._scrutiny.doubtful)
    np.testing.assert_array_equal(_kept(correct), layer.data)
    assert 9 not in _kept(correct)


@pytest.mark.parametrize("stroke", ["fill", "paint"])
def test_what_was_undone_unseen_before_a_stroke_is_followed(correct, stroke):
    correct.press("delete")
    correct.click(10, 10)
    correct.shown.until(lambda: correct.session.checksums.ready)
    assert correct.session.journal.flush()
    correct.layer.visible = False
    correct.layer.undo()
    if stroke == "fill":
        correct.layer.fill((10, 50), 9)
    else:
        with correct.layer.block_history():
            correct.layer.paint((40, 100), 9)
    correct.bench.mending.settle()
    assert {1, 9} <= set(correct.session.index)
    np.testing.assert_array_equal(_kept(correct), correct.layer.data)


def test_a_stroke_at_the_end_of_the_count_counts_once(correct, monkeypatch):
    monkeypatch.setattr(scrutiny, "SMALL", 100)
    with correct.layer.block_history():
        correct.layer.paint((40, 100), 9)  # before its cell is read
        mended = correct.bench.begin(correct.layer)
        correct.shown.until(lambda: not correct.bench.errands._threads)
    session = mended.session
    correct.shown.until(lambda: session.checksums.ready)
    mended.settle()
    assert session.index.count(9) == np.count_nonzero(correct.layer.data == 9)
    assert not session.checksums.settle()


def test_other_labels_are_not_counted_when_the_first_would_be(correct, monkeypatch):
    monkeypatch.setattr(scrutiny, "SMALL", 100)
    mended = correct.bench.begin(correct.layer)
    first = mended.session.survey
    correct.layer.data = correct.layer.data + 0
    mended._scrutiny._on_surveyed(first)
    assert not mended.session.index.ready
    correct.shown.until(lambda: mended.session.index.ready)


def test_nothing_is_looked_for_while_painting_or_sliding(deep):
    layer = deep.layer
    layer.mode = "paint"
    looked = []
    deep.bench.mending._notes.doubted.connect(lambda: looked.append(True))
    with layer.block_history():
        layer.paint((0, 40, 100), 9)
        layer.paint((0, 42, 104), 9)
    deep.shown.until(lambda: 9 in deep.session.index)
    deep.viewer.dims.set_point(0, 3)
    layer.undo()
    assert not looked
    layer.refresh()
    assert looked


def test_what_changed_before_all_was_counted_is_no_stroke_to_take_back(
    correct, monkeypatch
):
    monkeypatch.setattr(scrutiny, "SMALL", 100)
    began = correct.bench.begin(correct.layer)
    looks = began._scrutiny
    correct.layer.brush_size = 8
    correct.layer.paint((40, 110), 9)
    began.settle()
    correct.layer.data[36:44, 106:114] = 2
    correct.layer.refresh()
    assert not correct.session.checksums.ready
    correct.shown.until(lambda: correct.session.checksums.ready and not looks.doubtful)
    correct.layer.undo()
    correct.shown.until(lambda: not looks.doubtful and not looks._calm.isActive())
    correct.shown.until(lambda: looks._looking is None)
    truth = LabelIndex.of(correct.layer.data).counts()
    assert correct.session.index.counts() == truth
    np.testing.assert_array_equal(_kept(correct), correct.layer.data)


def test_strokes_are_kept_where_napari_shows_no_history(correct, monkeypatch):
    monkeypatch.setattr(noting, "History", lambda layer: History(object()))
    began = correct.bench.begin(correct.layer)
    correct.press("delete")
    correct.click(10, 10)
    correct.layer.paint((40, 110), 9)
    correct.layer.undo()
    correct.layer.paint((60, 110), 8)
    correct.shown.until(lambda: not began._scrutiny.doubtful)
    assert set(correct.session.index) == {2, 3, 4, 7, 8}
    np.testing.assert_array_equal(_kept(correct), correct.layer.data)
