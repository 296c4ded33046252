"""From poor labels to clean ones with the mouse, back again, and on after a kill."""

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from scipy import ndimage

from napari_cihm.training.metrics import match

ROOT, NAME = Path(__file__).parents[2], "tests.window.test_mending"
pytestmark = [pytest.mark.pixels, pytest.mark.slow, pytest.mark.window]

SAMPLE = ("Open Sample", "CIHM Segment", "Nuclei, fluorescence")


class Bot:
    """What a window needs of pytest-qt, for a process without pytest."""

    def wait(self, milliseconds):
        QTest.qWait(milliseconds)

    def waitUntil(self, condition, timeout=5000):
        end = time.monotonic() + timeout / 1000
        while not condition():
            assert time.monotonic() < end, condition
            QTest.qWait(10)

    def mouseClick(self, widget, button):
        QTest.mouseClick(widget, button)


class Sample:
    """The sample's truth, and what can go wrong with labels of it."""

    def __init__(self, truth, scale):
        self.truth, self.scale = truth, scale
        self.labels = truth.copy()
        sizes = np.bincount(truth.reshape(-1))
        inner = np.setdiff1d(np.arange(1, len(sizes)), _at_edge(truth))
        self.free = [n for n in inner[np.argsort(-sizes[inner])].tolist() if sizes[n]]

    def place(self, number, labels=None):
        """Return where an object is deepest, in the world."""
        mask = (self.truth if labels is None else labels) == number
        depth = ndimage.distance_transform_edt(mask)
        return np.array(np.unravel_index(depth.argmax(), mask.shape)) * self.scale

    def join(self):
        """Give two objects that touch one number."""
        for number in self.free:
            ring = ndimage.binary_dilation(self.truth == number)
            for other in np.unique(self.truth[ring]).tolist():
                if other != number and other in self.free:
                    self.free.remove(number)
                    self.free.remove(other)
                    self.labels[self.truth == other] = number
                    return number, other
        raise AssertionError("no objects touch")

    def cut(self):
        """Give the halves of an object two numbers."""
        number, other = self.free.pop(0), int(self.labels.max()) + 1
        rows, _ = np.nonzero(self.truth == number)
        half = (self.truth == number) & (
            np.arange(len(self.truth))[:, None] > np.median(rows)
        )
        self.labels[half] = other
        return number, other

    def lose(self):
        """Forget an object."""
        number = self.free.pop(0)
        self.labels[self.truth == number] = 0
        return number

    def invent(self):
        """Make an object where there is none."""
        number = int(self.labels.max()) + 1
        depth = ndimage.distance_transform_edt(self.labels == 0)
        y, x = np.unravel_index(depth.argmax(), depth.shape)
        self.labels[y - 6 : y + 6, x - 6 : x + 6] = number
        return number


def _at_edge(labels):
    edges = (labels[0], labels[-1], labels[:, 0], labels[:, -1])
    return np.unique(np.concatenate(edges))


def _opened(window, labels=None):
    """Open the sample and the panel; lay labels over the image if there are any."""
    window.menu(window.viewer.window.file_menu, *SAMPLE)
    window.open_panel()
    truth = window.viewer.layers["nuclei truth"]
    sample = Sample(np.array(truth.data), truth.scale)
    if labels is not None:
        labels(sample)
        place = {"scale": truth.scale, "units": truth.units}
        window.viewer.add_labels(sample.labels.copy(), name="poor", **place)
    window.viewer.reset_view()
    window.qtbot.wait(300)
    return sample


def test_poor_labels_become_clean_ones_with_the_mouse_and_poor_again(window):
    wrong = {}

    def spoil(sample):
        for how in ["join", "cut", "lose"] * 3 + ["invent"]:
            wrong.setdefault(how, []).append(getattr(sample, how)())

    sample = _opened(window, spoil)
    window.ready()
    layer = window.viewer.layers["poor"]
    assert match(sample.truth, layer.data)[0].ap < 0.95
    window.tool("split")
    for one, other in wrong["join"]:
        window.click(*sample.place(one))
        window.click(*sample.place(other))
    window.tool("merge")
    for pair in wrong["cut"]:
        for number in pair:
            window.click(*sample.place(number, sample.labels))
    window.tool("delete")
    for number in wrong["invent"]:
        window.click(*sample.place(number, sample.labels))
    window.tool("add")
    for number in wrong["lose"]:
        y, x = np.rint(sample.place(number) / sample.scale).astype(int)
        window.click(*sample.place(number))
        window.until(lambda y=y, x=x: layer.data[y, x] > 0)  # the model has looked
    found = match(sample.truth, layer.data)[0]
    assert found.ap == 1.0, found
    window.picture("mended")
    for _ in range(10):
        QTest.keyClick(window.canvas, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    np.testing.assert_array_equal(layer.data, sample.labels)


def test_work_goes_on_after_the_program_was_killed(window, tmp_path):
    kept = tmp_path / "kept.npy"
    command = [sys.executable, "-m", NAME, str(kept)]
    child = subprocess.run(command, cwd=ROOT, timeout=180)
    assert child.returncode not in (0, 1)  # it came neither to its end nor to an error
    _opened(window)
    flow = window.panel.coordinator.correct
    banner = flow._section.unfinished
    window.until(lambda: bool(banner.words.text()))
    window.press(banner.yes)
    window.until(lambda: flow.bench.labels.name == "poor (resumed)")
    labels = flow.bench.labels
    np.testing.assert_array_equal(labels.data, np.load(kept))
    numbers = set(np.unique(labels.data).tolist())
    sample = Sample(np.array(labels.data), labels.scale)
    window.tool("delete")
    window.click(*sample.place(sample.free[0]))
    assert set(np.unique(labels.data).tolist()) == numbers - {sample.free[0]}


def _work_and_be_killed(kept):
    """Delete three objects with the mouse, wait two seconds, and die."""
    import napari

    from tests.window.conftest import Window

    window = Window(napari.Viewer(show=True), Bot())
    sample = _opened(window, lambda sample: None)
    layer = window.viewer.layers["poor"]
    window.tool("delete")
    gone = sample.free[:3]
    for number in gone:
        window.click(*sample.place(number))
    assert not np.isin(layer.data, gone).any()
    np.save(kept, layer.data)
    window.qtbot.wait(2000)
    psutil.Process().kill()


if __name__ == "__main__":
    _work_and_be_killed(sys.argv[1])
