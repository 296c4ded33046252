"""Work that was left unfinished comes back; what is reviewed becomes a folder."""

import threading
import time
from functools import partial
from unittest.mock import patch

import dask.array as da
import numpy as np
import pytest
import tifffile

from napari_cihm.correction.journal import (
    claim,
    journals,
    prune,
    recover,
    wait_for_ends,
)
from napari_cihm.correction.journal.ledger import Ledger
from napari_cihm.correction.reviewed import Reviewed
from napari_cihm.correction.training_folder import TrainingFolder
from napari_cihm.plugin.signing import KEY
from tests.plugin.conftest import Shown
from tests.plugin.correct.conftest import Correct


def _work(correct):
    correct.press("delete")
    correct.click(10, 10)
    correct.press("review_region")
    correct.drag((45, 5), (45, 95), (85, 95), (85, 5), (46, 5))
    return np.array(correct.layer.data), correct.marks()


def _crash(correct, squares):
    """Leave nothing but the journal: labels are as they lie in their file."""
    correct.viewer.window.remove_dock_widget(correct.shown.dock)
    name = correct.layer.name
    correct.viewer.layers.remove(correct.layer)
    correct.viewer.add_labels(squares, name=name)


def _kept(settings):
    """List the journals once those are ended that were left."""
    wait_for_ends()
    return journals(settings)


def _reopen(correct):
    """Open another panel beside the same viewer."""
    from napari_cihm.plugin.widgets import SegmentWidget

    if correct.shown.dock in correct.viewer.window._wrapped_dock_widgets.values():
        correct.viewer.window.remove_dock_widget(correct.shown.dock)
    panel = SegmentWidget(correct.viewer)
    dock = correct.viewer.window.add_dock_widget(panel, name="again")
    return panel, dock


def _resume(correct, qtbot, meanwhile=lambda flow: None):
    """Open another panel and take the work up that it offers."""
    panel, dock = _reopen(correct)
    flow = panel.coordinator.correct
    banner = flow._section.unfinished
    qtbot.waitUntil(lambda: bool(banner.words.text()), timeout=60_000)
    qtbot.mouseClick(banner.yes, _left())
    meanwhile(flow)
    qtbot.waitUntil(
        lambda: str(flow.bench.labels).endswith("(resumed)"), timeout=60_000
    )
    return panel, dock


def test_every_stroke_is_on_disk_while_it_is_worked(correct):
    labels, marks = _work(correct)
    journal = correct.session.journal
    assert journal.flush()
    found = recover(journal.path)
    np.testing.assert_array_equal(found.labels, labels)
    np.testing.assert_array_equal(np.asarray(found.reviewed.view()), marks)
    assert found.identity.name == "squares"


def test_unfinished_work_is_offered_and_comes_back(correct, squares, qtbot):
    correct.shown.ready()  # the process that measures may be the first to start here
    labels, marks = _work(correct)
    offered = []
    _crash(correct, squares)
    panel, dock = _resume(
        correct,
        qtbot,
        lambda flow: offered.append(flow._section.unfinished.words.text()),
    )
    flow = panel.coordinator.correct
    banner = flow._section.unfinished
    assert offered[0].startswith("Earlier corrections of squares: squares labels, ")
    layer = flow.bench.labels
    np.testing.assert_array_equal(layer.data, labels)
    seen = flow.bench.reviewed_of(layer)
    assert isinstance(seen, Reviewed)
    np.testing.assert_array_equal(np.asarray(seen.view()).astype(bool), marks)
    correct.shown.until(lambda: list(layer.features.get("index", [])) == [2, 3, 4, 7])
    assert layer.metadata[KEY]["axes"] == "yx"  # of the image: nobody said any
    # The user's own is untouched.
    mine = correct.viewer.layers["squares labels"]
    np.testing.assert_array_equal(mine.data, squares)
    assert not len(mine.features)
    qtbot.waitUntil(lambda: not banner.words.text(), timeout=30_000)
    assert len(_kept(flow.bench.settings)) == 1  # it goes on in the same folder
    correct.viewer.window.remove_dock_widget(dock)


