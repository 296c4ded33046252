"""Choosing models: from the list, by browsing, by dropping; and refusing them."""

import pytest
import torch
from qtpy.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from qtpy.QtGui import QDragEnterEvent, QDropEvent
from qtpy.QtWidgets import QApplication, QFileDialog, QLabel

from napari_cihm.models import build_model
from napari_cihm.plugin.preferences import RecentModels


def drop(widget, *paths):
    """Send what a window system sends when files are dropped."""
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    where = (Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton)
    nothing = Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(QPoint(9, 9), *where, nothing)
    QApplication.sendEvent(widget, enter)
    assert enter.isAccepted()
    assert widget.property("dropping") is True
    dropped = QDropEvent(QPointF(9, 9), *where, nothing)
    QApplication.sendEvent(widget, dropped)
    assert dropped.isAccepted()
    assert widget.property("dropping") is False


@pytest.fixture
def other(tmp_path):
    """Give the weights of a U-Net, as some other program saves them."""
    torch.manual_seed(0)
    path = tmp_path / "theirs.pth"
    torch.save(build_model("unet", 1, 1).state_dict(), path)
    return path


@pytest.fixture
def broken(tmp_path):
    path = tmp_path / "broken.safetensors"
    path.write_bytes(b"not a model at all")
    return path


def test_the_preferred_model_is_loaded_and_described(shown):
    assert "Loading bright" in shown.models.card.text
    assert not shown.section.segment.isEnabled()
    shown.ready()
    assert shown.session.model.name == "bright"
    assert shown.models.models.currentText() == "bright"
    text = shown.models.card.text
    for said in ("separate objects", "one channel", "mean AP 0.500", "12 images"):
        assert said in text
    told = [label.toolTip() for label in shown.models.card.findChildren(QLabel)]
    assert sum("AP .50: right objects" in tip for tip in told) == 2  # name and figures
    assert shown.models.devices.currentText() == "cpu"


def test_a_dropped_file_becomes_the_model(shown, other, at_home):
    shown.ready()
    drop(shown.panel, other)
    shown.until(lambda: shown.session.model.name == "theirs")
    assert shown.session.source == str(other)
    assert shown.models.models.currentText() == "theirs"
    assert "does not say what it is" in shown.models.card.text
    assert RecentModels().files[0] == str(other)


def test_a_refused_file_says_why_and_leaves_the_model(shown, broken, said):
    shown.ready()
    before = shown.session.model
    drop(shown.panel, broken)
    shown.until(lambda: bool(said))
    ((kind, text),) = said
    assert kind == "error"
    assert "broken.safetensors" in text
    assert text.endswith("\u201cbright\u201d stays in use.")
    assert shown.session.model is before
    shown.until(lambda: shown.models.models.currentText() == "bright")
    assert str(broken) not in RecentModels().files


def test_a_file_is_browsed_for(shown, other, monkeypatch):
    shown.ready()
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *args: (str(other), ""))
    shown.press(shown.models.browse)
    shown.until(lambda: shown.session.model.name == "theirs")


def test_recent_files_are_chosen_from_the_list(shown, other, checkpoint):
    shown.ready()
    shown.coordinator.model.choose(str(other))
    shown.until(lambda: shown.session.model.name == "theirs")
    box = shown.models.models
    index = box.findText("bright")
    assert index >= 0
    box.setCurrentIndex(index)
    box.activated.emit(index)
    shown.until(lambda: shown.session.model.name == "bright")


def test_without_any_model_the_reason_is_shown(shown, broken):
    shown.coordinator.model.choose(str(broken))
    shown.until(lambda: "broken.safetensors" in shown.models.card.text)
    assert shown.session.model is None
    assert not shown.section.segment.isEnabled()
    assert shown.section.reason.text()


def test_files_that_are_no_models_are_opened_as_images(shown, tmp_path, blobs):
    import tifffile

    path = tmp_path / "cells.tif"
    tifffile.imwrite(path, blobs)
    drop(shown.panel, path)
    assert "cells" in shown.viewer.layers
    assert shown.session.image is shown.viewer.layers["cells"]


def test_a_device_that_is_chosen_is_used(shown):
    shown.ready()
    box = shown.models.devices
    box.setCurrentIndex(0)
    box.activated.emit(0)
    assert shown.session.device == "auto"
    assert shown.coordinator.segment.settings()["device"] == "auto"


def test_a_device_that_is_gone_is_exchanged_for_one_that_is_here(shown, checkpoint):
    shown.session.device = "cuda:7"
    shown.coordinator.model.choose(str(checkpoint))
    shown.until(lambda: "no cuda:7 device" in shown.models.card.text)
    assert shown.session.model is None
    box = shown.models.devices
    assert box.itemText(0).startswith("automatic (") and box.count() > 1
    box.setCurrentIndex(0)
    box.activated.emit(0)
    shown.ready()


def test_recent_models_are_kept_in_order_without_those_that_are_gone(tmp_path):
    recent = RecentModels(tmp_path / "deep" / "recent.json")
    files = [tmp_path / f"{i}.safetensors" for i in range(12)]
    for file in files:
        file.touch()
        recent.add(str(file))
    recent.add(str(files[8]))
    files[10].unlink()
    again = RecentModels(tmp_path / "deep" / "recent.json").files
    assert again[:3] == [str(files[8]), str(files[11]), str(files[9])]
    assert len(again) == 7  # eight are kept, and one is gone


def test_a_list_of_recent_models_that_cannot_be_replaced_stays(tmp_path, monkeypatch):
    def refuse(*_):
        raise PermissionError

    for name in "ab":
        (tmp_path / name).touch()
        RecentModels(tmp_path / "recent.json").add(str(tmp_path / name))
        monkeypatch.setattr("os.replace", refuse)
    assert RecentModels(tmp_path / "recent.json").files == [str(tmp_path / "a")]


@pytest.mark.parametrize("content", ["", "nonsense", "{}", "[1, null]"])
def test_a_damaged_list_of_recent_models_is_an_empty_one(tmp_path, content):
    (tmp_path / "recent.json").write_text(content)
    assert RecentModels(tmp_path / "recent.json").files == []
