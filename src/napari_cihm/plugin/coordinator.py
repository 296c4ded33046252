"""The coordinator: makes session, panel and flows, and joins them to the viewer."""

from pathlib import Path
from typing import Any

from napari.layers import Image as ImageLayer
from napari.layers import Layer
from qtpy.QtCore import QObject, QTimer

from napari_cihm.errors import CihmError
from napari_cihm.plugin import notices
from napari_cihm.plugin.flows.correct.bench import can_be_corrected
from napari_cihm.plugin.flows.correct.correct_flow import CorrectFlow
from napari_cihm.plugin.flows.correct.pairing import Pairing
from napari_cihm.plugin.flows.desk import Desk
from napari_cihm.plugin.flows.finetune_flow import FinetuneFlow
from napari_cihm.plugin.flows.folder_flow import FolderFlow
from napari_cihm.plugin.flows.image_flow import ImageFlow
from napari_cihm.plugin.flows.model_flow import ModelFlow
from napari_cihm.plugin.flows.segment_flow import SegmentFlow
from napari_cihm.plugin.flows.tasks import Tasks
from napari_cihm.plugin.keys import Keys
from napari_cihm.plugin.layers import ResultLayers
from napari_cihm.plugin.panel import Panel
from napari_cihm.plugin.preferences import PLUGIN, preferences
from napari_cihm.plugin.previews import Previews
from napari_cihm.plugin.runner import Runner
from napari_cihm.plugin.scene import Scene
from napari_cihm.plugin.session import Session
from napari_cihm.plugin.style import sheet_for
from napari_cihm.plugin.views.correct_section import CorrectSection
from napari_cihm.plugin.views.finetune_section import FinetuneSection
from napari_cihm.plugin.views.folder_section import FolderSection
from napari_cihm.plugin.views.model_section import SUFFIXES, ModelSection
from napari_cihm.plugin.views.segment_section import SegmentSection
from napari_cihm.plugin.warming import warm_up

SETTLED = 1000  # milliseconds after which a panel that opened is surely drawn


class Coordinator(QObject):
    """Joins one panel to one viewer, until the panel is closed or goes with its window.

    Attributes
    ----------
    model, image, segment, correct, finetune, folder : flow
        What answers each section.
    finetune_section, folder_section : Section
        What menus lead to.
    """

    def __init__(self, viewer: Any, panel: Panel) -> None:
        super().__init__(panel)
        self._closed = False
        chosen = preferences()
        scene = Scene(viewer, self)
        # Not a child: it must outlive the panel for as long as its process takes.
        runner = Runner()
        session = Session(chosen.device, self)
        tasks = Tasks(session, panel.run_bar, self)
        previews = Previews(scene)
        layers = ResultLayers(scene, previews, self)
        self.panel = panel
        self.desk = desk = Desk(session, scene, layers, previews, runner, tasks)
        model, segment, correct, finetune, folder = sections = (
            ModelSection(panel),
            SegmentSection(panel),
            CorrectSection(panel),
            FinetuneSection(panel),
            FolderSection(panel),
        )
        for section in sections:
            panel.add_section(section)
        self.finetune_section, self.folder_section = finetune, folder
        self.model = ModelFlow(desk, model, self)
        self.image = ImageFlow(desk, segment, self)
        self.segment = SegmentFlow(desk, segment, self.image, self)
        pairing = Pairing(scene, session, self.segment.settings)
        self.correct = CorrectFlow(desk, correct, pairing, self)
        self.finetune = FinetuneFlow(
            desk, finetune, self.correct.bench, self.model, self.segment, self
        )
        self.folder = FolderFlow(desk, folder, self.segment, self)
        pointing, cancel = self.correct.pointing, panel.run_bar.cancel.click
        self._keys = Keys(scene, session, pointing, segment.segment.click, cancel, self)
        for happened, part in (
            (finetune.verdict.shown, finetune.verdict),
            (finetune.unmarked.offered, finetune.unmarked),
            (finetune.history.title.clicked, finetune.history),
            (folder.failed, folder.report),
        ):
            happened.connect(lambda *_, part=part: panel.show_part(part))
        panel.files_dropped.connect(self._on_files_dropped)
        panel.closed.connect(self._on_closed)
        # When the whole window goes the panel hears of nothing else; all that it holds
        # is still there.
        panel.destroyed.connect(lambda: self.close())
        scene.theme_changed.connect(self._on_theme_changed)
        scene.layer_removed.connect(self._on_layer_removed)
        self._on_theme_changed()
        self.model.choose(chosen.model)
        self._settled = QTimer(self, singleShot=True, interval=SETTLED)
        self._settled.timeout.connect(warm_up)
        self._settled.start()

    def close(self) -> None:
        """Stop what runs, leave the viewer as it is, and let go of it."""
        if self._closed:
            return
        self._closed = True
        self.desk.runner.close()
        self.desk.tasks.close()
        self._keys.close()
        self.segment.close()
        self.finetune.close()
        self.correct.close()
        self.desk.scene.close()

    def _on_closed(self) -> None:
        self.close()
        self.panel.deleteLater()

    def _on_files_dropped(self, paths: list[str]) -> None:
        for path in paths:
            if Path(path).suffix.lower() in SUFFIXES:
                self.model.choose(path)
                continue
            try:
                self.desk.scene.window.open(path, PLUGIN if _is_ours(path) else None)
            except CihmError as error:
                notices.explain(error)

    def _on_layer_removed(self, layer: Layer) -> None:
        if isinstance(layer, ImageLayer) or can_be_corrected(layer):
            self.desk.tasks.forget()

    def _on_theme_changed(self) -> None:
        theme = self.desk.scene.theme
        self.panel.setStyleSheet(sheet_for(theme))
        self.finetune.set_theme(theme)


def _is_ours(path: str) -> bool:
    # What reads files would keep the panel waiting while it opens.
    from napari_cihm.plugin.readers import get_reader

    return get_reader(path) is not None