def test_work_on_labels_too_many_for_memory_comes_back(
    shown, blobs, correcting, monkeypatch, qtbot
):
    monkeypatch.setattr("napari_cihm.plugin.region.LARGE", 1000)
    monkeypatch.setattr("napari_cihm.correction.journal.ledger.WHOLE_MB", 0)
    shown.viewer.add_image(blobs[:, None], name="s", axis_labels=("y", "c", "x"))
    shown.ready().segment()
    correct = correcting(shown.labels("s labels"))
    correct.press("delete")
    correct.click(16, 0, 16)
    wanted = np.array(correct.layer.data)
    assert not wanted[16, 0, 16] and len(np.unique(wanted)) == 12
    assert correct.session.journal.flush()
    said = correct.layer.metadata[KEY]
    (found,) = _kept(correct.shown.coordinator.correct.bench.settings)
    correct.viewer.window.remove_dock_widget(shown.dock)
    correct.viewer.layers.remove(correct.layer)  # nobody knows any more where they lie
    panel, dock = _resume(correct, qtbot)
    layer = panel.coordinator.correct.bench.labels
    np.testing.assert_array_equal(layer.data[:], wanted)
    assert layer.data.source is not None  # what was not edited is on disk still
    known = layer.metadata[KEY]
    assert known["axes"] == said["axes"] == "ycx"
    assert "diameter" in said and known["diameter"] == said["diameter"]
    assert found.by_reference
    correct.viewer.window.remove_dock_widget(dock)


def test_work_that_was_resumed_and_let_be_is_offered_again(correct, squares, qtbot):
    _work(correct)
    _crash(correct, squares)
    for _ in range(2):
        panel, dock = _resume(correct, qtbot)
        (found,) = _kept(panel.coordinator.correct.bench.settings)
        assert found.strokes
        correct.viewer.window.remove_dock_widget(dock)
        correct.viewer.layers.remove("squares labels (resumed)")
        (found,) = _kept(panel.coordinator.correct.bench.settings)
        assert not found.finished


def test_a_panel_that_opens_again_goes_on_with_what_is_open(correct, squares, qtbot):
    labels, marks = _work(correct)
    path = correct.session.journal.path
    correct.viewer.window.remove_dock_widget(correct.shown.dock)
    correct.layer.data[90, 2:4] = 5  # while no panel heard of it
    for _ in range(3):
        panel, dock = _reopen(correct)
        flow = panel.coordinator.correct
        qtbot.waitUntil(
            lambda flow=flow: not flow.bench.errands._threads, timeout=30_000
        )
        assert not flow._section.unfinished.words.text()
        seen = flow.bench.reviewed_of(correct.layer)
        np.testing.assert_array_equal(np.asarray(seen.view()).astype(bool), marks)
        correct.viewer.window.remove_dock_widget(dock)
    (found,) = _kept(flow.bench.settings)
    assert found.path == path
    assert not found.finished
    labels[90, 2:4] = 5
    np.testing.assert_array_equal(recover(path).labels, labels)


def test_work_in_a_window_that_was_closed_is_offered_in_the_next(
    make_napari_viewer, qtbot, pooled, at_home, squares
):
    """A window that its own button closes takes the panel with it untold."""

    def opened():
        viewer = make_napari_viewer()
        viewer.add_image((squares > 0).astype(np.uint8) * 200, name="squares")
        return Shown(viewer, qtbot)

    first = opened()
    layer = first.viewer.add_labels(squares.copy(), name="squares labels")
    labels, _ = _work(Correct(first, layer))
    window = first.viewer.window
    unsaved = patch.object(window._qt_window, "_save_current_window_settings")
    with unsaved, qtbot.waitSignal(first.panel.destroyed):
        window._qt_window.close()
    del window._qt_window  # or it is closed once more
    assert [one.name for one in first.viewer.layers] == ["squares", "squares labels"]
    second = opened()
    flow = second.coordinator.correct
    second.until(lambda: bool(flow._section.unfinished.words.text()))
    flow.resume.resume()
    second.until(lambda: str(flow.bench.labels).endswith("(resumed)"))
    np.testing.assert_array_equal(np.asarray(flow.bench.labels.data), labels)


