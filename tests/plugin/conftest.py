"""A model whose answer is known by construction, and a worker shared by all tests."""

import gc
import importlib
import itertools
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from napari_cihm.config import ModelConfig, TrainingRecord, WindowSettings
from napari_cihm.models import Model
from napari_cihm.plugin.worker import wire
from napari_cihm.plugin.worker.process import WorkerProcess

LEVEL = 0.4


def threshold_model(level: float = LEVEL) -> Model:
    """Build a network that takes for foreground what is brighter than `level`."""
    record = TrainingRecord(images=12, objects=345, figures={"map": 0.5, "ap0.50": 0.8})
    config = ModelConfig(
        recipe="cihm", in_channels=1, classes=3, task="instance", training=record
    )
    model = Model.untrained(config)
    with torch.no_grad():
        for parameter in model.network.parameters():
            parameter.zero_()
        head = model.network.head
        model.network.stem.weight[0, 0] = 1 / 9
        head.fine.weight[0, 0] = 8
        for layer in head.body:
            if isinstance(layer, torch.nn.BatchNorm2d):
                layer.weight.fill_(1)
        head.body[2].weight[0, 0] = 1 / 9
        head.body[-1].weight[0, 0], head.body[-1].weight[2, 0] = 6, 4
        head.body[-1].bias[:] = torch.tensor([-48 * level, -12, -32 * level])
    return model


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory) -> Path:
    """Give the file of a model that segments what is bright."""
    return threshold_model().save(
        tmp_path_factory.mktemp("models") / "bright.safetensors"
    )


@pytest.fixture(scope="session")
def blobs() -> NDArray[np.uint8]:
    """Give an image of twelve round bright spots apart from each other."""
    image = np.zeros((96, 128), np.uint8)
    y, x = np.mgrid[:96, :128]
    for row in range(3):
        for column in range(4):
            far = np.hypot(y - 16 - 32 * row, x - 16 - 32 * column)
            image[far < 9] = 200
    return image


class Pool:
    """One real worker process for many runners, so that torch is imported once."""

    def __init__(self) -> None:
        self.numbers = itertools.count(1)
        self.owners: dict[int, tuple[Pooled, int]] = {}
        self.process = WorkerProcess(self._hear)

    def _hear(self, process: WorkerProcess, message: Any) -> None:
        if message is None:
            for owner in {owner for owner, _ in self.owners.values()}:
                owner.hear(owner, None)
            return
        owner, number = self.owners[message.number]
        if not owner.closed:
            owner.hear(owner, replace(message, number=number))


class Pooled:
    """What a runner takes for a worker process of its own."""

    def __init__(self, pool: Pool, hear: Any) -> None:
        self.pool, self.hear, self.closed = pool, hear, False
        self.pid, self.last_words = pool.process.pid, ""
        self.global_numbers: dict[int, int] = {}

    def send(self, message: Any) -> None:
        if isinstance(message, wire.Start):
            number = next(self.pool.numbers)
            self.pool.owners[number] = self, message.number
            self.global_numbers[message.number] = number
        number = self.global_numbers[message.number]
        self.pool.process.send(replace(message, number=number))

    def take_back(self, job: int) -> None:
        number = self.global_numbers.pop(job, None)
        if number is not None:
            self.pool.process.take_back(number)

    def close(self, wait: bool = True) -> None:
        self.closed = True
        for number in self.global_numbers.values():
            self.pool.process.send(wire.Stop(number))


@pytest.fixture(scope="session")
def pool():
    pool = Pool()
    yield pool
    pool.process.close()


@pytest.fixture
def pooled(pool, monkeypatch):
    """Let panels share a worker process."""
    monkeypatch.setattr(
        "napari_cihm.plugin.runner.WorkerProcess", lambda hear: Pooled(pool, hear)
    )


