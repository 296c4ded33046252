"""What takes long the first time, done before a run would be held up by it."""

import gc
from contextlib import suppress


def warm_up() -> None:
    """Ready the window for its first labels layer, and clear away after the opening.

    Opening the panel makes so many objects that Python soon looks through all of them,
    which takes a fifth of a second; right after the opening nobody waits for that.
    """
    with suppress(ImportError):  # vispy's own, and so it may move
        from vispy.visuals.line.dash_atlas import DashAtlas

        DashAtlas()  # kept by vispy: a third of what the first labels layer takes
    gc.collect()