def test_deleting_labels_waits_for_no_disk(correct, qtbot, monkeypatch):
    _work(correct)
    journal, goes_on = correct.session.journal, threading.Event()
    sync = Ledger.sync
    monkeypatch.setattr(Ledger, "sync", lambda own: goes_on.wait(20) and sync(own))
    labels = np.array(correct.layer.data)
    started = time.monotonic()
    correct.viewer.layers.remove(correct.layer)
    assert time.monotonic() - started < 4
    goes_on.set()
    words = correct.flow._section.unfinished.words
    qtbot.waitUntil(lambda: bool(words.text()), timeout=60_000)  # it is offered
    with claim(journal.path, journal.identity).lock:
        np.testing.assert_array_equal(recover(journal.path).labels, labels)


def test_looking_again_and_again_is_no_work(correct, qtbot):
    correct.press("review_region")
    for _ in range(3):
        panel, dock = _reopen(correct)
        correct.viewer.window.remove_dock_widget(dock)
    found = _kept(panel.coordinator.correct.bench.settings)
    assert all(journal.finished for journal in found)


def test_what_is_begun_while_work_is_read_leaves_it_alone(
    correct, squares, qtbot, monkeypatch
):
    labels, _ = _work(correct)
    path = correct.session.journal.path
    read = threading.Event()

    def slow(*args):
        assert read.wait(10)
        return recover(*args)

    monkeypatch.setattr("napari_cihm.plugin.flows.correct.resume_flow.recover", slow)
    _crash(correct, squares)
    other = correct.viewer.add_labels(squares[::-1].copy(), name="other")

    def meanwhile(flow):
        other.mode = "paint"
        assert flow.bench.begun(other).session.journal.flush()
        read.set()

    panel, dock = _resume(correct, qtbot, meanwhile)
    flow = panel.coordinator.correct
    mending = flow.bench.mending
    assert mending.layer.name == "squares labels (resumed)"
    np.testing.assert_array_equal(mending.layer.data, labels)
    assert mending.session.journal.path == path
    assert flow.bench.begun(other).session.journal.path != path
    assert mending.session.journal.flush()
    np.testing.assert_array_equal(recover(path).labels, labels)
    correct.viewer.window.remove_dock_widget(dock)


def test_work_on_labels_without_an_image_comes_back(shown, correcting, squares, qtbot):
    layer = shown.viewer.add_labels(squares.copy(), name="only labels")
    correct = correcting(layer)
    labels, _ = _work(correct)
    _crash(correct, squares)
    panel, dock = _resume(correct, qtbot)
    resumed = panel.coordinator.correct.bench.labels
    assert panel.run_bar.words.text().endswith(" are resumed.")
    np.testing.assert_array_equal(resumed.data, labels)
    assert resumed.name == "only labels (resumed)"
    correct.viewer.window.remove_dock_widget(dock)


def test_an_image_that_cannot_be_read_is_told_and_stops_nothing(
    shown, correcting, squares, said
):
    class Broken:
        shape, dtype, ndim = squares.shape, np.dtype(np.uint8), 2

        def __getitem__(self, box):
            raise KeyError("no such chunk")

    layer = shown.viewer.add_labels(squares, name="labels")
    correct = correcting(layer)
    image = shown.viewer.add_image(np.zeros(squares.shape, np.uint8), name="image")
    image._data = Broken()
    correct.press("delete")
    correct.click(10, 10)
    image._data = np.zeros(squares.shape, np.uint8)
    assert 1 not in correct.layer.data
    shown.until(lambda: any("no such chunk" in text for _, text in said), 10_000)


def test_a_kill_in_the_first_snapshot_loses_nothing_of_open_labels(
    correct, squares, qtbot
):
    labels, _ = _work(correct)
    path = correct.session.journal.path
    _crash(correct, squares)
    (path / "snapshot-000000.cihm").unlink()
    panel, dock = _resume(correct, qtbot)
    np.testing.assert_array_equal(panel.coordinator.correct.bench.labels.data, labels)
    correct.viewer.window.remove_dock_widget(dock)


