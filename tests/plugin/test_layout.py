"""Panels lay out what is in them: names, rows, frames, the way of Tab, tabs."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from napari.utils.theme import get_theme
from pyqtgraph.functions import ndarray_from_qimage
from qtpy.QtCore import QEvent, QPoint, QRect, Qt
from qtpy.QtGui import QHelpEvent, QImage, QTextDocument
from qtpy.QtWidgets import (
    QApplication,
    QDockWidget,
    QLabel,
    QMainWindow,
    QToolTip,
    QWidget,
)

from napari_cihm.events import Examined, Finding
from napari_cihm.plugin.flows.image_flow import COLOURS
from napari_cihm.plugin.panel import NARROWEST, Panel
from napari_cihm.plugin.parts.section import Fold, Line
from napari_cihm.plugin.parts.words import Words
from napari_cihm.plugin.style import MARKS, sheet_for
from napari_cihm.plugin.tools import ALL
from napari_cihm.plugin.views.check_view import CheckSection
from napari_cihm.plugin.views.correct_section import CorrectSection
from napari_cihm.plugin.views.finetune_section import FinetuneSection
from napari_cihm.plugin.views.folder_section import FolderSection
from napari_cihm.plugin.views.model_section import ModelSection
from napari_cihm.plugin.views.networks_view import NetworksSection
from napari_cihm.plugin.views.segment_section import SegmentSection


def test_panels_share_a_place_as_tabs_and_the_newest_is_in_front(qtbot):
    window = QMainWindow()
    qtbot.addWidget(window)
    window.show()
    docks = [QDockWidget(str(n), window) for n in range(3)]
    for dock in docks:
        dock.setWidget(Panel())
        window.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, dock)
        qtbot.waitUntil(lambda dock=dock: not dock.visibleRegion().isEmpty())
        QApplication.processEvents()
    first, second, third = docks
    assert set(window.tabifiedDockWidgets(first)) == {second, third}
    assert [dock.visibleRegion().isEmpty() for dock in docks] == [True, True, False]
    first.hide()
    first.show()
    qtbot.waitUntil(lambda: not first.visibleRegion().isEmpty())
    assert third.visibleRegion().isEmpty()
    third.setVisible(not third.isVisible())  # as napari's menu does
    qtbot.waitUntil(lambda: not third.visibleRegion().isEmpty())
    first.toggleViewAction().trigger()  # it closes what is behind
    third.setVisible(not third.isVisible())
    QApplication.processEvents()
    assert first.isHidden() and third.isHidden()


def test_long_names_do_not_widen_a_panel(qtbot):
    """Those with spaces break anyway; most have none."""
    name = "a 2026-05-01_plate07_well_B03_" + "0c2550a2" * 8
    panel, segment, finetune = Panel(), SegmentSection(), FinetuneSection()
    qtbot.addWidget(panel)
    model, check, networks = ModelSection(), CheckSection(), NetworksSection()
    for section in (model, segment, finetune, check, networks):
        panel.add_section(section)
    finding = Finding("fault", f"{name} is no model", f"open another than {name}")
    seen = Examined(Path(name), name, facts=(("File", name),), findings=(finding,))
    segment.set_images([(name, name, name)], name)
    segment.set_dimensions("cyx", [name, name[::-1]])
    segment.set_ready(False, name)
    finetune.unmarked.offer(name)
    finetune.verdict.show_note(name)
    model.show_model(seen)
    check.show_model(seen)
    networks.show_text(name)
    for fold in panel.findChildren(Fold):
        fold.opened = True
    panel.show()
    finetune.verdict.show()
    QApplication.processEvents()
    assert panel.minimumSizeHint().width() <= 360
    assert f"{name}\n" in check.card.text


@pytest.mark.parametrize("copied", [False, True])
def test_wrapped_words_have_room_for_the_lines_that_are_drawn_alone(qtbot, copied):
    words = Words("mean AP 0.537, AP .50 0.790, AP .75 0.560, pixel Dice 0.933")
    qtbot.addWidget(words)
    if copied:
        words.let_copy()
    words.setStyleSheet("border: 1px solid white; background: white; color: black")
    words.show()
    line = words.fontMetrics().lineSpacing()
    for width in range(120, 400, 2):
        words.resize(width, words.heightForWidth(width))
        drawn = words.grab().toImage().convertToFormat(QImage.Format.Format_Grayscale8)
        inked = ndarray_from_qimage(drawn)[:, :width] < 128
        first, last = np.flatnonzero(inked.any(axis=1))[[0, -1]]
        assert first < line / 2 and drawn.height() - last < line / 2, width


def test_facts_of_a_model_stand_in_one_column(qtbot):
    panel, model = Panel(), ModelSection()
    qtbot.addWidget(panel)
    panel.add_section(model)
    facts = (("Gives", "objects"), ("Trained on a while ago", "images"))
    model.show_model(Examined(Path("x"), "x", facts=facts))
    for fold in panel.findChildren(Fold):
        fold.opened = True
    panel.show()
    QApplication.processEvents()
    told = {words.text(): words for words in model.findChildren(Words)}
    left = {told[text].mapTo(panel, QPoint(0, 0)).x() for _, text in facts}
    assert len(left) == 1


def test_a_name_is_copied_as_it_was_given(qtbot):
    name = "2026-05-01_plate07_well_B03_field_012/DAPI.tif"
    words = Words(f"Nothing in {name}.")
    qtbot.addWidget(words)
    words.let_copy()
    words.setSelection(len("Nothing in "), len(QLabel.text(words)) - 11)
    qtbot.keyClick(words, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QApplication.clipboard().text() == f"{name}."
    assert words.text() == f"Nothing in {name}."


def _seen(text):
    """Return what Qt shows of a text that may look like HTML to it."""
    document = QTextDocument()
    looks = "<b>" in text or "<span>" in text
    (document.setHtml if looks else document.setPlainText)(text)
    return document.toPlainText()


def test_a_name_that_looks_like_html_is_shown_as_it_is(qtbot):
    name = "<b>one</b> & \N{MICROSCOPE}"
    segment, finetune, line = SegmentSection(), FinetuneSection(), Line("")
    for widget in (segment, finetune, line):
        qtbot.addWidget(widget)
    segment.set_images([(name, name, f"{name}: 3 x 4")], name)
    finetune.set_pairs([(name, name, f"{name}\nof all", True)])
    line.setText(name)
    tip = segment.images.itemData(0, Qt.ItemDataRole.ToolTipRole)
    assert _seen(tip) == f"{name}: 3 x 4"
    assert _seen(finetune.pairs.item(0).toolTip()) == f"{name}\nof all"
    assert _seen(line.toolTip()) == name
    assert line.textFormat() == Qt.TextFormat.PlainText


def test_a_chosen_name_that_lacks_room_is_told_whole(qtbot, monkeypatch):
    told = []
    monkeypatch.setattr(QToolTip, "showText", lambda at, text, of: told.append(text))
    segment = SegmentSection()
    qtbot.addWidget(segment)
    segment.images.resize(150, 24)
    for name in ("short", "long " * 20):
        segment.set_images([(name, name, name)], name)
        where = QPoint(3, 3)
        QApplication.sendEvent(
            segment.images, QHelpEvent(QEvent.Type.ToolTip, where, where)
        )
    (text,) = (text for text in told if "long" in text)
    assert text == f"{name}\nThe image to segment"


def test_what_tools_ask_for_is_whole_in_a_narrow_panel_and_moves_nothing(qtbot):
    panel, correct = Panel(), CorrectSection()
    qtbot.addWidget(panel)
    panel.add_section(correct)
    panel.resize(NARROWEST, 900)
    panel.show()
    correct.set_ready(True)
    for size in (9, 14):
        panel.setStyleSheet(f"* {{ font-size: {size}pt; }}")
        qtbot.wait(50)
        tops = set()
        for tool in ALL.values():
            correct.set_chosen(tool.name, tool.request)
            QApplication.processEvents()
            words = correct.prompt._words
            assert words.height() >= words.heightForWidth(words.width())
            tops.add(correct.grid.y())
        assert len(tops) == 1


def test_titles_are_no_wider_than_their_letters_are_now(qtbot):
    panel, segment = Panel(), SegmentSection()
    qtbot.addWidget(panel)
    panel.add_section(segment)
    panel.show()
    widths = []
    for size in (9, 18, 9):
        panel.setStyleSheet(f"* {{ font-size: {size}pt; }}")
        qtbot.wait(50)
        widths.append(segment.form.labels[0].minimumWidth())
    assert widths[0] == widths[2] < widths[1]


def test_rows_of_a_form_have_room_for_what_is_wrong(qtbot):
    """The titles stay beside their boxes, and the reason below them is whole."""
    panel, segment = Panel(), SegmentSection()
    qtbot.addWidget(panel)
    panel.add_section(segment)
    segment.set_axes("zyy", "", "axes hold one letter twice " * 6)
    box = segment.form.control("diameter")
    box.setEditText("huge")
    panel.resize(NARROWEST, 600)
    panel.show()
    QApplication.processEvents()
    problems = segment.findChildren(QLabel, "problem")
    for words in (words for words in problems if words.isVisible()):
        assert words.height() >= words.heightForWidth(words.width())
    titles = {label.buddy(): label for label in segment.findChildren(QLabel)}
    for control in (segment.axes, box):
        middles = [
            widget.mapTo(panel, widget.rect().center()).y()
            for widget in (control, titles[control])
        ]
        assert abs(middles[0] - middles[1]) <= 1


def test_what_has_the_focus_is_framed_and_what_is_refused_stays_red(qtbot):
    panel, segment = Panel(), SegmentSection()
    qtbot.addWidget(panel)
    panel.add_section(segment)
    panel.setStyleSheet(sheet_for(get_theme("dark").to_rgb_dict()))
    panel.show()
    panel.activateWindow()
    qtbot.waitUntil(panel.isActiveWindow)
    fold = next(fold for fold in segment.findChildren(Fold))
    marks = MARKS["dark"]

    def framed(widget: QWidget) -> str:
        widget.setFocus()
        qtbot.waitUntil(widget.hasFocus)
        drawn = widget.grab().toImage()
        return drawn.pixelColor(drawn.width() // 2, 0).name()

    box = segment.form.control("diameter")
    for widget in (segment.title, fold.title, box):
        assert framed(widget) == marks["note"]
    box.setEditText("huge")
    assert framed(box) == marks["fault"]


def test_tab_goes_through_the_panel_in_the_order_it_is_seen(qtbot):
    panel, model, correct = Panel(), ModelSection(), CorrectSection()
    qtbot.addWidget(panel)
    finetune = FinetuneSection()
    for section in (model, SegmentSection(), correct, finetune, FolderSection()):
        panel.add_section(section)
    model.show_model(Examined(Path("x"), "x", facts=(("Network", "cihm"),)))
    finetune.set_pairs([("key", "labels", "labels", True)])
    correct.set_stack(True, True)
    for fold in panel.findChildren(Fold):
        fold.opened = True
    panel.show()
    finetune.verdict.show()
    QApplication.processEvents()
    inside, met = panel._scroll.widget(), [model.title]
    while (after := met[-1].nextInFocusChain()) not in met:
        met.append(after)
    seen = [
        (widget, QRect(widget.mapTo(inside, QPoint(0, 0)), widget.size()))
        for widget in met
        if inside.isAncestorOf(widget)
        and widget.isVisible()
        and widget.focusPolicy() & Qt.FocusPolicy.TabFocus
        and widget.focusProxy() is None
    ]
    assert len(seen) > 80
    for (widget, one), (_, other) in pairwise(seen):
        beside = other.left() > one.right() and other.bottom() > one.center().y()
        assert beside or other.top() > one.center().y(), widget.accessibleName()


def test_slices_are_counted_where_there_are_slices(qtbot):
    segment = SegmentSection()
    qtbot.addWidget(segment)
    for axes, shown in (("tyx", False), ("zyx", True), ("tzyx", True)):
        segment.set_dimensions(axes, ())
        fewest, bridged = (segment.more.control(n) for n in ("min_slices", "gap"))
        assert bridged.isVisibleTo(segment.more)
        assert fewest.isVisibleTo(segment.more) is shown


def test_haematoxylin_is_offered_for_colours_alone(qtbot):
    segment = SegmentSection()
    qtbot.addWidget(segment)
    segment.set_dimensions("yxc", COLOURS)
    segment.form.set_values({"channels": "haematoxylin"})
    assert segment.values()["channels"] == "haematoxylin"
    segment.set_dimensions("yx", ())
    assert segment.values()["channels"] == "auto"  # there are none to choose from
    segment.set_dimensions("yxc", COLOURS)
    assert segment.values()["channels"] == "haematoxylin"
    segment.set_dimensions("cyx", ["0", "1"])
    assert segment.values()["channels"] == "auto"
    assert not segment.form.problems()
    segment.form.set_values({"channels": 1})
    segment.set_dimensions("yxc", COLOURS)
    assert segment.values()["channels"] == "auto"  # not green, for it was chosen of two
