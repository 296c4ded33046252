"""Choosing a model: it is examined first, and a refused one changes nothing."""

from pathlib import Path

from qtpy.QtCore import QObject

from napari_cihm.errors import sentence
from napari_cihm.events import Event, Examined, Machine
from napari_cihm.plugin import notices
from napari_cihm.plugin.flows.desk import Desk
from napari_cihm.plugin.preferences import RecentModels
from napari_cihm.plugin.runner import QUICK, Run
from napari_cihm.plugin.views.model_section import ModelSection
from napari_cihm.plugin.wording import quoted


class ModelFlow(QObject):
    """Answers the *Model* section."""

    def __init__(self, desk: Desk, section: ModelSection, parent: QObject) -> None:
        super().__init__(parent)
        self._desk, self._section = desk, section
        self._recent = RecentModels()
        self._machine = Machine((), "", ())
        self._looking: Run | None = None
        self._wanted = ""
        section.model_chosen.connect(self.choose)
        section.device_chosen.connect(self._on_device_chosen)

    def choose(self, name: str) -> None:
        """Examine a model by its name or file, and use it if it can be."""
        if self._looking is not None:
            self._desk.runner.stop(self._looking)
        self._wanted = name
        if self._desk.session.model is None:
            self._section.show_busy(f"Loading {Path(name).stem}…")
        self._looking = self._desk.runner.start(
            "look",
            self._on_event,
            self._on_end,
            lane=QUICK,
            model=name,
            device=self._desk.session.device,
        )
        self._refresh()

    def follow(self, before: str, now: str) -> None:
        """Go on with a model whose file was given another name."""
        session = self._desk.session
        used = session.source == before
        self._recent.rename(before, now)
        if used:
            session.source = now
        if before == self._wanted or (used and self._looking is None):
            self.choose(now)  # so that its new name is read
        else:
            self._refresh()

    def _on_device_chosen(self, device: str) -> None:
        session = self._desk.session
        session.device = device
        if name := session.source or self._wanted:
            self.choose(name)

    def _on_event(self, event: Event) -> None:
        if isinstance(event, Machine):
            self._machine = event
            self._refresh()
        elif isinstance(event, Examined):
            self._take(event)

    def _take(self, seen: Examined) -> None:
        session = self._desk.session
        if seen.usable:
            if seen.path.is_file() and self._wanted not in self._machine.models:
                self._recent.add(str(seen.path.resolve()))
            session.set_model(seen, self._wanted)
            self._section.show_model(seen)
            return
        fault = seen.findings[0]
        if session.model is None:
            self._section.show_model(seen)
        else:
            kept = f"{quoted(session.model.name)} stays in use"
            notices.refuse(f"{fault.text}. {sentence(fault.remedy)}".strip(), kept)

    def _on_end(self, run: Run) -> None:
        if run is not self._looking:
            return
        self._looking = None
        if run.failure:
            notices.report(run.failure)
            if self._desk.session.model is None:
                self._section.show_busy("No model is loaded.")
        self._refresh()

    def _refresh(self) -> None:
        session = self._desk.session
        shown = self._wanted if self._looking is not None else session.source
        self._section.set_models(self._machine.models, self._recent.files, shown)
        machine = self._machine
        self._section.set_devices(machine.devices, machine.auto, session.device)