@pytest.mark.parametrize("changed", [False, True])
def test_changes_of_a_file_are_resumed_over_that_file_alone(
    shown, correcting, squares, qtbot, monkeypatch, said, changed
):
    monkeypatch.setattr("napari_cihm.correction.journal.ledger.WHOLE_MB", 0)
    shown.viewer.add_image((squares > 0).astype(np.uint8), name="squares")
    correct = correcting(shown.viewer.add_labels(da.from_array(squares), name="file"))
    labels, _ = _work(correct)
    assert correct.session.journal.flush()
    now = squares.copy()
    now[2, 2] += changed
    _crash(correct, da.from_array(now))
    shown.viewer.layers["file"].name = "renamed"
    if changed:
        panel, dock = _reopen(correct)
        banner = panel.coordinator.correct._section.unfinished
        qtbot.waitUntil(lambda: bool(banner.words.text()), timeout=60_000)
        qtbot.mouseClick(banner.yes, _left())
        qtbot.waitUntil(
            lambda: any("labels in a file" in text for _, text in said), timeout=30_000
        )
        assert len(correct.viewer.layers) == 2
    else:
        panel, dock = _resume(correct, qtbot)
        resumed = panel.coordinator.correct.bench.labels
        np.testing.assert_array_equal(np.asarray(resumed.data), labels)
    correct.viewer.window.remove_dock_widget(dock)


def test_work_that_another_window_resumed_is_not_resumed_again(
    correct, squares, said, qtbot
):
    _work(correct)
    _crash(correct, squares)
    panel, dock = _reopen(correct)
    flow = panel.coordinator.correct
    banner = flow._section.unfinished
    qtbot.waitUntil(lambda: bool(banner.words.text()), timeout=60_000)
    (found,) = _kept(flow.bench.settings)
    held = claim(found.path, found.identity)
    qtbot.mouseClick(banner.yes, _left())
    qtbot.waitUntil(lambda: not banner.words.text(), timeout=60_000)
    assert "open in another window" in said[-1][1]
    assert not any("resumed" in layer.name for layer in correct.viewer.layers)
    held.release()
    correct.viewer.window.remove_dock_widget(dock)


def test_unfinished_work_can_be_discarded(correct, squares, qtbot):
    _work(correct)
    _crash(correct, squares)
    panel, dock = _reopen(correct)
    banner = panel.coordinator.correct._section.unfinished
    qtbot.waitUntil(lambda: bool(banner.words.text()), timeout=60_000)
    qtbot.mouseClick(banner.no, _left())
    assert not banner.words.text()
    assert panel.run_bar.words.text() == "Earlier corrections of squares are discarded."
    (found,) = _kept(panel.coordinator.correct.bench.settings)
    assert found.finished  # and stays for a while
    correct.viewer.window.remove_dock_widget(dock)


def test_journals_of_finished_work_go_after_a_while_with_a_word(
    correct, said, qtbot, monkeypatch
):
    _work(correct)
    path = correct.session.journal.path
    correct.bench.mending.save(correct.bench.mending.done)  # as an export says
    month = partial(prune, now=time.time() + 31 * 86_400)
    monkeypatch.setattr("napari_cihm.plugin.flows.correct.journalling.prune", month)
    _, dock = _reopen(correct)
    told = "Removed 1 journal of finished work"
    qtbot.waitUntil(
        lambda: any(text.startswith(told) for _, text in said), timeout=30_000
    )
    assert not path.exists()
    correct.viewer.window.remove_dock_widget(dock)


def test_what_is_offered_is_said_where_it_is_seen_and_no_first_model_wipes_it_away(
    correct, squares, qtbot
):
    _work(correct)
    _crash(correct, squares)
    panel, dock = _reopen(correct)
    banner = panel.coordinator.correct._section.unfinished
    foot, session = panel.run_bar.words, panel.coordinator.desk.session
    qtbot.waitUntil(lambda: bool(banner.words.text()), timeout=60_000)
    # The banner may be out of sight; the foot of the panel never is.
    assert foot.text().endswith("can be resumed, under Correct.")
    qtbot.waitUntil(lambda: session.model is not None, timeout=60_000)
    assert foot.text().endswith("can be resumed, under Correct.")
    session.set_model(session.model, session.source)
    assert foot.text() == "Ready"  # it was said
    correct.viewer.window.remove_dock_widget(dock)


