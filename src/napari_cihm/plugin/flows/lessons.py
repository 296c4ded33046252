"""The labels to learn from: which there are, which are ticked, what is right."""

from itertools import chain
from typing import Any
from weakref import WeakSet

from napari.layers import Image as ImageLayer
from napari.layers import Labels
from qtpy.QtCore import QObject, Signal

from napari_cihm.config import Channels
from napari_cihm.plugin.flows.correct.bench import Bench
from napari_cihm.plugin.flows.correct.material import Material, material_of
from napari_cihm.plugin.flows.correct.mending import Mending
from napari_cihm.plugin.signing import id_of
from napari_cihm.plugin.views.finetune_section import FinetuneSection

Row = tuple[str, str, str, bool]  # key, words, tooltip, whether any of it is reviewed

NO_LABELS = "Segment an image and correct its labels, or open an image with labels."
NO_IMAGE = "Open the image that the labels belong to: none has their shape."


class Lessons(QObject):
    """Lists labels for the user to tick, and says what can be learnt from them.

    Attributes
    ----------
    changed
        Emitted when others are there, are ticked or are marked.
    """

    changed = Signal()

    def __init__(self, bench: Bench, section: FinetuneSection, parent: QObject) -> None:
        super().__init__(parent)
        self._bench, self._section, self._pairing = bench, section, bench.pairing
        self._whole: WeakSet[Labels] = WeakSet()
        self._rows: dict[Labels, Row | None] = {}
        scene = bench.desk.scene
        for happened in (
            scene.layers_changed,
            scene.image_described,
            bench.desk.session.axes_typed,
        ):
            happened.connect(self._show)
        bench.chosen.connect(self._tell)
        bench.began.connect(self._on_began)
        bench.changed.connect(self._on_edited)
        bench.desk.layers.rewritten.connect(self._on_rewritten)
        section.pairs_changed.connect(self.changed)
        self._show()

    @property
    def layers(self) -> list[Labels]:
        """The labels that lie over an image whose pixels are theirs."""
        pairing = self._pairing
        return [x for x in self._flat if pairing.fitting_image_of(x) is not None]

    @property
    def lack(self) -> str:
        """What there has to be before anything can be learnt; empty if it is there."""
        if any(self._rows.values()):
            return ""
        return NO_IMAGE if self._rows else NO_LABELS

    @property
    def ticked(self) -> list[Labels]:
        """Those of them that the user wants to be learnt from."""
        keys = self._section.ticked
        return [layer for layer in self.layers if id_of(layer) in keys]

    @property
    def unmarked(self) -> Labels | None:
        """The first ticked labels of which nothing is marked."""
        return next((x for x in self.ticked if self._marks(x) is None), None)

    @property
    def materials(self) -> list[Material]:
        """What is ticked, in the form that the engine takes."""
        return [
            material_of(layer, layer.data, self._marks(layer), self._pairing)
            for layer in self.ticked
        ]

    def believe(self, layer: Labels) -> None:
        """Take all of some labels for right."""
        self._whole.add(layer)
        self._show()

    def channels(self, image: ImageLayer) -> Channels:
        """Return the channels by which labels of an image are learnt, if there are."""
        pairing = self._pairing
        over = [layer for layer in self.layers if pairing.image_of(layer) is image]
        ticked = (layer for layer in self.ticked if layer in over)
        return pairing.channels(image, next(chain(ticked, over), None))

    @property
    def _flat(self) -> list[Labels]:
        return [layer for layer in self._bench.candidates if not layer.multiscale]

    def _marks(self, layer: Labels) -> Any:
        """Return what is reviewed of a layer: "whole", a mask, or None for nothing.

        Who called all of it right goes on correcting it, and means all of it still.
        """
        if layer in self._whole:
            return "whole"
        reviewed = self._bench.reviewed_of(layer)
        if reviewed is not None and reviewed.any():
            return reviewed.view()
        return None

    def _part(self, layer: Labels, marks: Any) -> str:
        """Say how much of a layer is learnt."""
        if marks is None:
            return "not reviewed"
        if isinstance(marks, str):
            return "all of it"
        reviewed = self._bench.reviewed_of(layer)
        every = reviewed is not None and reviewed.all()
        return "all reviewed" if every else "reviewed part"

    def _on_rewritten(self, layer: Labels) -> None:
        """Believe no more of labels that a run wrote anew than what is marked."""
        self._whole.discard(layer)
        self._show()

    def _on_began(self, mending: Mending) -> None:
        self._look_at(mending.layer)

    def _on_edited(self) -> None:
        self._look_at(self._bench.labels)

    def _look_at(self, layer: Labels | None) -> None:
        """Look at one layer alone: to find the images of many takes a while."""
        if layer in self._rows:
            self._rows[layer] = self._row(layer)
            self._tell()

    def _show(self, *_: Any) -> None:
        self._rows = {layer: self._row(layer) for layer in self._flat}
        self._tell()

    def _tell(self) -> None:
        chosen = self._bench.labels
        usual = "" if chosen is None else id_of(chosen)
        rows = [
            (key, words, tooltip, reviewed or key == usual)
            for key, words, tooltip, reviewed in filter(None, self._rows.values())
        ]
        self._section.set_pairs(rows)
        self.changed.emit()

    def _row(self, layer: Labels) -> Row | None:
        """Return what is listed of some labels; None where they have no image."""
        image = self._pairing.fitting_image_of(layer)
        if image is None:
            return None
        marks = self._marks(layer)
        part = self._part(layer, marks)
        words = f"{layer.name} · {part}"
        tooltip = f"{layer.name}, over {image.name}: {part}"
        return id_of(layer), words, tooltip, marks is not None
