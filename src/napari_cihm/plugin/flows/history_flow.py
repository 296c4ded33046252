"""The models that fine-tuning made: used again, compared, renamed, shared, removed."""

from collections.abc import Callable
from functools import partial
from typing import Any

from qtpy.QtCore import QObject, Signal
from qtpy.QtWidgets import QFileDialog, QInputDialog, QMessageBox

from napari_cihm.events import Event, Listed, Version
from napari_cihm.plugin import notices
from napari_cihm.plugin.flows.comparing import Comparing
from napari_cihm.plugin.flows.desk import Desk
from napari_cihm.plugin.flows.model_flow import ModelFlow
from napari_cihm.plugin.preferences import models_home
from napari_cihm.plugin.runner import QUICK, Run
from napari_cihm.plugin.views.finetune_section import FinetuneSection
from napari_cihm.plugin.wording import quoted


class HistoryFlow(QObject):
    """Answers the *History* rows.

    Attributes
    ----------
    renamed
        Emitted with a version's file as it was and as it is called now.
    removed
        Emitted with the file of a version that is no more.
    """

    renamed = Signal(str, str)
    removed = Signal(str)

    def __init__(
        self,
        desk: Desk,
        section: FinetuneSection,
        model: ModelFlow,
        comparing: Comparing,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._desk, self._section, self._model = desk, section, model
        self._comparing = comparing
        self._versions: tuple[Version, ...] = ()
        section.history.pressed.connect(self._on_pressed)
        section.history.chosen.connect(self._on_chosen)
        desk.session.model_changed.connect(self._show)
        self.refresh()

    def refresh(self) -> None:
        """List what is there."""
        self._ask(self._on_listed)

    def _on_pressed(self, action: str, versions: list[Version]) -> None:
        first, *others = versions
        if action == "use":
            self._model.choose(str(first.path))
        elif action == "compare":
            older = str(others[0].path) if others else self._desk.session.source
            self._comparing.show(older, str(first.path))
        elif action == "rename":
            self._rename(first)
        elif action == "export":
            self._export(first)
        else:
            self._delete(first)

    def _rename(self, version: Version) -> None:
        used = str(version.path) == self._desk.session.source
        if used and self._desk.tasks:
            notices.refuse(
                f"{quoted(version.name)} is in use", "wait until the current run ends"
            )
            return
        name, ok = QInputDialog.getText(
            self._section, "Rename", "Name of the model", text=version.name
        )
        if ok and name.strip() != version.name:
            hear = partial(self._on_renamed, version)
            self._ask(hear, change="rename", path=version.path, to=name.strip())

    def _export(self, version: Version) -> None:
        path, _ = QFileDialog.getSaveFileName(
            self._section,
            "Export the model",
            f"{version.name}.safetensors",
            "Models (*.safetensors)",
        )
        if path:
            self._ask(self._on_listed, change="export", path=version.path, to=path)

    def _delete(self, version: Version) -> None:
        if str(version.path) == self._desk.session.source:
            notices.refuse(
                f"{quoted(version.name)} is in use",
                "use another model before you delete it",
            )
            return
        asked = QMessageBox.question(
            self._section,
            "Delete",
            f"Delete model {version.number}, {quoted(version.name)}, for good?",
        )
        if asked == QMessageBox.StandardButton.Yes:
            hear = partial(self._on_deleted, version)
            self._ask(hear, change="delete", path=version.path)

    def _ask(self, hear: Callable[[Event], None], **arguments: Any) -> None:
        self._desk.runner.start(
            "versions",
            hear,
            self._on_end,
            lane=QUICK,
            folder=models_home(),
            **arguments,
        )

    def _on_listed(self, event: Event) -> None:
        if isinstance(event, Listed):
            self._versions = event.versions
            self._show()

    def _on_renamed(self, before: Version, event: Event) -> None:
        """Follow a model to its new name, which its number tells."""
        if isinstance(event, Listed):
            now = next(v for v in event.versions if v.number == before.number)
            self._model.follow(str(before.path), str(now.path))
            self.renamed.emit(str(before.path), str(now.path))
        self._on_listed(event)

    def _on_deleted(self, version: Version, event: Event) -> None:
        self._on_listed(event)
        self.removed.emit(str(version.path))

    def _on_end(self, run: Run) -> None:
        if run.failure:
            notices.report(run.failure)

    def _on_chosen(self, version: Version) -> None:
        if version.curves and not self._desk.tasks:
            self._section.curves.show_lists(version.curves)

    def _show(self) -> None:
        self._section.history.show_versions(self._versions, self._desk.session.source)