def test_other_images_and_looking_alone_offer_nothing(correct, squares, qtbot):
    correct.press("review_all")
    correct.press("unreview")
    _crash(correct, squares)
    panel, dock = _reopen(correct)
    flow = panel.coordinator.correct
    qtbot.waitUntil(lambda: not flow.bench.errands._threads, timeout=60_000)
    correct.viewer.add_image(np.zeros((7, 9)), name="other")
    qtbot.waitUntil(lambda: not flow.bench.errands._threads, timeout=60_000)
    assert not flow._section.unfinished.words.text()
    correct.viewer.window.remove_dock_widget(dock)


def test_work_on_the_pixels_that_an_image_gets_is_offered(correct, squares, qtbot):
    _work(correct)
    _crash(correct, squares)
    image = correct.viewer.layers["squares"]
    pixels, image.data = image.data, image.data + 1
    panel, dock = _reopen(correct)
    words = panel.coordinator.correct._section.unfinished.words
    errands = panel.coordinator.correct.bench.errands
    qtbot.waitUntil(lambda: not errands._threads, timeout=60_000)
    assert not words.text()
    image.data = pixels
    qtbot.waitUntil(lambda: "squares" in words.text(), timeout=60_000)
    correct.viewer.window.remove_dock_widget(dock)


def test_a_folder_that_cannot_be_written_is_told_and_stops_nothing(
    correct, said, tmp_path, monkeypatch
):
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    settings = correct.bench.settings.but(journal_folder=blocked / "journals")
    correct.bench.use(settings)
    correct.press("delete")
    correct.click(10, 10)
    assert 1 not in correct.layer.data
    correct.shown.until(lambda: any(kind == "warning" for kind, _ in said), 10_000)


def test_a_journal_can_be_done_without(correct):
    correct.section.form.set_values({"journal": False})
    _work(correct)
    assert correct.session.journal is None


def test_what_is_reviewed_becomes_a_training_folder(deep, tmp_path, said):
    deep.viewer.dims.set_point(0, 3)
    deep.press("review_slice")
    before = threading.active_count()
    deep.flow.export.save(tmp_path / "set")
    deep.shown.rest()
    assert "Added 1 slice" in deep.shown.words
    (image,) = (tmp_path / "set" / "images").iterdir()
    mask = tifffile.imread(tmp_path / "set" / "masks" / image.name)
    np.testing.assert_array_equal(mask > 0, deep.layer.data[3] > 0)
    np.testing.assert_array_equal(tifffile.imread(image), deep.viewer.layers[0].data[3])
    deep.flow.export.save(tmp_path / "set")
    deep.shown.rest()
    assert "already there" in deep.shown.words
    assert len(list((tmp_path / "set" / "images").iterdir())) == 1
    assert threading.active_count() <= before
    # Other slices are not there, and objects end with each slice.
    assert not deep.bench.mending.saved


def test_flat_work_that_was_exported_need_not_be_offered_again(correct, tmp_path):
    _work(correct)
    correct.flow.export.save(tmp_path / "set")
    correct.press("review_all")  # not in what is being written
    correct.shown.rest()
    assert not correct.bench.mending.saved
    correct.flow.export.save(tmp_path / "set")
    correct.shown.rest()
    assert correct.bench.mending.saved
    correct.viewer.window.remove_dock_widget(correct.shown.dock)
    (found,) = _kept(correct.bench.settings)
    assert found.finished


def test_a_second_export_waits_for_the_first(correct, said, tmp_path):
    _work(correct)
    correct.flow.export.save(tmp_path / "set")
    correct.flow.export.save(tmp_path / "set")
    correct.shown.rest()
    assert [kind for kind, text in said if "already being saved" in text] == ["error"]


