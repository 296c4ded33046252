"""Examining a model file without using it."""

from pathlib import Path

from qtpy.QtCore import QObject

from napari_cihm.events import Event, Examined
from napari_cihm.plugin import notices
from napari_cihm.plugin.runner import QUICK, Run, Runner
from napari_cihm.plugin.views.check_view import CheckSection


class CheckFlow(QObject):
    """Answers the *Check a model file* section."""

    def __init__(self, runner: Runner, section: CheckSection, parent: QObject) -> None:
        super().__init__(parent)
        self._runner, self._section = runner, section
        self._run: Run | None = None
        section.file_chosen.connect(self.check)

    def check(self, path: str) -> None:
        """Examine a file."""
        if self._run is not None:
            self._runner.stop(self._run)
        self._section.show_busy(Path(path).name)
        self._run = self._runner.start(
            "look", self._on_event, self._on_end, QUICK, model=path, device="cpu"
        )

    def _on_event(self, event: Event) -> None:
        if isinstance(event, Examined):
            self._section.show_model(event)

    def _on_end(self, run: Run) -> None:
        if run is self._run:
            self._run = None
        if run.failure:
            self._section.show_text(notices.reason_of(run.failure))
