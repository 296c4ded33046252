"""The labels that are corrected just now, and all that were begun."""

from pathlib import Path

from napari.layers import Labels, Layer
from qtpy.QtCore import QObject, Signal

from napari_cihm.config import CorrectSettings
from napari_cihm.correction.journal import Claim
from napari_cihm.correction.reviewed import Reviewed
from napari_cihm.correction.working_copy import working_copy
from napari_cihm.plugin import notices
from napari_cihm.plugin.flows.correct.mending import Mending
from napari_cihm.plugin.flows.correct.pairing import Pairing
from napari_cihm.plugin.flows.correct.resting import RESTING
from napari_cihm.plugin.flows.desk import Desk
from napari_cihm.plugin.flows.errands import Errands
from napari_cihm.plugin.overlays import is_overlay
from napari_cihm.plugin.signing import is_passing


class Bench(QObject):
    """Knows which labels are chosen, and begins their correction when it is needed.

    Attributes
    ----------
    chosen
        Emitted when other labels are corrected, or none.
    began
        Emitted with a correction that just began.
    changed
        Emitted when the labels that are chosen, or their marks, changed.
    settings : CorrectSettings
        Of the tools and all else.
    errands : Errands
        Runs what would hold up the window.
    """

    chosen = Signal()
    began = Signal(object)
    changed = Signal()

    def __init__(
        self,
        desk: Desk,
        settings: CorrectSettings,
        pairing: Pairing,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self.desk, self.settings, self.pairing = desk, settings, pairing
        self.errands = Errands(self)
        self.labels: Labels | None = None
        self._mendings: dict[Labels, Mending] = {}
        desk.layers.reviewed_of = self.reviewed_of

    @property
    def candidates(self) -> list[Labels]:
        """The labels that can be chosen, the topmost first."""
        return [layer for layer in self.desk.scene.labels if can_be_corrected(layer)]

    @property
    def mending(self) -> Mending | None:
        """The correction of the chosen labels, if it began."""
        return None if self.labels is None else self.begun(self.labels)

    def begun(self, layer: Labels) -> Mending | None:
        """Return the correction of a layer, if it began."""
        return self._mendings.get(layer)

    def choose(self, layer: Labels | None) -> None:
        """Correct other labels from now on."""
        if layer is not self.labels:
            self.labels = layer
            self.chosen.emit()

    def begin(
        self,
        layer: Labels,
        reviewed: Reviewed | None = None,
        resumed: Claim | None = None,
    ) -> Mending:
        """Return the correction of a layer; begin it if it did not yet.

        One that another panel ended is gone on with, in its journal.
        Labels in a file or behind a computation are copied where they are touched:
        the user's files are never written.
        """
        if layer in self._mendings:
            return self._mendings[layer]
        data, said = working_copy(layer.data)
        if data is not layer.data:
            layer.data = data
            notices.tell(said)
        rest = RESTING.pop(layer, None) if reviewed is None else None
        if rest is not None and rest.reviewed.shape == tuple(layer.data.shape):
            reviewed, resumed = rest.reviewed, rest.claim()
        layers = self.desk.layers
        mending = Mending(
            layer,
            self.settings,
            self.errands,
            lambda: layers.writing,
            reviewed,
            resumed,
            self,
        )
        self._mendings[layer] = mending
        self.pairing.keep(layer)
        mending.changed.connect(self._on_changed)
        mending.followed.connect(self.desk.tasks.say)
        self.began.emit(mending)
        return mending

    def wake(self) -> None:
        """Go on with what another panel began on labels that are still open."""
        for layer in self.candidates:
            if layer in RESTING:
                self.begin(layer)

    @property
    def journals(self) -> set[Path]:
        """Where all that was begun here is kept."""
        kept = (mending.session.journal for mending in self._mendings.values())
        return {journal.path for journal in kept if journal is not None}

    def use(self, settings: CorrectSettings) -> None:
        """Go by other settings from now on."""
        self.settings = settings
        for mending in self._mendings.values():
            mending.session.settings = settings

    def forget(self, layer: Layer) -> None:
        """End the correction of a layer that is gone."""
        mending = self._mendings.pop(layer, None)
        if mending is not None:
            RESTING[mending.layer] = mending.close()
            mending.deleteLater()

    def close(self) -> None:
        """End all corrections."""
        self.errands.close()
        for layer in list(self._mendings):
            self.forget(layer)

    def reviewed_of(self, layer: Labels) -> Reviewed | None:
        """Return what is reviewed of some labels; None where nothing was begun."""
        mending = self.begun(layer)
        if mending is None:
            return None
        mending.settle()  # a stroke that just ended is marked too
        return mending.session.reviewed

    def _on_changed(self) -> None:
        if self.sender() is self.mending:
            self.changed.emit()


def can_be_corrected(layer: Layer) -> bool:
    """Tell whether a layer holds labels that are someone's work."""
    ours = is_overlay(layer) or is_passing(layer)
    return isinstance(layer, Labels) and not ours
