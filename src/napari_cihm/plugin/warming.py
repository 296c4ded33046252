"""What takes long the first time, done before a run would be held up by it."""

import gc
import importlib
import threading
from contextlib import suppress

from napari_cihm.plugin.results import sweep

# What napari takes for the colours and the table of the first labels, and we for the
# first curves.
LATE = ("skimage.color.colorconv", "pandas", "napari_cihm.plugin.views.chart")


def warm_up() -> None:
    """Ready the window for its first labels layer, and clear away after the opening.

    Opening the panel makes so many objects that Python soon looks through all of them,
    which takes a fifth of a second; right after the opening nobody waits for that.
    """
    threading.Thread(target=_meanwhile, name="cihm warming", daemon=True).start()
    with suppress(ImportError):  # vispy's own, and so it may move
        from vispy.visuals.line.dash_atlas import DashAtlas

        DashAtlas()  # kept by vispy: a third of what the first labels layer takes
    gc.collect()


def _meanwhile() -> None:
    """Do what would have all stand still on the main thread."""
    for name in LATE:
        importlib.import_module(name)
    sweep()
