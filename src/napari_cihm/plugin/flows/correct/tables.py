"""Tables of measurements, each of its labels as they are, or empty."""

from functools import partial

from napari.layers import Image as ImageLayer
from napari.layers import Labels, Layer
from qtpy.QtCore import QObject

from napari_cihm.correction.edits import Edit
from napari_cihm.plugin import notices
from napari_cihm.plugin.flows.correct.bench import Bench
from napari_cihm.plugin.flows.correct.mending import Mending
from napari_cihm.plugin.flows.correct.table import Table
from napari_cihm.plugin.region import Region
from napari_cihm.plugin.signing import is_preview, record_of
from napari_cihm.plugin.wording import quoted


class Tables(QObject):
    """Keeps the tables of all labels that a run made, or that were resumed.

    Labels that the user opened get none before they are asked for.
    """

    def __init__(self, bench: Bench, parent: QObject) -> None:
        super().__init__(parent)
        self._bench = bench
        self._tables: dict[Labels, Table] = {}
        scene = bench.desk.scene
        bench.began.connect(self._on_began)
        bench.desk.layers.made.connect(self.follow)
        scene.layers_changed.connect(self._on_layers_changed)
        scene.layer_removed.connect(self._on_layer_removed)
        scene.image_described.connect(self._on_image_described)
        for layer in scene.labels:
            if _is_measured(layer):  # who knows what became of them without a panel
                self.follow(layer)

    def follow(self, layer: Labels, region: Region | None = None) -> None:
        """Measure labels now and whenever they changed.

        They are of a region of their image, if it is not all.
        """
        if layer not in self._tables:
            self._tables[layer] = Table(layer, self._bench, self)
        self._tables[layer].begin(region)

    def fill(self, layer: Labels) -> None:
        """Measure labels whose table is empty, or say why it stays so."""
        if len(layer.features):
            return
        self.follow(layer)  # what it lacked when last asked may be there by now
        if not self._tables[layer].possible:
            notices.warn(
                f"{quoted(layer.name)} is not measured",
                "it takes an image of its shape, and labels that fit into memory",
            )

    def close(self) -> None:
        """Measure no more."""
        scene = self._bench.desk.scene
        scene.layers_changed.disconnect(self._on_layers_changed)
        scene.image_described.disconnect(self._on_image_described)
        for layer in list(self._tables):
            self._on_layer_removed(layer)

    def _on_began(self, mending: Mending) -> None:
        mending.edited.connect(partial(self._on_edited, mending.layer))

    def _on_edited(self, layer: Labels, edit: Edit | None) -> None:
        if layer in self._tables:
            self._tables[layer].change(edit)

    def _on_layers_changed(self) -> None:
        for layer in self._bench.desk.scene.labels:
            if layer in self._tables or not _is_measured(layer):
                continue
            if len(layer.features):  # a copy, whose table is right so far
                self._tables[layer] = Table(layer, self._bench, self)
            else:
                self.follow(layer)

    def _on_image_described(self, image: ImageLayer) -> None:
        """Measure in the units that an image has now; another shape leaves tables."""
        for layer, table in self._tables.items():
            if self._bench.pairing.image_of(layer) is image and table.possible:
                table.change(None)

    def _on_layer_removed(self, layer: Layer) -> None:
        table = self._tables.pop(layer, None)
        if table is not None:
            table.close()
            table.deleteLater()


def _is_measured(layer: Labels) -> bool:
    """Tell whether labels, or what they are a copy of, have a table of ours."""
    return bool(record_of(layer).get("measured")) and not is_preview(layer)
