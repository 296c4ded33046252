"""The widgets that napari's menu offers."""

from typing import Any

from napari_cihm.plugin.coordinator import Coordinator
from napari_cihm.plugin.flows.check_flow import CheckFlow
from napari_cihm.plugin.flows.networks_flow import NetworksFlow
from napari_cihm.plugin.panel import Panel
from napari_cihm.plugin.parts.section import Section
from napari_cihm.plugin.runner import Runner
from napari_cihm.plugin.scene import Scene
from napari_cihm.plugin.style import sheet_for
from napari_cihm.plugin.views.check_view import CheckSection
from napari_cihm.plugin.views.networks_view import NetworksSection


class SegmentWidget(Panel):
    """Segment the viewer's images, step by step."""

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__()
        self.coordinator = Coordinator(napari_viewer, self)


class _SideWidget(Panel):
    """A panel of one section, beside the work, with a process of its own."""

    def __init__(self, napari_viewer: Any, section: Section) -> None:
        super().__init__()
        self.run_bar.hide()
        self.section = section
        self.add_section(section)
        self._runner = runner = Runner()
        self._scene = scene = Scene(napari_viewer, self)
        self._scene.theme_changed.connect(self._on_theme_changed)
        self._on_theme_changed()
        self.closed.connect(self.deleteLater)
        self.destroyed.connect(lambda: runner.close())
        self.destroyed.connect(lambda: scene.close())

    def _on_theme_changed(self) -> None:
        self.setStyleSheet(sheet_for(self._scene.theme))


class CheckWidget(_SideWidget):
    """Examine model files without using them."""

    def __init__(self, napari_viewer: Any) -> None:
        section = CheckSection()
        super().__init__(napari_viewer, section)
        self.flow = CheckFlow(self._runner, section, self)
        self.files_dropped.connect(lambda paths: self.flow.check(paths[0]))
        self._runner.warm_up()


class NetworksWidget(_SideWidget):
    """List the networks that can be trained, and what they cost."""

    def __init__(self, napari_viewer: Any) -> None:
        section = NetworksSection()
        super().__init__(napari_viewer, section)
        self.flow = NetworksFlow(self._runner, section, self)
