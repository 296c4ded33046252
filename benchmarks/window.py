"""How smooth the window stays, how soon it answers, and what it leaves behind.

    python benchmarks/window.py [open press stall learn edits cycles layers]

Needs a screen; on a machine without one, call it under `xvfb-run`. Each part runs in a
process of its own, so that none is warm from another.

stall   a 5 ms heartbeat in the event loop while 2,048 x 2,048 pixels are segmented,
        with the network in a process of its own, as it is, and in a thread
learn   the same while a model is fine-tuned for 15 s, judged, and segments again
edits   a tool, the brush, undo and *All* on 8,192 x 8,192 labels of 107,000 objects
open    from the menu's command to a panel that is drawn and answers
press   from the press of Segment to labels, 512 x 512 pixels, the model loaded
cycles  the panel opened, a run begun and cancelled, the panel closed, 50 times
layers  an image segmented twice, undone, corrected, its labels deleted, 50 times
"""

import argparse
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

PANEL = ("napari-cihm", "Segment and fine-tune")
BEAT = 5  # milliseconds
LARGE, PITCH = 8192, 25  # pixels of many objects, and from each to the next


def main() -> None:
    """Run what was asked for, each part in a new process."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", default=list(PARTS))
    parser.add_argument("--side", type=int, default=2048)
    parser.add_argument("--cycles", type=int, default=50)
    parser.add_argument("--worker", choices=["process", "thread"])
    options = parser.parse_args()
    if options.worker:
        PARTS[options.parts[0]](options)
        return
    with tempfile.TemporaryDirectory() as home:
        for part in options.parts:
            for worker in ("process", "thread") if part == "stall" else ("process",):
                command = [sys.executable, __file__, part, "--worker", worker]
                command += ["--side", str(options.side)]
                command += ["--cycles", str(options.cycles)]
                env = {**os.environ, "XDG_DATA_HOME": home, "XDG_CONFIG_HOME": home}
                subprocess.run(command, env=env, check=True)


class Desk:
    """A window with an image, and the ways this script drives it."""

    def __init__(self, side: int) -> None:
        import napari
        from qtpy.QtWidgets import QApplication

        from napari_cihm.data import synthetic

        self.viewer = napari.Viewer(show=True)
        self.viewer.window.resize(1280, 860)
        self.app = QApplication.instance()
        image, _ = synthetic.nuclei((side, side))
        self.viewer.add_image(image, name="nuclei")
        self.rest(1)

    def rest(self, seconds: float) -> None:
        """Let the window be for a while."""
        end = time.perf_counter() + seconds
        self.until(lambda: time.perf_counter() > end)

    def until(self, done: Callable[[], bool], patience: float = 600) -> None:
        """Handle events until something is so."""
        from qtpy.QtCore import QEventLoop, QTimer

        if done():
            return
        loop, watch = QEventLoop(), QTimer()
        begun = time.perf_counter()

        def look() -> None:
            if done() or time.perf_counter() - begun > patience:
                loop.quit()

        watch.timeout.connect(look)
        watch.start(2)
        loop.exec()
        assert done(), "it took too long"

    def open(self) -> Any:
        """Open the panel as the menu does."""
        self.dock, panel = self.viewer.window.add_plugin_dock_widget(*PANEL)
        return panel

    def ready(self, panel: Any) -> None:
        """Wait for the model."""
        self.until(lambda: panel.coordinator.desk.session.model is not None)


class ThreadWorker:
    """What a worker would be in a thread, in place of the process."""

    def __init__(self, hear: Callable[[Any, Any], None]) -> None:
        self._hear, self._stopped = hear, set[int]()
        self.pid, self.last_words = os.getpid(), ""

    def send(self, message: Any) -> None:
        """Start or stop a job."""
        from napari_cihm.plugin.worker import wire

        if isinstance(message, wire.Stop):
            self._stopped.add(message.number)
            return
        threading.Thread(target=self._run, args=(message,), daemon=True).start()

    def take_back(self, job: int) -> None:
        """Nothing was lent."""

    def close(self, wait: bool = True) -> None:
        """Hear no more."""
        self._hear = lambda *_: None

    def _run(self, start: Any) -> None:
        from napari_cihm.plugin.worker import wire
        from napari_cihm.plugin.worker.jobs import JOBS

        for event in JOBS[start.job](**start.arguments):
            self._hear(self, wire.Said(start.number, event))
            if start.number in self._stopped:
                break
        stopped = start.number in self._stopped
        self._hear(self, wire.Ended(start.number, stopped))


class Pulse:
    """A heartbeat in the event loop, by the clock and of this thread's work."""

    def __init__(self) -> None:
        from qtpy.QtCore import Qt, QTimer

        self.beats: list[tuple[float, float]] = []
        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._beat)
        self._timer.start(BEAT)

    def _beat(self) -> None:
        self.beats.append((time.perf_counter(), time.thread_time()))

    def end(self, quiet: int, part: str, doing: str) -> None:
        """Say how far apart the beats were, idle and doing something."""
        import numpy as np

        self._timer.stop()
        gaps = np.diff(self.beats, axis=0) * 1000
        for what, some in (("idle", gaps[:quiet]), (doing, gaps[quiet:])):
            for which, values in zip(("gaps", "own work"), some.T, strict=True):
                print(
                    f"{part}, {what}, {which}: "
                    f"median {np.median(values):.1f}, "
                    f"99th percentile {np.percentile(values, 99):.1f}, "
                    f"largest {values.max():.1f} ms of {len(values)} beats"
                )
        longest = int(gaps[quiet:, 0].argmax())
        first, at = self.beats[quiet][0], self.beats[quiet + longest][0]
        print(
            f"{part}: the largest gap began {at - first:.1f} s after the press, of "
            f"{self.beats[-1][0] - first:.1f} s",
            flush=True,
        )