@pytest.fixture
def at_home(tmp_path, monkeypatch, checkpoint):
    """Give each test preferences and lists of recent files of its own."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    chosen = WindowSettings(model=str(checkpoint), device="cpu")
    for module in ("coordinator", "flows.segment_flow"):
        monkeypatch.setattr(f"napari_cihm.plugin.{module}.preferences", lambda: chosen)
    return tmp_path / "home"


class Shown:
    """A viewer with its panel, and the ways a test drives them."""

    def __init__(self, viewer, qtbot) -> None:
        self.viewer, self.qtbot = viewer, qtbot
        self.dock, self.panel = viewer.window.add_plugin_dock_widget(
            "napari-cihm", "Segment and fine-tune"
        )
        self.coordinator = self.panel.coordinator
        self.desk = self.coordinator.desk
        self.session = self.desk.session
        self.bar = self.panel.run_bar

    @property
    def models(self):
        return self.coordinator.model._section

    @property
    def section(self):
        return self.coordinator.segment._section

    @property
    def words(self) -> str:
        return self.bar.words.text()

    def until(self, condition, timeout=150_000):
        self.qtbot.waitUntil(condition, timeout=timeout)

    def ready(self):
        self.until(lambda: self.session.model is not None)
        return self

    def rest(self):
        self.until(lambda: len(self.desk.tasks) == 0)

    def press(self, button):
        from qtpy.QtCore import Qt

        assert button.isEnabled(), button.toolTip()
        self.qtbot.mouseClick(button, Qt.MouseButton.LeftButton)

    def segment(self):
        self.press(self.section.segment)
        self.rest()

    def labels(self, name):
        return self.viewer.layers[name]


@pytest.fixture(scope="session", autouse=True)
def _little_to_collect():
    """Leave libraries out of garbage collection: napari collects at each layer's end.

    What tests make is collected as ever.
    """
    importlib.import_module("napari_cihm.plugin.widgets")
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture(scope="module")
def _one_viewer(qapp):
    """Open one viewer for the tests of a module: most of a test's time went there.

    It has an application of its own, in which nothing is registered before.
    """
    import napari
    from napari._app_model._app import NapariApplication, _napari_names
    from napari._qt._qapp_model.qactions import init_qactions
    from napari._qt.qt_viewer import QtViewer
    from napari.plugins import _initialize_plugins

    with pytest.MonkeyPatch.context() as patch:
        application = NapariApplication("one_viewer")
        application.injection_store.namespace = _napari_names
        patch.setattr(NapariApplication, "get_app_model", lambda: application)
        patch.setattr("napari._qt.threads.status_checker.StatusChecker.start", _nothing)
        _initialize_plugins.cache_clear()
        init_qactions.cache_clear()
        viewer = napari.Viewer(show=False, show_welcome_screen=False)
        # Laid on each panel anew it takes a tenth of a second; windows have it.
        viewer.window._qt_window.setStyleSheet("")
        # napari's own fixture looks for viewers that other tests left behind.
        QtViewer._instances.discard(viewer.window._qt_viewer)
        yield viewer
        patch.setattr(viewer.window._qt_window, "_save_current_window_settings", dict)
        viewer.close()
        NapariApplication.destroy("one_viewer")
        _initialize_plugins.cache_clear()
        init_qactions.cache_clear()
    gc.collect()


def _nothing(*args):
    """Start no thread."""


@pytest.fixture
def shown(_one_viewer, qtbot, pooled, at_home):
    """Open the panel in a viewer without layers; the model is still being loaded."""
    viewer = _one_viewer
    yield (shown := Shown(viewer, qtbot))
    if shown.dock in viewer.window._wrapped_dock_widgets.values():
        viewer.window.remove_dock_widget(shown.dock)
    viewer.layers.clear()
    viewer.dims.ndisplay, viewer.theme = 2, "dark"
    viewer.dims.reset()
    viewer.reset_view()


@pytest.fixture
def said(monkeypatch):
    """Collect the notifications that napari would show."""
    heard: list[tuple[str, str]] = []
    for kind in ("info", "warning", "error"):
        monkeypatch.setattr(
            f"napari_cihm.plugin.notices.show_{kind}",
            lambda text, kind=kind: heard.append((kind, text)),
        )
    return heard
