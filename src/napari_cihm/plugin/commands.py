"""What the Layers and File menus and the command palette offer."""

from napari.layers import Image as ImageLayer
from napari.layers import Labels
from napari.viewer import Viewer

from napari_cihm.plugin import notices
from napari_cihm.plugin.preferences import PLUGIN
from napari_cihm.plugin.widgets import SegmentWidget

TITLE = "Segment and fine-tune"


def segment_selected(viewer: Viewer) -> None:
    """Segment the selected image with the settings of the panel."""
    image = viewer.layers.selection.active
    panel = open_panel(viewer)
    if isinstance(image, ImageLayer):
        panel.coordinator.segment.segment_when_ready(image)
    else:
        notices.refuse("no image is selected", "select one in the layer list")


def finetune_selected(viewer: Viewer) -> None:
    """Fine-tune on the selected labels, with the settings of the panel."""
    selected = viewer.layers.selection
    layers = [x for x in viewer.layers if x in selected and isinstance(x, Labels)]
    panel = open_panel(viewer)
    panel.show_section(panel.coordinator.finetune_section)
    if layers:
        panel.coordinator.finetune.finetune_when_ready(layers)
    else:
        notices.refuse("no labels are selected", "select some in the layer list")


def segment_folder(viewer: Viewer) -> None:
    """Open the panel where a folder of images is segmented."""
    panel = open_panel(viewer)
    panel.coordinator.folder_section.opened = True
    panel.show_section(panel.coordinator.folder_section)


def open_panel(viewer: Viewer) -> SegmentWidget:
    """Open the panel, or bring the open one to the front."""
    dock, panel = viewer.window.add_plugin_dock_widget(PLUGIN, TITLE)
    dock.show()
    dock.raise_()
    found: SegmentWidget = panel
    return found
