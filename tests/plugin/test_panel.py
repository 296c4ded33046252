"""The panel follows the viewer, takes keys, keeps its size, and goes when closed."""

import gc
import subprocess
import sys
import threading
import weakref
from pathlib import Path
from time import sleep

import numpy as np
import psutil
import pytest
from qtpy.QtCore import QMimeData, QPoint, Qt, QUrl
from qtpy.QtGui import QColor, QDragEnterEvent, QDragLeaveEvent
from qtpy.QtWidgets import (
    QAbstractButton,
    QApplication,
    QComboBox,
    QLabel,
    QLineEdit,
    QStyleOptionComboBox,
    QWidget,
)

from napari_cihm.errors import sentence
from napari_cihm.events import Kept, Version
from napari_cihm.plugin import widgets
from napari_cihm.plugin.panel import Panel
from napari_cihm.plugin.session import State
from napari_cihm.plugin.style import MARKS
from napari_cihm.plugin.views.finetune_section import FinetuneSection
from napari_cihm.plugin.views.run_bar import RunBar
from tests.plugin.conftest import Shown


def _listed(shown):
    box = shown.section.images
    return [box.itemText(i) for i in range(box.count())]


def test_the_image_list_follows_the_viewer(shown, blobs):
    assert _listed(shown) == []
    assert "Open an image first" in shown.section.reason.text()
    one = shown.viewer.add_image(blobs, name="one")
    two = shown.viewer.add_image(blobs, name="two")
    shown.viewer.add_labels(blobs.astype(int), name="labels")
    assert _listed(shown) == ["two", "one"]
    one.name = "first"
    assert _listed(shown) == ["two", "first"]
    shown.viewer.layers.selection.active = one
    assert shown.session.image is one
    assert shown.section.images.currentText() == "first"
    shown.section.images.setCurrentIndex(0)
    shown.section.images.activated.emit(0)
    assert shown.session.image is two
    shown.viewer.layers.remove(two)
    assert shown.session.image is one
    shown.viewer.layers.clear()
    assert shown.session.image is None
    assert not shown.section.images.isEnabled()


def test_axes_are_guessed_shown_and_corrected(shown, qtbot):
    stack = shown.viewer.add_image(np.zeros((6, 20, 30), np.uint8), name="stack")
    section = shown.section
    assert section.axes.text() == "zyx"
    assert section.meaning.text() == "6 slices, 20 rows, 30 columns"
    assert section.extents.button(1).text() == "This slice"
    assert section.form.control("volume").isVisibleTo(section)
    assert not section.form.control("time").isVisibleTo(section)
    section.axes.clear()
    qtbot.keyClicks(section.axes, "tyx")
    assert shown.session.axes == "tyx"
    assert section.meaning.text().startswith("6 time points")
    assert section.extents.button(1).text() == "This frame"
    assert not section.form.control("volume").isVisibleTo(section)
    assert section.form.control("time").isVisibleTo(section)
    stack.axis_labels = ("t", "y", "x")
    shown.viewer.add_image(np.zeros((9, 9)), name="flat")
    assert section.axes.text() == "yx"
    assert not section.extents.button(1).isVisibleTo(section)


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("zyy", "one axis twice"),
        ("zy", "lack y or x"),
        ("qyx", "hold 'q'"),
        ("", "lack"),
    ],
)
def test_axes_that_do_not_fit_turn_red_and_say_why(shown, qtbot, typed, reason):
    shown.viewer.add_image(np.zeros((6, 20, 30), np.uint8), name="stack")
    shown.ready()
    section = shown.section
    section.axes.selectAll()
    qtbot.keyClick(section.axes, Qt.Key.Key_Backspace)
    qtbot.keyClicks(section.axes, typed)
    assert section.axes.property("refused") is True
    assert reason in section.meaning.text()
    assert section.meaning.text() == sentence(section.meaning.text())
    assert not section.segment.isEnabled()
    assert "red" in section.reason.text()
    section.axes.clear()
    qtbot.keyClicks(section.axes, "zyx")
    assert section.axes.property("refused") is False
    assert section.segment.isEnabled()


def test_a_refused_setting_keeps_the_button_from_being_pressed(shown, blobs):
    shown.viewer.add_image(blobs)
    shown.ready()
    shown.section.form.control("diameter").setEditText("huge")
    assert not shown.section.segment.isEnabled()
    assert not shown.section.preview.isEnabled()
    shown.press(shown.section.restore)
    assert shown.section.segment.isEnabled()


