"""Open napari with the panel, on the files given or else on a sample.

>>> python examples/open_window.py [FILE ...]
"""

import sys

import napari
from npe2 import PluginManager

PLUGIN = "napari-cihm"


def main(files: list[str]) -> None:
    """Show the plugin's first widget beside its first sample, or beside `files`."""
    viewer = napari.Viewer()
    viewer.window.resize(1360, 760)  # room for image and panel
    offered = PluginManager.instance().get_manifest(PLUGIN).contributions
    for widget in (offered.widgets or [])[:1]:
        viewer.window.add_plugin_dock_widget(PLUGIN, widget.display_name)
    if files:
        viewer.open(files)
    else:
        for sample in (offered.sample_data or [])[:1]:
            viewer.open_sample(PLUGIN, sample.key)
    napari.run()


if __name__ == "__main__":
    main(sys.argv[1:])
