"""What the Layers and File menus and the command palette offer."""

from napari.layers import Image as ImageLayer
from napari.layers import Labels
from napari.viewer import Viewer

from napari_cihm.plugin import notices
from napari_cihm.plugin.widgets import SegmentWidget

# As napari's own menu calls it, so that its entry shows and hides the same panel.
DOCK = "Segment and fine-tune (CIHM Segment)"


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
    panel.show_part(panel.coordinator.finetune_section)
    if layers:
        panel.coordinator.finetune.finetune_when_ready(layers)
    else:
        notices.refuse("no labels are selected", "select some in the layer list")


def segment_folder(viewer: Viewer) -> None:
    """Open the panel where a folder of images is segmented."""
    panel = open_panel(viewer)
    panel.coordinator.folder_section.opened = True
    panel.show_part(panel.coordinator.folder_section)


def open_panel(viewer: Viewer) -> SegmentWidget:
    """Open the panel, or bring the open one to the front."""
    window = viewer.window
    docked = window.dock_widgets.values()
    found = [panel for panel in docked if isinstance(panel, SegmentWidget)]
    panel = found[0] if found else SegmentWidget(viewer)
    if not found:
        window.add_dock_widget(panel, name=DOCK)
    dock = panel.parent()
    dock.show()
    dock.raise_()
    return panel
