"""The pictures of the README: labels on an image, correcting, and a verdict.

>>> python benchmarks/pictures.py [segment correct finetune] [--folder FOLDER]

Needs a screen; on a machine without one, Xvfb gives it one. Each picture is taken of
a new window that is driven through the panel's own buttons, on images that the
package makes. They are kept in ``benchmarks/pictures``.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

PLUGIN = "napari-cihm"
SIZE, DOCK = (1280, 860), 360
FOLDER = Path(__file__).parent / "pictures"


def main() -> None:
    """Take each picture in a process with a home of its own."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", default=list(PICTURES))
    parser.add_argument("--folder", type=Path, default=FOLDER)
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.here:
        (name,) = options.names
        PICTURES[name](options.folder / f"{name}.png")
        return
    options.folder.mkdir(exist_ok=True)
    for name in options.names:
        with tempfile.TemporaryDirectory() as home:
            command = [sys.executable, __file__, name, "--here"]
            command += ["--folder", str(options.folder)]
            env = {**os.environ, "XDG_DATA_HOME": home, "XDG_CONFIG_HOME": home}
            subprocess.run(command, env=env, check=True)


class Stage:
    """A window with the panel, and the ways this script drives it."""

    def __init__(self) -> None:
        import napari
        from qtpy.QtCore import Qt

        from napari_cihm.plugin.commands import open_panel

        self.viewer = napari.Viewer(show=True)
        self.viewer.window.resize(*SIZE)
        self.panel = open_panel(self.viewer)
        window, dock = self.viewer.window._qt_window, self.panel.parent()
        window.resizeDocks([dock], [DOCK], Qt.Orientation.Horizontal)
        self.until(lambda: dock.width() <= DOCK + 4)
        self.coordinator = self.panel.coordinator
        session = self.coordinator.desk.session
        self.until(lambda: session.model is not None)

    @property
    def tools(self) -> Any:
        """The buttons of *Correct*."""
        return self.coordinator.correct._section.buttons

    def until(self, done: Callable[[], bool], patience: float = 600) -> None:
        """Handle events until something is so."""
        from qtpy.QtTest import QTest

        begun = time.perf_counter()
        while not done():
            assert time.perf_counter() - begun < patience, "it took too long"
            QTest.qWait(20)

    def rest(self) -> None:
        """Wait until nothing runs."""
        self.until(lambda: len(self.coordinator.desk.tasks) == 0)

    def open(self, sample: str) -> None:
        """Open a sample, as large as the canvas is high."""
        self.viewer.open_sample(PLUGIN, sample)
        self.fill()

    def fill(self) -> None:
        """Let the image fill the canvas from top to bottom."""
        self.viewer.reset_view()
        self.viewer.scene.camera.zoom *= 1.45

    def segment(self) -> None:
        """Press Segment and wait."""
        self.coordinator.segment._section.segment.click()
        self.rest()

    def scroll_to(self, widget: Any) -> None:
        """Bring a part of the panel to the top."""
        from qtpy.QtCore import QPoint

        inside = self.panel._scroll.widget()
        top = widget.mapTo(inside, QPoint(0, 0)).y()
        self.panel._scroll.verticalScrollBar().setValue(top)

    def take(self, path: Path) -> None:
        """Keep what is seen, in few colours."""
        from PIL import Image
        from qtpy.QtTest import QTest

        QTest.qWait(1500)  # until notices are gone and thumbnails drawn
        pixels = self.viewer.screenshot(canvas_only=False, flash=False)
        flat = Image.fromarray(pixels[..., :3]).quantize(256, dither=0)
        flat.save(path, optimize=True)
        print(f"{path}: {path.stat().st_size / 1000:.0f} kB", flush=True)
        self.viewer.close()


def segment(path: Path) -> None:
    """Show labels on the first sample, one press after it was opened."""
    stage = Stage()
    stage.open("nuclei")
    stage.segment()
    stage.take(path)


def correct(path: Path) -> None:
    """Show how what looks odd is gone through."""
    stage = Stage()
    stage.open("nuclei")
    stage.segment()
    section = stage.coordinator.correct._section
    section.review.form.set_values({"order": "size"})
    for _ in range(6):
        stage.tools["next_stop"].click()
        stage.until(lambda: stage.coordinator.correct.tour._stop is not None)
        stage.tools["looks_right"].click()
    stage.tools["split"].click()
    camera = stage.viewer.scene.camera
    camera.zoom /= 2.2
    stage.scroll_to(section)
    stage.take(path)


def finetune(path: Path) -> None:
    """Show the verdict on a model that learnt a kind of image it had not seen."""
    import numpy as np

    from napari_cihm.data import synthetic

    image, truth = synthetic.nuclei((384, 384), seed=1)
    ground = np.linspace(0.6, 1.0, image.shape[1])[None]
    dark = ground * (200 - 140 * image.astype(float) / image.max())
    stage = Stage()
    stage.viewer.add_image(dark.astype(np.uint8), name="dark nuclei")
    layer = stage.viewer.add_labels(truth, name="my labels")
    stage.fill()
    flow = stage.coordinator.finetune
    stage.tools["review_all"].click()
    section = flow._section
    section.finetune.click()
    stage.until(lambda: section.verdict.isVisible())
    stage.rest()
    layer.contour = 1
    stage.coordinator.correct._section.review.shown.setChecked(False)
    stage.scroll_to(section)
    stage.take(path)


PICTURES = {"segment": segment, "correct": correct, "finetune": finetune}

if __name__ == "__main__":
    main()
