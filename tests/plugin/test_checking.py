"""The doctor's widget shows everything of any file, and uses none of it."""

from types import SimpleNamespace

import pytest
import torch
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QApplication, QFileDialog

from napari_cihm.plugin.flows.check_flow import CheckFlow
from napari_cihm.plugin.views.check_view import CheckSection
from napari_cihm.plugin.worker.wire import Failure


def _open(viewer):
    return viewer.window.add_plugin_dock_widget("napari-cihm", "Check a model file")[1]


def test_files_are_examined_whole(
    make_napari_viewer, qtbot, pooled, at_home, checkpoint, monkeypatch
):
    panel = _open(make_napari_viewer())
    section = panel.section
    monkeypatch.setattr(
        QFileDialog, "getOpenFileName", lambda *args: (str(checkpoint), "")
    )
    assert not section.copy.isEnabled()
    qtbot.mouseClick(section.choose, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(section.copy.isEnabled, timeout=60_000)
    for said in ("bright.safetensors", "separate objects", "12 images", "It loads"):
        assert said in section.card.text
    qtbot.mouseClick(section.copy, Qt.MouseButton.LeftButton)
    assert "12 images" in QApplication.clipboard().text()


def test_a_dangerous_file_is_told_and_not_run(
    make_napari_viewer, qtbot, pooled, at_home, tmp_path
):
    class Trap:
        def __reduce__(self):
            return (tmp_path / "sprung").mkdir, ()

    torch.save({"w": Trap()}, tmp_path / "trap.pt")
    panel = _open(make_napari_viewer())
    panel.files_dropped.emit([str(tmp_path / "trap.pt")])
    qtbot.waitUntil(panel.section.copy.isEnabled, timeout=60_000)
    assert "asks to run" in panel.section.card.text
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize("expected", [True, False])
@pytest.mark.parametrize("remedy", ["", "ask for it again"])
def test_why_nothing_could_be_said_is_told_in_sentences(
    qtbot, qapp, caplog, remedy, expected
):
    section, run = CheckSection(), SimpleNamespace()
    qtbot.addWidget(section)
    flow = CheckFlow(SimpleNamespace(start=lambda *_, **__: run), section, section)
    flow.check("some.pt")
    run.failure = Failure("the file has gone", remedy, expected, "Traceback")
    flow._on_end(run)
    said = "The file has gone."
    if not expected:
        said = f"{said} This is a bug in the program: please report it with the log."
    elif remedy:
        said = f"{said} Ask for it again."
    assert section.card.text == said
    assert ("Traceback" in caplog.text) == (not expected)