@pytest.mark.parametrize("lazy", [False, True], ids=["numpy", "dask"])
@pytest.mark.parametrize(
    ("axes", "shape", "channel", "written"),
    [
        ("cyx", (2, 96, 128), 1, (96, 128)),
        ("zcyx", (3, 2, 96, 128), 1, (96, 128)),
        ("zcyx", (3, 3, 96, 128), "auto", (3, 96, 128)),
        ("yxc", (96, 128, 4), "auto", (96, 128, 3)),
    ],
)
def test_images_of_channels_become_training_folders(
    shown, correcting, squares, tmp_path, axes, shape, channel, written, lazy
):
    image = np.random.default_rng(0).integers(0, 99, shape).astype(np.uint8)
    names = tuple(axes.removesuffix("c")) if axes == "yxc" else tuple(axes)
    shown.viewer.add_image(image, name="many", axis_labels=names, rgb=axes == "yxc")
    labels = {"cyx": squares, "yxc": squares, "zcyx": np.stack([squares[None]] * 3)}
    data = da.from_array(labels[axes]) if lazy else labels[axes]
    correct = correcting(shown.viewer.add_labels(data, name="mine"))
    if channel != "auto":
        shown.section.form.set_values({"channels": channel})
    correct.bench.choose(correct.layer)
    mending = correct.bench.begin(correct.layer)
    box = (slice(1, 2), slice(0, 1)) if axes == "zcyx" else ()
    mending.mark(mending.session.reviewed.mark((*box, slice(0, 96), slice(0, 64))))
    correct.flow.export.save(tmp_path / "set")
    shown.rest()
    told = "slice" if "z" in axes else "image"
    assert f"Added 1 {told} to" in shown.words
    (path,) = (tmp_path / "set" / "images").iterdir()
    found = tifffile.imread(path)
    plane = image[1] if axes == "zcyx" else image
    expected = plane[..., :3] if axes == "yxc" else plane
    expected = expected if channel == "auto" else expected[channel]
    assert found.shape == written
    np.testing.assert_array_equal(found, expected)
    mask = tifffile.imread(tmp_path / "set" / "masks" / path.name)
    np.testing.assert_array_equal(mask > 0, squares > 0)
    seen = tifffile.imread(tmp_path / "set" / "reviewed" / path.name)
    assert seen[:, :64].all() and not seen[:, 64:].any()


def test_a_channel_that_nobody_chose_is_asked_for(shown, correcting, squares, said):
    image = np.zeros((2, 96, 128), np.uint8)
    shown.viewer.add_image(image, name="two", axis_labels=("c", "y", "x"))
    correct = correcting(shown.viewer.add_labels(squares, name="mine"))
    correct.bench.choose(correct.layer)
    correct.flow.export.save("nowhere")
    shown.rest()
    assert "Choose the channel" in said[-1][1] and "under Segment" in said[-1][1]


def test_what_is_done_while_a_folder_is_written_stays_out(deep, tmp_path, monkeypatch):
    begun, going = threading.Event(), threading.Event()
    real = TrainingFolder.add

    def slow(*given):
        begun.set()
        assert going.wait(10)
        return real(*given)

    monkeypatch.setattr(TrainingFolder, "add", slow)
    mending = deep.bench.begin(deep.layer)
    reviewed = mending.session.reviewed
    mending.mark(reviewed.mark((slice(0, 5), slice(0, 96), slice(0, 64))))
    deep.flow.export.save(tmp_path / "set")
    assert begun.wait(10)
    deep.layer.data_setitem(np.where(deep.layer.data == 1), 0)
    mending.mark(reviewed.mark_all())
    going.set()
    deep.shown.rest()
    assert "Added 2 slices" in deep.shown.words  # three were like the first
    mask, seen = (
        tifffile.imread(sorted((tmp_path / "set" / kind).iterdir())[-1])
        for kind in ("masks", "reviewed")
    )
    assert mask[10, 10] and seen[:, :64].all() and not seen[:, 64:].any()


def test_the_folder_is_asked_for(correct, monkeypatch, tmp_path):
    from qtpy.QtWidgets import QFileDialog

    monkeypatch.setattr(
        QFileDialog, "getExistingDirectory", lambda *args: str(tmp_path / "new")
    )
    correct.shown.press(correct.section.export)
    correct.shown.rest()
    assert (tmp_path / "new" / "masks").is_dir()


def _left():
    from qtpy.QtCore import Qt

    return Qt.MouseButton.LeftButton
