"""The widgets that napari's menu offers."""

from typing import Any

from napari_cihm.plugin.coordinator import Coordinator
from napari_cihm.plugin.flows.check_flow import CheckFlow
from napari_cihm.plugin.panel import Panel
from napari_cihm.plugin.runner import Runner
from napari_cihm.plugin.scene import Scene
from napari_cihm.plugin.style import sheet_for
from napari_cihm.plugin.views.check_view import CheckSection


class SegmentWidget(Panel):
    """Segment the viewer's images, step by step.

    Parameters
    ----------
    napari_viewer : napari.Viewer
        The viewer it belongs to.
    """

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__()
        self.coordinator = Coordinator(napari_viewer, self)


class CheckWidget(Panel):
    """Examine model files without using them.

    Parameters
    ----------
    napari_viewer : napari.Viewer
        The viewer it belongs to.
    """

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__()
        self.run_bar.hide()
        self.section = CheckSection(self)
        self.add_section(self.section)
        runner = Runner()
        self.flow = CheckFlow(runner, self.section, self)
        self._scene = Scene(napari_viewer, self)
        self._scene.theme_changed.connect(self._on_theme_changed)
        self._on_theme_changed()
        self.files_dropped.connect(lambda paths: self.flow.check(paths[0]))
        self.closed.connect(self._on_closed)
        self.destroyed.connect(lambda: runner.close())
        runner.warm_up()

    def _on_theme_changed(self) -> None:
        self.setStyleSheet(sheet_for(self._scene.theme))

    def _on_closed(self) -> None:
        self._scene.close()
        self.deleteLater()
