"""Segmenting a folder: the settings tried on one image, for all files of a folder."""

from qtpy.QtCore import QObject

from napari_cihm.config import FolderSettings
from napari_cihm.errors import counted
from napari_cihm.events import BatchDone, Event, FileDone, FileFailed, TileDone
from napari_cihm.plugin import notices
from napari_cihm.plugin.flows.desk import Desk
from napari_cihm.plugin.flows.segment_flow import SegmentFlow
from napari_cihm.plugin.runner import Run, RunState
from napari_cihm.plugin.session import State
from napari_cihm.plugin.views.folder_section import FolderSection

LABELS = "labels"
TABLE = "measurements.csv"


class FolderFlow(QObject):
    """Answers the *Segment a folder* section, by the settings of *Segment*."""

    title = "Segmenting a folder"

    def __init__(
        self, desk: Desk, section: FolderSection, segment: SegmentFlow, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._desk, self._section, self._segment = desk, section, segment
        self._run: Run | None = None
        self._words, self._number, self._files, self._failures = "", 0, 0, 0
        section.start_requested.connect(self.start)
        desk.session.model_changed.connect(self._update)
        desk.session.state_changed.connect(self._update)
        self._update()

    def start(self) -> None:
        """Segment every image of the folder."""
        chosen = self._section.form.settings()
        if not isinstance(chosen, FolderSettings) or chosen.folder is None:
            notices.refuse("no folder of images is chosen", "choose one")
            return
        if not chosen.folder.is_dir():
            notices.refuse(
                f"there is no folder {chosen.folder}", "choose one of images"
            )
            return
        output = chosen.output or chosen.folder / LABELS
        self._section.clear()
        self._words, self._number, self._files, self._failures = "", 0, 0, 0
        self._run = self._desk.runner.start(
            "segment_files",
            self._on_event,
            self._on_end,
            inputs=(str(chosen.folder),),
            output=str(output),
            model=self._desk.session.source,
            settings=self._segment.settings(),
            suffix="" if chosen.format == "auto" else f".{chosen.format}",
            table=str(output / TABLE) if chosen.table else None,
        )
        self._desk.tasks.begin(self)

    def stop(self) -> None:
        """Stop at the next tile; files that are done stay."""
        if self._run is not None:
            self._desk.runner.stop(self._run)

    def _on_event(self, event: Event) -> None:
        if isinstance(event, FileDone):
            self._section.add(f"{event.path.name}: {counted(event.objects, 'object')}")
            self._count(event.number, event.files)
        elif isinstance(event, FileFailed):
            name = event.path.name
            reason = event.reason.replace(str(event.path), name)
            told = reason if reason.startswith(name) else f"{name}: {reason}"
            self._section.add(told, failed=True)
            self._failures += 1
            self._count(event.number, event.files)
        elif isinstance(event, TileDone):
            words = f"File {self._number + 1}: tile {event.done} of {event.total}"
            self._desk.tasks.progress(self, words, self._number, self._files)
        elif isinstance(event, BatchDone):
            self._words = event.text

    def _count(self, number: int, files: int) -> None:
        self._number, self._files = number, files
        self._desk.tasks.progress(self, f"File {number} of {files}", number, files)

    def _on_end(self, run: Run) -> None:
        words = self._words
        if run.failure:
            words = notices.report(run.failure)
        elif run.state is RunState.STOPPED:
            words = _stopped(self._number - self._failures, self._failures)
        self._run = None
        self._desk.tasks.end(self, words)

    def _update(self) -> None:
        session = self._desk.session
        self._section.set_ready(
            session.model is not None and session.state is State.IDLE
        )


def _stopped(done: int, failed: int) -> str:
    """Say what a run that was stopped leaves."""
    stay = "1 file is done and kept" if done == 1 else f"{done} files are done and kept"
    return f"Stopped. {stay}{f', {failed} failed' if failed else ''}."
