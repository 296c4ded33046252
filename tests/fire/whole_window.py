"""Use a window with its panel at random for a while, and see that it holds.

    xvfb-run -a -s "-screen 0 1900x1000x24 +extension GLX" \
        python tests/fire/whole_window.py --seeds 8 --seconds 240 --json window.json

Images and labels of all kinds come and go, are moved, copied, scaled, cut and turned;
the mouse clicks and draws anywhere, keys are pressed, tools chosen, runs started and
stopped, models fine-tuned, and the panel is closed and opened again. Nothing of ours
may raise, and what a journal gives back has to be what its labels hold. With an odd
seed labels lie on disk, as those too large for memory do. Each seed has a process of
its own, so that one that crashes is told of too.
"""

import argparse
import faulthandler
import json
import os
import random
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import Any

import napari
import numpy as np
from napari.utils.notifications import notification_manager
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import (
    QAbstractButton,
    QAbstractSpinBox,
    QComboBox,
    QFileDialog,
    QInputDialog,
    QMessageBox,
)

from napari_cihm.correction.journal import ledger, recover
from napari_cihm.data.synthetic import nuclei
from napari_cihm.plugin import region
from napari_cihm.plugin.commands import open_panel

MOST = 8  # layers at once
PAUSES = (0, 10, 50, 200, 800)  # milliseconds
OURS = f"{os.sep}napari_cihm{os.sep}"


