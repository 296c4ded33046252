"""What takes long the first time, done before a run would be held up by it."""

import gc
import importlib
import threading
from collections.abc import Iterator
from contextlib import suppress

import numpy as np
from napari.utils.colormaps import CyclicLabelColormap

from napari_cihm.plugin.large_labels import sweep
from napari_cihm.plugin.previews import DTYPE

# What napari takes for the colours and the table of the first labels, and we for the
# first image from a file and the first curves.
LATE = (
    "skimage.color.colorconv",
    "pandas",
    "napari_cihm.data.tiff",
    "napari_cihm.plugin.views.chart",
)
COLOURS = (50, 257)  # of a labels layer, and of napari's label colours by default


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


def compile_colours() -> Iterator[None]:
    """Have napari compile what it colours labels with, before there are any.

    That takes a second at the first labels of a process, in which nothing else is
    drawn; in a thread it holds nothing up. No more than the compiling: what else a
    layer needs is not made for two threads, nor is how napari picks its colours, which
    hushes a warning meanwhile in all of them.
    """
    for count in COLOURS:
        colours = CyclicLabelColormap(colors=np.ones((count, 4)))
        to_texture = getattr(colours, "_data_to_texture", None)
        if to_texture is not None:  # else the first labels take that second
            for shape in ((0,), (2, 2)):  # napari asks for the dtype with no pixel
                to_texture(np.zeros(shape, DTYPE))
    yield
