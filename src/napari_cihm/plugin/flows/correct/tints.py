"""The tint that shows what is reviewed of labels."""

from dataclasses import dataclass

from napari.layers import Labels
from qtpy.QtCore import QObject

from napari_cihm.correction.reviewed import Reviewed
from napari_cihm.data.boxes import volume_of, whole
from napari_cihm.plugin.flows.correct.bench import Bench
from napari_cihm.plugin.flows.correct.mending import Mending
from napari_cihm.plugin.overlays import Overlays
from napari_cihm.plugin.views.review_rows import ReviewRows

FEW = 1 << 22  # pixels that are drawn by themselves, not with all the others


@dataclass(eq=False)
class Tint:
    """A layer over what is reviewed, and how many changes of the marks it shows."""

    layer: Labels
    reviewed: Reviewed
    changes: int


class Tints(QObject):
    """Keeps a tint over all labels of which anything is marked."""

    def __init__(
        self, bench: Bench, overlays: Overlays, rows: ReviewRows, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._bench, self._overlays, self._rows = bench, overlays, rows
        self._tints: dict[Labels, Tint] = {}
        bench.began.connect(self._on_began)
        rows.shown_chosen.connect(self._on_shown_chosen)

    def forget(self, layer: Labels) -> None:
        """Let the tint go with the labels it belongs to."""
        tint = self._tints.pop(layer, None)
        if tint is not None:
            self._overlays.remove(tint.layer)

    def close(self) -> None:
        """Take all tints away."""
        for layer in list(self._tints):
            self.forget(layer)

    def _on_began(self, mending: Mending) -> None:
        mending.marked.connect(lambda: self._draw(mending))
        self._draw(mending)

    def _draw(self, mending: Mending) -> None:
        """Draw the tint anew; there is none before anything is marked."""
        layer, reviewed = mending.layer, mending.session.reviewed
        if self._bench.begun(layer) is not mending:
            return
        tint = self._tints.get(layer)
        if tint is None:
            self._add(layer, reviewed)
        elif self._bench.desk.scene.holds(tint.layer):  # else the user wants it not
            if tint.reviewed is reviewed:
                boxes = reviewed.since(tint.changes)
                few = boxes is not None and sum(map(volume_of, boxes)) <= FEW
                self._overlays.draw_reviewed(tint.layer, boxes if few else None)
            else:
                tint.layer.data, tint.reviewed = reviewed.view(), reviewed
            tint.changes = reviewed.changes

    def _add(self, layer: Labels, reviewed: Reviewed) -> None:
        if reviewed.touches(whole(reviewed.shape)):
            visible = self._rows.shown.isChecked()
            tint = self._overlays.show_reviewed(layer, reviewed, visible)
            self._tints[layer] = Tint(tint, reviewed, reviewed.changes)

    def _on_shown_chosen(self, shown: bool) -> None:
        for layer, tint in list(self._tints.items()):
            if self._bench.desk.scene.holds(tint.layer):
                tint.layer.visible = shown
            elif shown and (mending := self._bench.begun(layer)) is not None:
                del self._tints[layer]
                self._draw(mending)