class Storm:
    """A viewer, its panel, and what may be done to them."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.image, self.truth = nuclei((256, 256))
        self.done: list[str] = []
        self.faults: list[str] = []
        self.checked = 0
        sys.excepthook = lambda kind, error, trace: self.take(error)
        notification_manager.notification_ready.connect(
            lambda said: self.done.append(f"  {said.severity}: {said.message}")
        )
        _answer_no()
        if seed % 2:
            region.LARGE, ledger.WHOLE_MB = 1000, 0
        self.viewer = napari.Viewer(show=True)
        self.viewer.window.resize(1300, 900)
        self.open()

    def open(self) -> None:
        self.panel = open_panel(self.viewer)
        self.parts = self.panel.coordinator

    def take(self, error: BaseException) -> None:
        """Keep what was raised, if it is ours; napari raises too, at such use."""
        text = "".join(traceback.format_exception(error))
        last = traceback.extract_tb(error.__traceback__)[-1:]
        if isinstance(error, AssertionError) or (last and OURS in last[0].filename):
            self.faults.append(text)
        self.done.append(f"  raised {error!r}")

    def wait(self, milliseconds: int) -> None:
        QTest.qWait(milliseconds)

    def step(self) -> None:
        name = self.rng.choices(list(CHANCES), list(CHANCES.values()))[0]
        self.done.append(name)
        try:
            getattr(self, name)()
        except Exception as error:
            self.take(error)
        self.wait(self.rng.choice(PAUSES))

    def any(self, kind: str = "") -> Any:
        """Choose a layer, of a kind if one is given."""
        layers = [x for x in self.viewer.layers if kind in ("", type(x).__name__)]
        return self.rng.choice(layers) if layers else None

    def press(self, button: Any) -> None:
        if button.isEnabled() and button.isVisible():
            button.click()

    @property
    def room(self) -> bool:
        return len(self.viewer.layers) < MOST

    # Layers.

    def plane(self) -> None:
        kind = self.rng.choice((np.uint16, np.float32, np.uint8))
        if self.room:
            self.viewer.add_image((self.image // 16).astype(kind))

    def pyramid(self) -> None:
        if self.room:
            fine = np.tile(self.image, (3, 3))
            levels = [fine, fine[::2, ::2], fine[::4, ::4]]
            self.viewer.add_image(levels, multiscale=True)

    def stack(self) -> None:
        scale = self.rng.choice(((1, 1, 1), (3, 1, 1)))
        if self.room:
            self.viewer.add_image(np.stack([self.image] * 4), scale=scale)

    def colours(self) -> None:
        if self.room:
            grey = (self.image // 16).astype(np.uint8)
            self.viewer.add_image(np.dstack([grey] * 3), rgb=True)

    def labels(self) -> None:
        if self.room:
            self.viewer.add_labels(self.truth.copy())

    def copy(self) -> None:
        if self.room and (layer := self.any()) is not None:
            data, about, _ = layer.as_layer_data_tuple()
            self.viewer.add_layer(type(layer)(np.array(data), **about))

    def remove(self) -> None:
        if (layer := self.any()) is not None:
            self.viewer.layers.remove(layer)

    def clear(self) -> None:
        self.viewer.layers.clear()

    def move(self) -> None:
        count = len(self.viewer.layers)
        if count > 1:
            self.viewer.layers.move(*self.rng.choices(range(count), k=2))

    def select(self) -> None:
        self.viewer.layers.selection.active = self.any()

    def hide(self) -> None:
        if (layer := self.any()) is not None:
            layer.visible = not layer.visible

    def rename(self) -> None:
        if (layer := self.any()) is not None:
            layer.name = self.rng.choice(("x", "y", "a b"))

    def scale(self) -> None:
        if (layer := self.any()) is not None:
            layer.scale = [self.rng.choice((0.5, 1, 2))] * layer.ndim

    def pixels(self) -> None:
        image = self.any("Image")
        if image is not None and not image.multiscale:
            image.data = np.array(image.data)

    def crop(self) -> None:
        image = self.any("Image")
        if image is not None and not (image.rgb or image.multiscale):
            image.data = np.asarray(image.data)[..., :200]

    def kind(self) -> None:
        if (labels := self.any("Labels")) is not None:
            kind = self.rng.choice((np.int32, np.uint16, np.int64))
            labels.data = np.asarray(labels.data).astype(kind)

    # The view.

    def dimensions(self) -> None:
        self.viewer.dims.ndisplay = self.rng.choice((2, 2, 3))

    def roll(self) -> None:
        self.viewer.dims.roll()

    def slide(self) -> None:
        if self.viewer.dims.ndim > 2:
            steps = int(self.viewer.dims.nsteps[0])
            self.viewer.dims.set_current_step(0, self.rng.randrange(max(1, steps)))

    def zoom(self) -> None:
        self.viewer.scene.camera.zoom *= self.rng.choice((0.5, 1.3, 2))

    def theme(self) -> None:
        self.viewer.theme = self.rng.choice(("dark", "light"))

    # Mouse and keys.

    @property
    def canvas(self) -> Any:
        return self.viewer.window._qt_viewer.canvas.native

    def place(self) -> Any:
        size = self.canvas.size()
        x, y = map(self.rng.randrange, (size.width(), size.height()))
        return QPoint(x, y)

    def click(self) -> None:
        held = Qt.KeyboardModifier
        held = self.rng.choice((held.NoModifier, held.NoModifier, held.ShiftModifier))
        act = self.rng.choice((QTest.mouseClick,) * 4 + (QTest.mouseDClick,))
        act(self.canvas, Qt.MouseButton.LeftButton, held, self.place())

    def draw(self) -> None:
        left, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
        QTest.mousePress(self.canvas, left, none, self.place())
        for _ in range(4):
            self.wait(10)
            QTest.mouseMove(self.canvas, self.place())
        QTest.mouseRelease(self.canvas, left, none, self.place())

    def key(self) -> None:
        self.canvas.setFocus()
        QTest.keyClick(
            self.canvas,
            self.rng.choice("BCDEGHIJKMNORSUY"),
            Qt.KeyboardModifier.ShiftModifier,
        )

    def escape(self) -> None:
        QTest.keyClick(self.canvas, Qt.Key.Key_Escape)

    def mode(self) -> None:
        if (labels := self.any("Labels")) is not None:
            self.viewer.layers.selection.active = labels
            modes = ("paint", "fill", "erase", "polygon", "pick", "pan_zoom")
            labels.mode = self.rng.choice(modes)

    def undo(self) -> None:
        if (labels := self.any("Labels")) is not None:
            labels.undo()

    def redo(self) -> None:
        if (labels := self.any("Labels")) is not None:
            labels.redo()

    # The panel.

    def segment(self) -> None:
        self.press(self.parts.segment._section.segment)

    def preview(self) -> None:
        self.press(self.parts.segment._section.preview)

    def cancel(self) -> None:
        self.press(self.panel.run_bar.cancel)

    def tool(self) -> None:
        buttons = self.parts.correct._section.buttons
        name = self.rng.choice(list(buttons))
        self.done[-1] = f"tool {name}"
        self.press(buttons[name])

    def resume(self) -> None:
        banner = self.parts.correct._section.unfinished
        self.press(self.rng.choice((banner.yes, banner.no)))

    def finetune(self) -> None:
        self.press(self.parts.finetune_section.finetune)

    def turn(self) -> None:
        """Press, choose or step anything of the panel that can be seen."""
        kinds = (QAbstractButton, QAbstractSpinBox, QComboBox)
        held = [x for kind in kinds for x in self.panel.findChildren(kind)]
        seen = [x for x in held if x.isVisible() and x.isEnabled()]
        part = self.rng.choice(seen)
        self.done[-1] = f"turn {type(part).__name__} {part.accessibleName()}"
        if isinstance(part, QAbstractSpinBox):
            part.stepBy(self.rng.choice((-1, 1)))
        elif isinstance(part, QComboBox):
            part.setCurrentIndex(self.rng.randrange(max(1, part.count())))
            part.activated.emit(part.currentIndex())
        else:
            self.done[-1] += part.text()
            part.click()

    def axes(self) -> None:
        """Type what the dimensions are, rightly or wrongly."""
        line = self.parts.segment._section.axes
        line.setText(self.rng.choice(("yx", "zyx", "tyx", "cyx", "yxc", "zy", "")))
        line.editingFinished.emit()

    def reopen(self) -> None:
        self.viewer.window.remove_dock_widget(self.panel.parent())
        self.wait(self.rng.choice((0, 50, 500)))
        self.open()

    def check(self) -> None:
        """Compare what journals give back with what their labels hold."""
        self.wait(1000)  # after which all is known that nobody told of
        bench = self.parts.correct.bench
        for layer in bench.candidates:
            mending = bench.begun(layer)
            if mending is None or not mending.session.checksums.ready:
                continue
            journal, held = mending.session.journal, np.array(layer.data)
            if journal is None or not journal.flush():
                continue
            whole = getattr(layer.data, "source", None)  # what is not edited lies there
            found = recover(journal.path, whole).labels
            assert np.array_equal(found, held), f"the journal of {layer.name} differs"
            self.checked += 1

    def end(self) -> None:
        """Let what runs end, look once more, and close the window."""
        self.done.append("end")
        until = time.monotonic() + 150
        while len(self.parts.desk.tasks) and time.monotonic() < until:
            self.wait(50)
        try:
            assert not len(self.parts.desk.tasks), "something runs without end"
            self.check()
            self.viewer.close()
        except Exception as error:
            self.take(error)


def _answer_no() -> None:
    """Cancel whatever would ask, as nobody is there to answer."""

    for name in ("getOpenFileName", "getSaveFileName"):
        setattr(QFileDialog, name, lambda *_, **__: ("", ""))
    QFileDialog.getExistingDirectory = lambda *_, **__: ""
    QInputDialog.getText = lambda *_, **__: ("", False)
    QMessageBox.question = lambda *_, **__: QMessageBox.StandardButton.No


CHANCES = {
    **dict.fromkeys(("plane", "pyramid", "stack", "colours", "copy", "move"), 2),
    **dict.fromkeys(("hide", "rename", "scale", "pixels", "crop", "kind"), 2),
    **dict.fromkeys(("dimensions", "roll", "slide", "zoom", "theme"), 2),
    **{"labels": 3, "remove": 3, "clear": 0.4, "select": 5, "click": 9, "draw": 6},
    **{"key": 6, "escape": 2, "mode": 5, "undo": 4, "redo": 2, "tool": 9, "resume": 2},
    **{"segment": 5, "preview": 2, "cancel": 2, "finetune": 1, "reopen": 0.6},
    **{"check": 3, "turn": 6, "axes": 1},
}


def run_once(seed: int, seconds: float) -> dict[str, Any]:
    """Storm for a while; return what was done and what was wrong."""
    faulthandler.enable()
    storm = Storm(seed)
    until = time.monotonic() + seconds
    while time.monotonic() < until and not storm.faults:
        storm.step()
    storm.end()
    steps = sum(not line.startswith("  ") for line in storm.done)
    ended = {"steps": steps, "checked": storm.checked, "faults": storm.faults}
    return ended | ({"log": storm.done} if storm.faults else {})


def in_a_process(seed: int, seconds: float) -> dict[str, Any]:
    """Storm in a process of its own, in a home of its own."""
    with tempfile.TemporaryDirectory() as home:
        command = [sys.executable, __file__, "--one", seed, "--seconds", seconds]
        done = subprocess.run(
            list(map(str, command)),
            capture_output=True,
            text=True,
            env={**os.environ, "XDG_DATA_HOME": home, "XDG_CONFIG_HOME": home},
        )
    if done.returncode:
        return {"steps": 0, "checked": 0, "faults": [done.stderr]}
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def main(arguments: argparse.Namespace) -> bool:
    """Storm seed by seed, and print and write how it went."""
    ended = {}
    for seed in range(arguments.first, arguments.first + arguments.seeds):
        ended[seed] = in_a_process(seed, arguments.seconds)
        count = len(ended[seed]["faults"])
        print(
            f"seed {seed}: {ended[seed]['steps']} steps, {ended[seed]['checked']} "
            f"journals compared, {count} faults",
            flush=True,
        )
    if arguments.json:
        arguments.json.write_text(json.dumps(ended, indent=1))
    return not any(one["faults"] for one in ended.values())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one is not None:
        print("\n" + json.dumps(run_once(given.one, given.seconds)))
        sys.exit()
    sys.exit(not main(given))
