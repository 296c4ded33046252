"""The verdict on a new model: which of the two is in use, and both side by side."""

from qtpy.QtCore import QObject

from napari_cihm.plugin.flows.comparing import Comparing
from napari_cihm.plugin.flows.desk import Desk
from napari_cihm.plugin.flows.history_flow import HistoryFlow
from napari_cihm.plugin.flows.learning import Learning
from napari_cihm.plugin.flows.model_flow import ModelFlow
from napari_cihm.plugin.views.verdict_card import VerdictCard


class VerdictFlow(QObject):
    """Answers the card that shows the old and the new model."""

    def __init__(
        self,
        desk: Desk,
        card: VerdictCard,
        model: ModelFlow,
        history: HistoryFlow,
        comparing: Comparing,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._desk, self._card, self._model = desk, card, model
        self._before = self._after = ""
        card.new_wanted.connect(lambda: self._use(self._after))
        card.old_wanted.connect(lambda: self._use(self._before))
        card.compare_requested.connect(
            lambda: comparing.show(self._before, self._after)
        )
        history.renamed.connect(self._on_renamed)
        history.removed.connect(self._on_removed)
        desk.session.model_changed.connect(self._on_model_changed)

    def begin(self) -> None:
        """Await a verdict on what is learnt from the model in use."""
        self._before, self._after = self._desk.session.source, ""
        self._card.hide()

    def show(self, learning: Learning) -> str:
        """Say what came of a run, and use the new model where it is better."""
        kept = learning.kept
        if kept is None:
            return f"{learning.why} The model is unchanged."
        self._after = str(kept.version.path)
        self._card.show_verdict(kept)
        quiet = (note for note in learning.notes if note not in kept.warnings)
        self._card.show_note(" ".join((learning.sure, *quiet)))
        if kept.version.accepted:
            self._model.choose(self._after)
        return str(self._card.title.text())

    def _use(self, source: str) -> None:
        self._model.choose(source)
        self._show_used()

    def _show_used(self) -> None:
        """Show the verdict while it is one on the model in use."""
        known = {self._before: False, self._after: True} if self._after else {}
        self._card.show_used(known.get(self._desk.session.source))

    def _on_model_changed(self) -> None:
        self._show_used()
        if not self._card.isHidden():
            self._desk.tasks.say(self._card.title.text())

    def _on_renamed(self, before: str, now: str) -> None:
        if self._before == before:
            self._before = now
        if self._after == before:
            self._after = now
        self._show_used()

    def _on_removed(self, source: str) -> None:
        if source in (self._before, self._after):
            self._after = ""  # there are no two models any more to choose between
            self._show_used()
