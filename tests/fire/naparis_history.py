"""Do at random what napari lets one do to labels, and read the journal back.

    python tests/fire/naparis_history.py --runs 200 --json history.json

A real layer in a viewer without a window is painted, filled, undone and redone, by
strokes, scripts, tools and runs, shown and hidden, turned and sliced, given other
data, and edited in silence. Now and then, and at the end, what the journal gives back
has to be what the layer holds, and index, checksums and marks have to fit.
"""

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
from napari.components import ViewerModel
from qtpy.QtCore import QCoreApplication, QObject

from napari_cihm.config import CorrectSettings
from napari_cihm.correction.chunked import ChunkedArray
from napari_cihm.correction.erasing import delete
from napari_cihm.correction.joining import merge
from napari_cihm.correction.journal import (
    ImageIdentity,
    Journal,
    claim,
    identity_of,
    recover,
    wait_for_ends,
)
from napari_cihm.correction.label_index import LabelIndex
from napari_cihm.correction.shaping import grow, smooth
from napari_cihm.errors import CihmError
from napari_cihm.plugin.flows.correct import scrutiny
from napari_cihm.plugin.flows.correct.mending import Mending
from napari_cihm.plugin.flows.errands import Errands

SHAPES = ((40, 48), (3, 30, 34), (2, 3, 24, 26))
SOON = 0.6  # seconds after which all is known that nobody told of