def test_the_keyboard_alone_is_enough(shown, blobs, qtbot):
    shown.viewer.add_image(np.stack([blobs] * 200), axis_labels=("t", "y", "x"))
    shown.ready()
    shown.panel.activateWindow()
    qtbot.keyClick(shown.panel, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    shown.until(lambda: shown.session.state is State.RUNNING)
    shown.until(lambda: len(shown.viewer.layers) == 2)
    qtbot.keyClick(shown.panel, Qt.Key.Key_Escape)
    assert shown.session.state is State.STOPPING
    shown.rest()
    assert len(shown.viewer.layers) == 1


def test_keys_are_heard_over_the_canvas(shown, blobs, qtbot, said):
    """There the focus is once the mouse was used on the image."""
    canvas = shown.viewer.window._qt_viewer.canvas.native
    control = Qt.KeyboardModifier.ControlModifier
    image = shown.viewer.add_image(np.stack([blobs] * 200), axis_labels=("t", "y", "x"))
    mine = shown.viewer.add_labels(np.zeros((9, 9), int), name="mine")
    shown.ready()
    buttons = shown.coordinator.correct._section.buttons
    for layer in (image, mine):
        shown.viewer.layers.selection.active = layer
        qtbot.keyClick(canvas, Qt.Key.Key_Return, control)
        shown.until(lambda: shown.session.state is State.RUNNING)
        mine.mode = "polygon"
        if layer is mine:  # which napari lets Escape take back
            qtbot.keyClick(canvas, Qt.Key.Key_Escape)
            assert shown.session.state is State.RUNNING
            shown.press(buttons["delete"])  # a tool is put down first
            qtbot.keyClick(canvas, Qt.Key.Key_Escape)
            assert not buttons["delete"].isChecked()
            assert shown.session.state is State.RUNNING
        qtbot.keyClick(canvas, Qt.Key.Key_Escape)
        assert shown.session.state is State.STOPPING
        shown.rest()
        assert len(shown.viewer.layers) == 2
    mine.mode = "polygon"
    qtbot.keyClick(canvas, Qt.Key.Key_Escape)  # nothing runs, and nothing happens
    assert not mine.keymap
    mine.bind_key("Escape", said.append)
    shown.press(buttons["delete"])
    qtbot.keyClick(canvas, Qt.Key.Key_Escape)
    assert not buttons["delete"].isChecked()
    assert list(mine.keymap.values()) == [said.append]  # theirs, as before


def test_keys_go_with_the_panel_and_leave_what_the_user_bound(shown, qtbot):
    viewer, heard = shown.viewer, []
    canvas = viewer.window._qt_viewer.canvas.native
    assert viewer.keymap
    viewer.window.remove_dock_widget(shown.dock)
    assert not viewer.keymap
    viewer.bind_key("Control-Enter", heard.append)
    again = Shown(viewer, qtbot)
    qtbot.keyClick(canvas, Qt.Key.Key_Enter, Qt.KeyboardModifier.ControlModifier)
    viewer.window.remove_dock_widget(again.dock)
    viewer.bind_key("Control-Enter", None)
    assert heard == [viewer]


def test_every_control_can_be_reached_by_tab_and_is_explained(shown):
    shown.ready()
    kinds = (QAbstractButton, QComboBox, QLineEdit)
    for control in shown.panel.findChildren(QWidget):
        if not isinstance(control, kinds) or not control.isVisibleTo(shown.panel):
            continue
        if isinstance(control, QLineEdit) and control is not shown.section.axes:
            continue  # the inside of another control
        name = control.accessibleName() or getattr(control, "text", str)()
        assert name, control
        assert control.focusPolicy() & Qt.FocusPolicy.TabFocus, name
        assert control.toolTip(), name


def test_the_run_bar_keeps_its_height(shown, blobs):
    shown.viewer.add_image(np.stack([blobs] * 60), axis_labels=("t", "y", "x"))
    shown.ready()
    before = shown.bar.sizeHint().height()
    shown.press(shown.section.segment)
    assert shown.bar.sizeHint().height() == before
    shown.rest()
    assert shown.bar.sizeHint().height() == before
    shown.desk.tasks.say("No object was found: " + "so many words " * 4)
    assert shown.bar.sizeHint().height() == before


def test_what_came_of_a_run_is_read_whole_and_how_far_one_is_in_a_line(qtbot):
    bar = RunBar()
    qtbot.addWidget(bar)
    bar.resize(340, bar.sizeHint().height())
    bar.show()
    words = "No object was found: " + "so many words " * 7
    for say, lines in ((bar.show_idle, 3), (bar.show_progress, 1), (bar.show_idle, 3)):
        say(words)
        QApplication.processEvents()
        shown = QLabel.text(bar.words)  # as it is drawn
        assert (shown == words) == (lines == 3) == ("…" not in shown)
        assert bar.words.height() >= lines * bar.words.fontMetrics().height()
        assert bar.words.toolTip() == words
    assert bar.minimumSizeHint().width() < 200
    bar.setStyleSheet("QLabel { padding: 1px 5px; }")
    bar.show_idle("Ready")
    QApplication.processEvents()
    usual = bar.sizeHint().height()
    for count in (*range(8, 16), 1):
        bar.show_idle(" ".join(count * ["many more words"]))
        QApplication.processEvents()
        assert QLabel.text(bar.words) == bar.words.text()
        needed = QLabel.heightForWidth(bar.words, bar.words.width())
        assert needed <= bar.words.height()
    assert bar.sizeHint().height() == usual


def test_it_fits_a_dock_of_360_pixels(shown):
    shown.viewer.add_image(np.zeros((6, 2, 20, 30)), name="a name that is " * 5)
    shown.ready()
    assert shown.panel.minimumSizeHint().width() <= 360
    inside = shown.panel._scroll.widget()
    assert inside.minimumSizeHint().width() <= 340


def test_colours_follow_the_theme(shown):
    dark = shown.panel.styleSheet()
    shown.viewer.theme = "light"
    assert shown.panel.styleSheet() != dark


def _run_in_a_process_of_its_own(viewer, qtbot, blobs):
    """Return the dock, a weak reference to its panel, and the worker's number."""
    stack = np.stack([blobs] * 500)
    viewer.add_image(stack, name="stack", axis_labels=("t", "y", "x"))
    dock, panel = viewer.window.add_plugin_dock_widget(
        "napari-cihm", "Segment and fine-tune"
    )
    desk = panel.coordinator.desk
    qtbot.waitUntil(lambda: desk.session.model is not None, timeout=90_000)
    panel.coordinator.segment.segment()
    qtbot.waitUntil(lambda: len(viewer.layers) == 2, timeout=60_000)
    return dock, weakref.ref(panel), desk.runner.pid


@pytest.mark.slow
def test_closing_the_dock_during_a_run_leaves_nothing(
    make_napari_viewer, qtbot, at_home, blobs
):
    viewer = make_napari_viewer()
    before = threading.active_count()
    dock, panel, pid = _run_in_a_process_of_its_own(viewer, qtbot, blobs)
    viewer.window.remove_dock_widget(dock)
    assert not psutil.pid_exists(pid)
    assert [layer.name for layer in viewer.layers] == ["stack"]
    assert threading.active_count() == before
    del dock  # which holds the panel

    def nobody_holds_it() -> bool:
        gc.collect()
        return panel() is None

    qtbot.waitUntil(nobody_holds_it, timeout=30_000)
    viewer.add_image(blobs)  # nobody listens any more, and nothing raises


def test_closing_the_window_during_a_run_ends_the_worker(
    make_napari_viewer, qtbot, at_home, blobs
):
    viewer = make_napari_viewer()
    _, _, pid = _run_in_a_process_of_its_own(viewer, qtbot, blobs)
    viewer.close()
    qtbot.waitUntil(lambda: not psutil.pid_exists(pid), timeout=30_000)


@pytest.mark.parametrize("kind", ["SegmentWidget", "CheckWidget", "NetworksWidget"])
def test_a_panel_that_goes_with_its_window_hears_no_more(shown, qtbot, kind):
    """Some of it is told to all windows, of which others may be open still."""
    from napari.settings import get_settings

    viewer, size = shown.viewer, get_settings().appearance.events.font_size
    emitters = (size, viewer.events.theme, viewer.layers.events.inserted)
    before = [len(emitter.callbacks) for emitter in emitters]
    panel = getattr(widgets, kind)(viewer)
    assert [len(emitter.callbacks) for emitter in emitters] > before
    with qtbot.waitSignal(panel.destroyed):
        panel.deleteLater()
    assert [len(emitter.callbacks) for emitter in emitters] == before


def test_opening_the_panel_loads_no_network_library():
    code = (
        "import napari_cihm.plugin.widgets, napari_cihm.plugin.samples, sys\n"
        "import napari_cihm.plugin.writers, napari_cihm.plugin.readers\n"
        "print(*sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert not {"torch", "monai", "napari_cihm.models"} & set(done.stdout.split())


def test_opening_the_panel_loads_nothing_that_reads_files():
    """Half of the time until the panel was there went into that."""
    # Older releases of skimage.segmentation bring skimage.morphology of themselves.
    code = (
        "import numpy, skimage.segmentation, sys; there = set(sys.modules)\n"
        "import napari_cihm.plugin.widgets\n"
        "from napari_cihm.plugin.pictures import ImageLayer, axes_of\n"
        "axes_of(ImageLayer(numpy.zeros((9, 9))))  # of no file\n"
        "print(*(set(sys.modules) - there))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    loaded = set(done.stdout.split())
    assert "napari_cihm.correction.splitting" in loaded
    reading = {
        "napari_cihm.data.reading",
        "napari_cihm.data.tiff",
        "skimage.morphology",
    }
    assert not reading & loaded


def test_a_bare_panel_says_when_its_dock_lets_go(qtbot):
    owner, panel = QWidget(), Panel()
    qtbot.addWidget(owner)
    qtbot.addWidget(panel)
    panel.setParent(owner)
    with qtbot.waitSignal(panel.closed):
        panel.setParent(None)


def test_a_frame_says_that_what_is_dragged_can_be_dropped(shown):
    panel, data = shown.panel, QMimeData()
    data.setUrls([QUrl.fromLocalFile("model.safetensors")])
    left, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    over = QDragEnterEvent(QPoint(9, 9), Qt.DropAction.CopyAction, data, left, none)
    accent = QColor(MARKS["dark"]["note"])

    def framed() -> bool:
        drawn = panel.grab().toImage()
        edge = (drawn.pixelColor(1, y) for y in range(40, drawn.height() - 40))
        return accent in edge

    assert not framed()
    QApplication.sendEvent(panel, over)
    assert framed()
    QApplication.sendEvent(panel, QDragLeaveEvent())
    assert not framed()


def test_what_is_shown_is_seen_whole_once_its_words_are_wrapped(qtbot):
    panel, section = Panel(), FinetuneSection()
    qtbot.addWidget(panel)
    panel.add_section(section)
    card = section.verdict
    card.shown.connect(lambda: panel.show_part(card))
    panel.resize(370, 460)
    panel.show()
    QApplication.processEvents()
    section.curves.show()
    figures = {"map": 0.4, "ap0.50": 0.6, "dice": 0.8, "objects": 9, "found": 8}
    facts = (Path("x"), 1, "x", "", 1, 9, "", True, "", figures, figures, {})
    words = "Chance alone may give such a gain on so few objects. " * 2
    card.show_verdict(Kept(Version(*facts), (words,)))
    card.show_note(words)
    sleep(0.4)  # as long as napari may take to draw a notification
    qtbot.waitUntil(lambda: card.height() >= card.heightForWidth(card.width()))
    qtbot.wait(20)
    assert card.visibleRegion().boundingRect().height() == card.height()


def test_letters_are_as_large_as_napari_has_them(shown, blobs):
    """Titles, folds, the axes and the rows of lists follow Preferences > Appearance."""
    from napari.settings import get_settings

    shown.viewer.add_image(blobs, name="cells")
    shown.viewer.add_labels(np.zeros(blobs.shape, int), name="mine")
    panel, pairs = shown.panel, shown.coordinator.finetune_section.pairs
    folder = shown.coordinator.folder_section
    folder.opened = True
    folder.add("a.tif: 12 objects")
    written = (shown.section.title, shown.section.axes, pairs, folder.report)
    appearance = get_settings().appearance
    usual = appearance.font_size
    for size in (2 * usual, usual):  # windows of the tests lack a sheet till a change
        appearance.font_size = size
    shown.qtbot.wait(20)
    before = [widget.fontMetrics().height() for widget in written]
    review = shown.coordinator.correct._section.review
    titles = [*shown.section.form.labels, *review.form.labels]
    narrow = [label.minimumWidth() for label in titles]
    try:
        appearance.font_size = 2 * usual
        panel.ensurePolished()
        for widget, height in zip(written, before, strict=True):
            widget.ensurePolished()
            assert widget.fontMetrics().height() > 1.5 * height
        for rows, count in ((pairs, 3), (folder.report, 5)):
            assert rows.sizeHintForRow(0) >= rows.fontMetrics().height()
            assert rows.height() >= count * rows.sizeHintForRow(0)
        shown.until(lambda: all(
            label.minimumWidth() > 1.4 * width
            for label, width in zip(titles, narrow, strict=True)
        ))  # fmt: skip
    finally:
        appearance.font_size = usual
    shown.until(lambda: [label.minimumWidth() for label in titles] == narrow)


def test_long_names_of_images_keep_their_ends(shown, blobs):
    name = "experiment of the first of May, well 7, " * 3
    shown.viewer.add_image(blobs, name=f"{name} channel 2")
    images = shown.section.images
    images.resize(200, 24)
    option = QStyleOptionComboBox()
    images.initStyleOption(option)
    drawn = images._fitting(option)
    assert drawn.startswith("exp") and drawn.endswith(" 2") and "…" in drawn
