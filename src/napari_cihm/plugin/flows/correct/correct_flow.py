"""Correcting: who answers each button and key of the section."""

from napari.layers import Labels, Layer
from qtpy.QtCore import QObject

from napari_cihm.config import CorrectSettings
from napari_cihm.plugin import notices
from napari_cihm.plugin.flows.correct.bench import Bench, can_be_corrected
from napari_cihm.plugin.flows.correct.doubting import Doubting
from napari_cihm.plugin.flows.correct.export_flow import ExportFlow
from napari_cihm.plugin.flows.correct.journalling import Journalling
from napari_cihm.plugin.flows.correct.labels_flow import SCALES, LabelsFlow
from napari_cihm.plugin.flows.correct.ordering import Ordering
from napari_cihm.plugin.flows.correct.pairing import Pairing
from napari_cihm.plugin.flows.correct.pointing import Pointing
from napari_cihm.plugin.flows.correct.resume_flow import ResumeFlow
from napari_cihm.plugin.flows.correct.review_flow import ReviewFlow
from napari_cihm.plugin.flows.correct.tables import Tables
from napari_cihm.plugin.flows.correct.tints import Tints
from napari_cihm.plugin.flows.correct.tool_flow import EDITS, ToolFlow
from napari_cihm.plugin.flows.correct.tour_flow import TourFlow
from napari_cihm.plugin.flows.desk import Desk
from napari_cihm.plugin.overlays import Overlays
from napari_cihm.plugin.preferences import preferences
from napari_cihm.plugin.shortcuts import HEARERS, Shortcuts
from napari_cihm.plugin.tools import ALL, REVIEWS
from napari_cihm.plugin.views.correct_section import CorrectSection
from napari_cihm.plugin.warming import compile_colours

MARKS = {tool.name for tool in REVIEWS}


class CorrectFlow(QObject):
    """Answers the *Correct* section.

    Attributes
    ----------
    bench : Bench
        The labels that are corrected.
    """

    def __init__(
        self,
        desk: Desk,
        section: CorrectSection,
        pairing: Pairing,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._desk, self._section = desk, section
        self.bench = bench = Bench(desk, _settings_of(section), pairing, self)
        overlays = Overlays(desk.scene)
        self.pointing = Pointing(desk.scene, overlays, self)
        self.tools = ToolFlow(bench, section, self.pointing, self)
        self.review = ReviewFlow(bench, section, self.pointing, self)
        self._tints = Tints(bench, overlays, section.review, self)
        ordering = Ordering(bench, Doubting(desk, self))
        self.tour = TourFlow(bench, section, ordering, self)
        self._journalling = Journalling(bench, self)
        self.resume = ResumeFlow(bench, section, self)
        self.tables = Tables(bench, self)
        self.export = ExportFlow(bench, section, self)
        self._keys = Shortcuts(self)
        self._keys.changed.connect(self._on_key_changed)
        self._section.set_keys({n: self._keys.text(t) for n, t in ALL.items()})
        section.pressed.connect(self._on_pressed)
        section.settings_changed.connect(self._on_settings_changed)
        section.table_requested.connect(self._on_table)
        scene = desk.scene
        scene.layer_removed.connect(self._on_layer_removed)
        scene.moved.connect(self._on_moved)
        HEARERS.add(self)
        bench.errands.start(compile_colours)
        self._labels = LabelsFlow(bench, section, self)
        bench.wake()
        self.tour.show_progress()

    def press(self, name: str, layer: Labels) -> bool:
        """Use a tool that a key was pressed for, if the layer is corrected here."""
        if not can_be_corrected(layer) or not self._desk.scene.holds(layer):
            return False
        self.bench.choose(layer)
        if layer.multiscale:
            notices.warn(SCALES)
        elif name in EDITS:
            self.tools.press_key(ALL[name])
        else:
            self._on_pressed(name)
        return True

    def close(self) -> None:
        """Take away what is ours in the viewer, and end the journals."""
        HEARERS.discard(self)
        self._keys.close()
        self.pointing.drop()
        self._tints.close()
        self.tables.close()
        # When no layer of ours is left to go, upon which all would be linked again.
        self._labels.close()
        self.bench.close()

    def _on_pressed(self, name: str) -> None:
        tool = ALL[name]
        if name in EDITS:
            self.tools.press(tool)
        elif name in MARKS:
            self.review.press(tool)
        else:
            self.tour.press(tool)

    def _on_layer_removed(self, layer: Layer) -> None:
        if isinstance(layer, Labels):
            # Others go with it, upon which unfinished work is looked for: in its
            # journal too, if that is being ended by then.
            self.bench.forget(layer)
            self._tints.forget(layer)

    def _on_settings_changed(self) -> None:
        before = self.bench.settings
        self.bench.use(_settings_of(self._section, before))
        if self.bench.settings.unit != before.unit:
            self.tour.forget()

    def _on_moved(self) -> None:
        layer = self.bench.labels
        if layer is not None and self._desk.scene.screen.hindrance(layer):
            self.pointing.drop()

    def _on_table(self) -> None:
        layer = self.bench.labels
        if layer is not None:
            self.tables.fill(layer)
            self._desk.scene.layers.selection.active = layer  # whose table is shown
            self._desk.scene.window.show_table()

    def _on_key_changed(self, name: str) -> None:
        self._section.set_keys({name: self._keys.text(ALL[name])})


def _settings_of(
    section: CorrectSection, before: CorrectSettings | None = None
) -> CorrectSettings:
    """Return what the section says; a refused number changes nothing."""
    chosen = section.settings() or before or CorrectSettings()
    folder = preferences().journal_folder
    return chosen.but(journal_folder=folder) if folder else chosen
