"""The models that fine-tuning made: used again, compared, renamed, shared, removed."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from napari.layers import Image as ImageLayer
from napari.layers import Labels
from qtpy.QtCore import QObject, Signal
from qtpy.QtWidgets import QFileDialog, QInputDialog, QMessageBox

from napari_cihm.events import Event, Listed, Segmented, Version
from napari_cihm.plugin import notices
from napari_cihm.plugin.flows.desk import Desk
from napari_cihm.plugin.flows.lessons import Lessons
from napari_cihm.plugin.flows.model_flow import ModelFlow
from napari_cihm.plugin.pictures import picture_of
from napari_cihm.plugin.preferences import models_home
from napari_cihm.plugin.region import Region
from napari_cihm.plugin.runner import QUICK, Run
from napari_cihm.plugin.views.finetune_section import FinetuneSection

COLOURS = "#ff9f43", "#4aa8ff"  # told apart by colour-blind eyes too


class HistoryFlow(QObject):
    """Answers the *History* rows.

    Parameters
    ----------
    model : ModelFlow
        Takes a model into use.
    lessons : Lessons
        Says by which of its channels an image is segmented.

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
        lessons: Lessons,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._desk, self._section, self._model = desk, section, model
        self._lessons = lessons
        self._versions: tuple[Version, ...] = ()
        self._shown: list[Labels] = []
        section.history.pressed.connect(self._on_pressed)
        section.history.chosen.connect(self._on_chosen)
        desk.session.model_changed.connect(self._show)
        self.refresh()

    def refresh(self) -> None:
        """List what is there."""
        self._ask(self._on_listed)

    def compare(self, first: str, second: str) -> None:
        """Lay the outlines of two models over the slice that is shown."""
        session, scene = self._desk.session, self._desk.scene
        image = session.image
        if image is None:
            notices.refuse(
                "there is no image to compare the models on", "open one first"
            )
            return
        self.close()
        region = scene.screen.region(image, session.axes, "slice")
        settings = {"device": session.device, "channels": self._lessons.channels(image)}
        for source, colour in zip((first, second), COLOURS, strict=True):
            name = f"{image.name} by {_name(source)}"
            self._desk.runner.start(
                "segment",
                partial(self._on_compared, image, region, name, colour),
                self._on_end,
                image=picture_of(image, region),
                model=source,
                settings=settings,
            )

    def close(self) -> None:
        """Take away the outlines that were compared."""
        for layer in self._shown:
            self._desk.previews.remove(layer)
        self._shown.clear()

    def _on_pressed(self, action: str, versions: list[Version]) -> None:
        first, *others = versions
        if action == "use":
            self._model.choose(str(first.path))
        elif action == "compare":
            older = str(others[0].path) if others else self._desk.session.source
            self.compare(older, str(first.path))
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
                f"{version.name} is in use", "wait until the current run ends"
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
                f"{version.name} is in use", "use another model before removing it"
            )
            return
        asked = QMessageBox.question(
            self._section,
            "Delete",
            f"Remove model {version.number}, {version.name}, for good?",
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

    def _on_compared(
        self, image: ImageLayer, region: Region, name: str, colour: str, event: Event
    ) -> None:
        if isinstance(event, Segmented) and self._desk.scene.holds(image):
            layer = self._desk.previews.outline(
                image, region, event.labels, name, colour
            )
            self._shown.append(layer)

    def _on_end(self, run: Run) -> None:
        if run.failure:
            notices.report(run.failure)

    def _on_chosen(self, version: Version) -> None:
        if version.curves and not self._desk.tasks:
            self._section.curves.show_lists(version.curves)

    def _show(self) -> None:
        self._section.history.show_versions(self._versions, self._desk.session.source)


def _name(source: str) -> str:
    """Call a version by its number and name, another model by its file."""
    number, _, name = Path(source).stem.partition("_")
    return f"{name} ({int(number)})" if number.isdigit() and name else Path(source).stem
