"""Open napari with the panel, on the files given or else on a sample.

>>> python examples/open_window.py [FILE ...]
"""

import sys

import napari

from napari_cihm.plugin.commands import open_panel


def main(files: list[str]) -> None:
    """Show the panel beside a sample, or beside `files`."""
    viewer = napari.Viewer()
    viewer.window.resize(1360, 760)  # room for image and panel
    if files:
        viewer.open(files)
    else:
        viewer.open_sample("napari-cihm", "nuclei")
    open_panel(viewer)
    napari.run()


if __name__ == "__main__":
    main(sys.argv[1:])
