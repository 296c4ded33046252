"""The widgets that napari's menu offers."""

from typing import Any

from napari_cihm.plugin.coordinator import Coordinator
from napari_cihm.plugin.panel import Panel


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