def stall(options: argparse.Namespace) -> None:
    """Measure the gaps between heartbeats while an image is segmented."""
    if options.worker == "thread":
        import napari_cihm.plugin.runner as runner

        runner.WorkerProcess = ThreadWorker  # type: ignore[assignment,misc]
    desk = Desk(options.side)
    panel = desk.open()
    desk.ready(panel)
    desk.rest(2)
    pulse = Pulse()
    desk.rest(3)
    quiet = len(pulse.beats)
    tasks = panel.coordinator.desk.tasks
    panel.coordinator.segment._section.segment.click()
    desk.until(lambda: len(tasks) == 0)
    desk.rest(1)  # what follows the end counts as well
    pulse.end(quiet, f"stall, {options.worker}", "segmenting")
    desk.viewer.close()


def learn(options: argparse.Namespace) -> None:
    """Measure the same while a model is fine-tuned, judged, and segments again."""
    from napari_cihm.data import synthetic

    desk = Desk(512)
    _, truth = synthetic.nuclei((512, 512))
    desk.viewer.add_labels(truth, name="mine")
    panel = desk.open()
    desk.ready(panel)
    desk.rest(2)
    tasks, section = panel.coordinator.desk.tasks, panel.coordinator.finetune._section
    pulse = Pulse()
    desk.rest(3)
    quiet = len(pulse.beats)
    section.times.button(0).click()  # 15 s
    section.finetune.click()
    section.unmarked.yes.click()
    desk.until(lambda: section.verdict.isVisibleTo(section) and len(tasks) == 0)
    desk.rest(1)
    pulse.end(quiet, "learn", "fine-tuning")
    pulse = Pulse()
    desk.rest(1)
    quiet = len(pulse.beats)
    section.verdict.again.click()
    desk.until(lambda: len(tasks) == 0)
    desk.rest(1)
    pulse.end(quiet, "learn", "segmenting again")
    desk.viewer.close()


def edits(options: argparse.Namespace) -> None:
    """Measure how long the window's thread is held by a step on many objects."""
    import numpy as np

    from napari_cihm.plugin.tools import ALL

    desk = Desk(64)
    y, x = np.ogrid[:LARGE, :LARGE]
    numbers = y // PITCH * (LARGE // PITCH + 1) + x // PITCH + 1
    labels = np.where((y % PITCH > 3) & (x % PITCH > 3), numbers, 0).astype(np.int32)
    desk.viewer.add_image((labels > 0).astype(np.uint8) * 200, name="many")
    layer = desk.viewer.add_labels(labels, name="many labels")
    layer.brush_size = 10
    correct = desk.open().coordinator.correct
    desk.rest(1)
    correct.bench.choose(layer)
    mending = correct.bench.begin(layer)
    desk.until(lambda: mending.session.index.ready)
    desk.rest(2)

    def hold(what: str, steps: list[Callable[[], object]]) -> None:
        seconds = []
        for step in steps:
            begun = time.perf_counter()
            step()
            mending.settle()
            seconds.append(time.perf_counter() - begun)
            desk.rest(0.3)
        print(
            f"edits, {what}: median {np.median(seconds):.3f}, "
            f"largest {max(seconds):.3f} s of {len(seconds)}",
            flush=True,
        )

    def tool(row: int, count: int) -> list[Callable[[], object]]:
        places = [(row, 10 + PITCH * n) for n in range(count)]
        use, delete = correct.tools._use, ALL["delete"]
        return [partial(use, mending, delete, [at], False) for at in places]

    def dab(row: int) -> list[Callable[[], object]]:
        return [partial(layer.paint, (row, 30 * n), 200_000 + n) for n in range(9)]

    hold("the first", tool(10, 1))
    for marks, row in (("few marks", 2010), ("all marked", 4010)):
        hold(f"tool, {marks}", tool(row, 9))
        hold(f"brush, {marks}", dab(row + 1000))
        hold(f"undo, {marks}", [layer.undo] * 5)
        if marks == "few marks":
            hold("All", [partial(correct.review.press, ALL["review_all"])])
    desk.viewer.close()


