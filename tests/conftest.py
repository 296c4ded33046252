"""Make every test repeatable, and a window testable with or without a screen."""

import gc
import importlib
import os
import random
import sys
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import numpy as np
import pytest

hypothesis.settings.register_profile(
    "repeatable", deadline=None, derandomize=True, max_examples=50
)
hypothesis.settings.load_profile("repeatable")


def _why_no_qt() -> str:
    """Say why Qt cannot be loaded here, or nothing when it can."""
    try:
        importlib.import_module("qtpy.QtWidgets")
    except Exception as error:
        return f"Qt cannot be loaded: {error}"
    return ""


NO_QT = _why_no_qt()
collect_ignore = ["plugin", "window"] if NO_QT else []


def pytest_addoption(pluginmanager: pytest.PytestPluginManager) -> None:
    """Where Qt lacks a library, keep pytest-qt from ending the whole run."""
    if NO_QT:
        pluginmanager.unregister(name="pytest-qt")


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Set torch's threads, and Qt's platform where pytest-xvfb found no screen.

    Where tests are shared out, each process is configured by itself, and none is to
    inherit what was set for one alone.
    """
    if config.getoption("numprocesses", None):
        return
    # Before torch reads it: tests are tiny, and threads only get in the way, above all
    # where each core has a process.
    one_of_many = "PYTEST_XDIST_WORKER" in os.environ
    threads = os.environ.setdefault("OMP_NUM_THREADS", "1" if one_of_many else "2")
    if "torch" in sys.modules:  # the folder that was asked for loaded it already
        sys.modules["torch"].set_num_threads(int(threads))
    if sys.platform == "linux" and not os.environ.get("DISPLAY"):
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")


def _offscreen() -> bool:
    return os.environ.get("QT_QPA_PLATFORM") == "offscreen"


def pytest_report_header(config: pytest.Config) -> str:
    """Say what kind of window the tests open."""
    screen = "offscreen, so no canvas is drawn" if _offscreen() else "on a screen"
    if config.getoption("numprocesses", None):
        screen = "as the processes find them"
    return f"windows: {NO_QT or screen}"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes long, and skip what this machine cannot run."""
    # Or one process would be left with the longest test when the others have ended.
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)
    for item in items:
        if NO_QT and {"qtbot", "qapp", "make_napari_viewer"} & set(item.fixturenames):
            item.add_marker(pytest.mark.skip(reason=NO_QT))
        if item.get_closest_marker("pixels") and _offscreen():
            reason = "an offscreen platform draws no canvas: install xvfb"
            item.add_marker(pytest.mark.skip(reason=reason))
        if item.get_closest_marker("cuda"):
            import torch

            if not torch.cuda.is_available():
                item.add_marker(pytest.mark.skip(reason="there is no CUDA device"))


@pytest.fixture(autouse=True)
def _seeded() -> None:
    """Start each test from the same random state, whatever ran before it."""
    random.seed(0)
    np.random.seed(0)
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(0)


@pytest.fixture(scope="session")
def _kept() -> set[str]:
    return set()


@pytest.fixture(autouse=True)
def _modules_are_no_garbage(_kept: set[str]) -> Iterator[None]:
    """Keep what was imported out of searches for garbage: each window makes three."""
    yield
    if len(sys.modules) > len(_kept) + 100:
        _kept.update(sys.modules)
        gc.collect()
        gc.freeze()


@pytest.fixture(autouse=True, scope="session")
def _nothing_of_the_user_is_touched(tmp_path_factory) -> Iterator[None]:
    """Keep journals and other data out of the home of whoever runs the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_DATA_HOME", str(tmp_path_factory.mktemp("home")))
        yield


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home folder of the test's own; the test works in an empty one."""
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path))
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    yield tmp_path
    assert not [*Path().iterdir()]  # least of all a folder "~"


@pytest.fixture(autouse=True)
def _canvas_without_gl(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tell napari what an offscreen platform, which has no GL, cannot be asked."""
    if NO_QT or not _offscreen():
        return
    importlib.import_module("napari._vispy.layers.image")
    importlib.import_module("napari._vispy.canvas")
    answers = {
        "get_gl_extensions": lambda: "",
        "get_max_texture_sizes": lambda: (16384, 2048),
    }
    modules = [m for n, m in sys.modules.items() if n.startswith("napari._vispy")]
    for module in modules:
        for name, answer in answers.items():
            if hasattr(module, name):
                monkeypatch.setattr(module, name, answer)
