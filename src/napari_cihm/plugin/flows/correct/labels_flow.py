"""Choosing labels: those that are corrected, and what can be done with them."""

from typing import Any

from napari.layers import Labels, Layer
from qtpy.QtCore import QObject

from napari_cihm.correction.working_copy import working_copy
from napari_cihm.plugin import notices
from napari_cihm.plugin.flows.correct.bench import Bench, can_be_corrected
from napari_cihm.plugin.placing import place_of
from napari_cihm.plugin.signing import id_of
from napari_cihm.plugin.views.correct_section import CorrectSection

NO_LABELS = "Segment an image, or open labels, to correct them here."
SCALES = (
    "These labels have several scales, which napari cannot edit. You can edit a copy "
    "of the finest."
)


class LabelsFlow(QObject):
    """Follows the viewer's labels, and answers where some are chosen."""

    def __init__(self, bench: Bench, section: CorrectSection, parent: QObject) -> None:
        super().__init__(parent)
        self._bench, self._section = bench, section
        self._planes = (False, False)
        scene = bench.desk.scene
        section.labels_chosen.connect(self._on_labels_chosen)
        section.copy.accepted.connect(self._on_copy)
        scene.layers_changed.connect(self._on_layers_changed)
        scene.labels_selected.connect(self._on_labels_selected)
        scene.layer_removed.connect(self._on_layer_removed)
        bench.chosen.connect(self._show)
        bench.desk.session.image_changed.connect(self._show)  # its axes, maybe
        self._on_layers_changed()

    def close(self) -> None:
        """Hear of no brush any more."""
        for layer in self._bench.desk.scene.labels:
            self._on_layer_removed(layer)

    def _on_layers_changed(self) -> None:
        listed = self._bench.candidates
        for layer in listed:
            # Before the first stroke, so that it meets labels that may be written.
            layer.events.mode.disconnect(self._on_mode)
            layer.events.mode.connect(self._on_mode)
        if self._bench.labels not in listed:
            self._bench.choose(listed[0] if listed else None)
        self._show()

    def _on_labels_selected(self, layer: Labels) -> None:
        if can_be_corrected(layer):
            self._bench.choose(layer)

    def _on_labels_chosen(self, key: str) -> None:
        for layer in self._bench.candidates:
            if id_of(layer) == key:
                self._bench.desk.scene.layers.selection.active = layer
                self._bench.choose(layer)

    def _on_mode(self, event: Any) -> None:
        layer = event.source
        if can_be_corrected(layer) and not layer.multiscale:
            self._bench.begin(layer)

    def _on_copy(self) -> None:
        layer = self._bench.labels
        if layer is None:
            return
        data, said = working_copy(layer.data)
        name, image = f"{layer.name} copy", self._bench.pairing.image_of(layer)
        copy = self._bench.desk.layers.add_copy(data, name, place_of(layer), image)
        layer.visible = False
        notices.tell(said)
        self._bench.choose(copy)

    def _on_layer_removed(self, layer: Layer) -> None:
        if isinstance(layer, Labels):
            layer.events.mode.disconnect(self._on_mode)

    def _show(self) -> None:
        bench, section = self._bench, self._section
        layer = bench.labels
        listed = [(id_of(x), x.name) for x in bench.candidates]
        section.set_labels(listed, "" if layer is None else id_of(layer))
        scaled = layer is not None and layer.multiscale
        section.copy.offer(SCALES if scaled else "")
        section.set_ready(
            layer is not None and not scaled, NO_LABELS if layer is None else ""
        )
        deep = layer is not None and layer.ndim > 2
        planes = deep, deep and "z" in bench.pairing.axes_of(layer)
        if planes != self._planes:  # to lay all buttons out anew takes a while
            self._planes = planes
            section.set_stack(*planes)