class Storm:
    """One layer, what is done to it, and what must be true of it then."""

    def __init__(self, seed: int, home: Path) -> None:
        self.rng = np.random.default_rng(seed)
        self.home = home
        self.settings = CorrectSettings(
            journal_folder=home, edit_margin=2, journal_compact_mb=0.02
        )
        shape = SHAPES[self.rng.integers(len(SHAPES))]
        labels = self.rng.integers(0, 4, shape).astype(np.int32)
        labels = labels.repeat(3, -1)[..., : shape[-1]].repeat(3, -2)
        labels = labels[..., : shape[-2], :].copy()
        self.identity = ImageIdentity.of(labels.astype(np.uint8), "image")
        scrutiny.SMALL = int(self.rng.choice([1 << 22, 10]))
        chunked = self.rng.random() < 0.3
        if chunked:
            chunks = [max(1, n // 2) for n in shape]
            labels = ChunkedArray(shape, labels.dtype, chunks, labels)
        self.viewer = ViewerModel()
        self.layer = self.viewer.add_labels(labels)
        self.writing = False
        self.window = QObject()
        self.errands = Errands(self.window)
        self.log: list[str] = [f"shape {shape}, chunked {chunked}, {scrutiny.SMALL}"]
        self.staged = False
        self.dirty = False  # whether it was changed in silence and nothing told yet
        self.rest: Any = None
        self.open()

    def open(self) -> None:
        """Begin the correction, or go on with it."""
        rest, self.rest = self.rest, None
        reviewed, held = (None, None) if rest is None else (rest.reviewed, None)
        if rest is not None and rest.journal is not None:
            wait_for_ends()
            held = claim(rest.journal, identity_of(rest.journal))
        self.mending = Mending(
            self.layer,
            self.settings,
            self.errands,
            lambda: self.writing,
            reviewed,
            held,
        )
        self.mending.followed.connect(lambda said: self.log.append(f"  said {said}"))
        session = self.mending.session
        session.journal = Journal(
            session.labels,
            self.identity,
            reviewed=session.reviewed,
            settings=self.settings,
            unsure=self.mending.is_unsure,
            resumed=held,
        )

    def close(self) -> None:
        """End the correction, and look at what is left of it."""
        labels = np.array(self.layer.data)
        self.rest = self.mending.close()
        session = self.mending.session
        wait_for_ends()
        found = recover(session.journal.path)
        self.same("journal at close", found.labels, labels)
        marks = self.rest.reviewed.view()[...]
        self.same("marks at close", found.reviewed.view()[...], marks)

    def same(self, what: str, one: Any, other: Any) -> None:
        """Refuse two arrays that differ."""
        one, other = np.asarray(one), np.asarray(other)
        if one.shape != other.shape or not np.array_equal(one, other):
            where = "" if one.shape != other.shape else np.argwhere(one != other)[:5]
            raise AssertionError(f"{what}: {one.shape} {other.shape} {where}")

    def check(self) -> None:
        """Wait until all must be known, and compare."""
        self.wait(SOON)
        while self.mending._scrutiny._looking is not None or not self.ready:
            self.wait(0.02)
        session = self.mending.session
        assert session.journal.flush()
        found = recover(session.journal.path)
        self.same("journal", found.labels, self.layer.data)
        self.same("marks", found.reviewed.view()[...], session.reviewed.view()[...])
        truth = LabelIndex.of(np.asarray(self.layer.data)).counts()
        assert session.index.counts() == truth, "index"
        assert not session.checksums.settle(), "checksums"

    @property
    def ready(self) -> bool:
        """Whether the labels were looked through."""
        return self.mending.session.checksums.ready

    def wait(self, seconds: float) -> None:
        """Let timers and threads have their turn."""
        until = time.monotonic() + seconds
        while True:
            QCoreApplication.processEvents()
            if time.monotonic() >= until:
                return
            time.sleep(0.002)

    def place(self) -> tuple[int, ...]:
        """Return any pixel of what is shown."""
        place = [int(self.rng.integers(0, n)) for n in self.layer.data.shape]
        for axis in self.viewer.dims.not_displayed:
            at = self.layer.world_to_data(self.viewer.dims.point)[axis]
            place[axis] = int(np.clip(round(at), 0, self.layer.data.shape[axis] - 1))
        return tuple(place)

    def box(self, side: int) -> tuple[slice, ...]:
        """Return a small box around what is shown."""
        shape = self.layer.data.shape
        return tuple(
            slice(at, min(at + side, n))
            for at, n in zip(self.place(), shape, strict=True)
        )

    def number(self) -> int:
        """Return a label to paint, often none."""
        return int(self.rng.choice([0, *range(1, 12)]))

    # What is done, by name.

    def stroke(self) -> None:
        with self.layer.block_history():
            number = self.number()
            for _ in range(self.rng.integers(1, 4)):
                self.layer.paint(self.place(), number, refresh=False)
                if self.rng.random() < 0.1:
                    self.layer.undo()
                if self.rng.random() < 0.1:
                    self.wait(0.3)
                if self.rng.random() < 0.05:
                    self.layer.visible = not self.layer.visible
                if self.rng.random() < 0.05:
                    self.mending.settle()
        self.layer.refresh(extent=False)

    def dab(self) -> None:
        self.layer.paint(self.place(), self.number())

    def fill(self) -> None:
        self.layer.fill(self.place(), self.number())

    def polygon(self) -> None:
        middle = self.place()
        points = []
        for _ in range(4):
            point = list(middle)
            for axis in self.viewer.dims.displayed:
                n = self.layer.data.shape[axis]
                point[axis] = int(self.rng.integers(0, n))
            points.append(point)
        if self.layer.n_edit_dimensions == 2:
            self.layer.paint_polygon(points, self.number())

    def setitem(self) -> None:
        n = int(self.rng.integers(1, 30))
        shape = self.layer.data.shape
        flat = self.rng.choice(int(np.prod(shape)), n, replace=False)
        where = tuple(i for i in np.unravel_index(flat, shape))
        one = self.rng.random() < 0.5
        values = self.number() if one else self.rng.integers(0, 9, n).astype(np.int32)
        self.layer.data_setitem(where, values)

    def run(self) -> None:
        self.writing = True
        try:
            self.setitem()
        finally:
            self.writing = False

    def tool(self) -> None:
        self.mending.settle()
        labels, plane = self.layer.data, tuple(sorted(self.viewer.dims.displayed[-2:]))
        p, q = self.place(), self.place()
        tools = [
            lambda: delete(labels, p, axes=plane),
            lambda: merge(labels, [p, q]),
            lambda: grow(labels, p, 2, axes=plane),
            lambda: smooth(labels, p, 1, axes=plane),
        ]
        try:
            edit = tools[self.rng.integers(len(tools))]()
        except CihmError:
            return
        if edit:
            self.mending.apply(edit, plane)

    def encircle(self) -> None:
        """Begin a stroke that spans events; what comes next falls in its midst."""
        if not self.staged:
            self.layer._begin_stroke()
            self.staged = True
            self.layer._draw(5, self.place(), self.place())
            return
        self.staged = False
        if self.rng.random() < 0.3:
            self.layer._abort_stroke()
        else:
            self.polygon()
            self.layer._commit_stroke()

    def undo(self) -> None:
        for _ in range(self.rng.integers(1, 4)):
            self.layer.undo()

    def redo(self) -> None:
        for _ in range(self.rng.integers(1, 3)):
            self.layer.redo()

    def hide(self) -> None:
        self.layer.visible = not self.layer.visible

    def silent(self) -> None:
        self.layer.data[self.box(3)] = self.number()
        if not self.layer.visible:
            self.layer.visible = True
        else:
            self.layer.refresh()

    def refresh(self) -> None:
        self.layer.refresh()

    def new_data(self) -> None:
        kind = self.rng.choice(["same", "copy", "other"])
        data = self.layer.data
        if kind == "same":
            data[self.box(2)] = self.number()
        elif kind == "copy":
            data = data.copy()
        else:
            data = data.astype(np.int64 if data.dtype != np.int64 else np.int32)
        self.layer.data = data

    def editable(self) -> None:
        self.layer.editable = False
        self.layer.editable = True

    def look(self) -> None:
        chance = self.rng.random()
        layer, dims = self.layer, self.viewer.dims
        if chance < 0.3:
            layer.brush_size = int(self.rng.integers(1, 9))
            layer.contiguous = bool(self.rng.random() < 0.5)
            layer.preserve_labels = bool(self.rng.random() < 0.3)
            layer.selected_label = int(self.rng.integers(1, 9))
            layer.contour = int(self.rng.integers(0, 2))
            layer.n_edit_dimensions = int(self.rng.integers(2, layer.ndim + 1))
        elif chance < 0.5 and layer.ndim > 2:
            dims.order = tuple(int(i) for i in self.rng.permutation(layer.ndim))
        elif chance < 0.6 and layer.ndim > 2:
            dims.ndisplay = 5 - dims.ndisplay
        elif chance < 0.8 and layer.ndim > 2:
            for axis in range(layer.ndim - 2):
                n = layer.data.shape[axis]
                dims.set_current_step(axis, int(self.rng.integers(0, n)))
        else:
            layer.scale = self.rng.choice([1, 0.5, 2], layer.ndim)
            layer.translate = self.rng.integers(-5, 5, layer.ndim)

    def mark(self) -> None:
        reviewed = self.mending.session.reviewed
        box = self.box(4)
        change = reviewed.erase(box) if self.rng.random() < 0.3 else reviewed.mark(box)
        self.mending.mark(change)

    def unmark(self) -> None:
        self.mending.unmark()

    def pause(self) -> None:
        self.wait(float(self.rng.choice([0, 0.05, 0.3])))

    def settle(self) -> None:
        self.mending.settle()

    def reopen(self) -> None:
        self.close()
        self.open()

    def step(self) -> None:
        """Do any of it."""
        names = list(CHANCES)
        weights = np.array([CHANCES[n] for n in names], float)
        name = str(self.rng.choice(names, p=weights / weights.sum()))
        if self.staged and name in NOT_WITHIN:
            return
        self.log.append(name)
        try:
            getattr(self, name)()
        except (IndexError, ValueError) as error:
            if "napari" not in _last_file(error):
                raise
            self.log.append(f"  napari: {error!r}")
            self.layer._staged_history = []
            self.layer._block_history = self.staged
            self.layer.refresh()
            self.layer.visible = True


CHANCES = {
    "stroke": 8,
    "dab": 4,
    "fill": 4,
    "polygon": 3,
    "setitem": 3,
    "run": 2,
    "tool": 5,
    "encircle": 4,
    "undo": 14,
    "redo": 8,
    "hide": 7,
    "silent": 3,
    "refresh": 3,
    "new_data": 0.7,
    "editable": 0.5,
    "look": 6,
    "mark": 3,
    "unmark": 2,
    "pause": 6,
    "settle": 3,
    "reopen": 1,
    "check": 2,
}


# What waits for the end of a stroke, or is not looked for in its midst.
NOT_WITHIN = ("reopen", "new_data", "editable", "silent", "check", "tool")


def _last_file(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "" if trace is None else trace.tb_frame.f_code.co_filename


def run_once(seed: int, home: Path, steps: int) -> str:
    """Do some steps; return what was wrong, or nothing."""
    storm = Storm(seed, home)
    try:
        for _ in range(steps):
            storm.step()
        if storm.staged:
            storm.encircle()
        if storm.rng.random() < 0.5:
            storm.log.append("check")
            storm.check()
        storm.log.append("close")
        storm.close()
    except Exception as error:
        import traceback

        tail = "\n".join(storm.log[-40:])
        return f"seed {seed}: {error!r}\n{tail}\n{traceback.format_exc()[-1500:]}"
    finally:
        storm.errands.close()
    return ""


def main() -> int:
    """Run the storms and print what was wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--seconds", type=float, default=float("inf"))
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    from qtpy.QtWidgets import QApplication

    application = QApplication([])
    home = Path(tempfile.mkdtemp(prefix="cihm-history-"))
    until, wrong, runs = time.monotonic() + given.seconds, [], 0
    for seed in range(given.seed, given.seed + given.runs):
        if time.monotonic() > until:
            break
        runs += 1
        if said := run_once(seed, home / str(seed), given.steps):
            wrong.append(said)
            print(said, flush=True)
        shutil.rmtree(home / str(seed), ignore_errors=True)
    figures = {"runs": runs, "steps": given.steps, "wrong": len(wrong)}
    print(json.dumps(figures))
    if given.json:
        given.json.write_text(json.dumps({**figures, "each": wrong}, indent=1))
    application.quit()
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