def opening(options: argparse.Namespace) -> None:
    """Measure how long the panel takes to open, first and again."""
    desk = Desk(512)
    seconds, own = [], []
    for _ in range(4):
        begun, spent = time.perf_counter(), time.thread_time()
        panel = desk.open()
        desk.app.processEvents()
        panel.grab()
        seconds.append(time.perf_counter() - begun)
        own.append(time.thread_time() - spent)
        desk.ready(panel)
        desk.viewer.window.remove_dock_widget(desk.dock)
        desk.rest(0.5)
    again = ", ".join(f"{s:.2f}" for s in seconds[1:])
    print(
        f"open: {seconds[0]:.2f} s the first time, then {again} s "
        f"(processor: {', '.join(f'{s:.2f}' for s in own)})",
        flush=True,
    )
    desk.viewer.close()


def press(options: argparse.Namespace) -> None:
    """Measure how long labels take from the press, with the model loaded."""
    desk = Desk(512)
    panel = desk.open()
    desk.ready(panel)
    button, layers = panel.coordinator.segment._section.segment, desk.viewer.layers
    tasks, seconds = panel.coordinator.desk.tasks, []
    for _ in range(6):
        begun = time.perf_counter()
        button.click()
        desk.until(lambda: "nuclei labels" in layers)
        seconds.append(time.perf_counter() - begun)
        desk.until(lambda: len(tasks) == 0)
        layers.remove("nuclei labels")
        desk.rest(0.5)
    again = ", ".join(f"{s:.2f}" for s in sorted(seconds[1:]))
    print(f"press: {seconds[0]:.2f} s the first time, then {again} s", flush=True)
    desk.viewer.close()


def cycles(options: argparse.Namespace) -> None:
    """Open, run, cancel and close many times; count what stays."""
    import gc

    desk = Desk(1024)
    for number in range(1, options.cycles + 1):
        panel = desk.open()
        desk.ready(panel)
        panel.coordinator.segment._section.segment.click()
        desk.until(lambda: len(desk.viewer.layers) == 2)
        panel.run_bar.cancel.click()
        tasks = panel.coordinator.desk.tasks
        desk.until(lambda tasks=tasks: len(tasks) == 0)
        desk.viewer.window.remove_dock_widget(desk.dock)
        del panel, tasks
        desk.dock = None
        desk.rest(0.2)
        gc.collect()
        count("cycles", number, len(desk.viewer.layers))
    desk.viewer.close()


def layers(options: argparse.Namespace) -> None:
    """Segment, segment again, undo, correct and delete many times; count what stays."""
    import gc

    desk = Desk(512)
    panel = desk.open()
    desk.ready(panel)
    coordinator, shown = panel.coordinator, desk.viewer.layers
    tasks = coordinator.desk.tasks
    for number in range(1, options.cycles + 1):
        for _ in range(2):
            coordinator.segment._section.segment.click()
            desk.until(lambda: "nuclei labels" in shown)
            desk.until(lambda: len(tasks) == 0)
        found = shown["nuclei labels"]
        found.undo()
        coordinator.correct._section.buttons["remove_border"].click()
        desk.rest(0.2)
        del found
        shown.remove("nuclei labels")
        for layer in list(shown)[1:]:
            shown.remove(layer)
        desk.rest(0.3)
        gc.collect()
        count("layers", number, len(shown))
    desk.viewer.close()


def count(part: str, number: int, layers: int) -> None:
    """Say what this process holds, now and then."""
    import psutil

    if number not in (1, 5) and number % 10:
        return
    me = psutil.Process()
    print(
        f"{part}, after {number}: {threading.active_count()} threads, "
        f"{len(me.children(recursive=True))} child processes, "
        f"{me.memory_info().rss / 2**20:.0f} MiB, {layers} layer",
        flush=True,
    )


PARTS = {
    "open": opening,
    "press": press,
    "stall": stall,
    "learn": learn,
    "edits": edits,
    "cycles": cycles,
    "layers": layers,
}

if __name__ == "__main__":
    main()
