"""Listing the networks that can be trained."""

from qtpy.QtCore import QObject

from napari_cihm.events import Event, Networks
from napari_cihm.plugin import notices
from napari_cihm.plugin.runner import QUICK, Run, Runner
from napari_cihm.plugin.views.networks_view import NetworksSection


class NetworksFlow(QObject):
    """Fills the *Networks* section, once."""

    def __init__(
        self, runner: Runner, section: NetworksSection, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._section = section
        runner.start("networks", self._on_event, self._on_end, QUICK)

    def _on_event(self, event: Event) -> None:
        if isinstance(event, Networks):
            self._section.show_networks(event.networks)

    def _on_end(self, run: Run) -> None:
        if run.failure:
            self._section.show_text(notices.reason_of(run.failure))
