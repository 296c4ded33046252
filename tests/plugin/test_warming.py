"""What is done once the panel has opened."""

import gc
import threading
import warnings
from types import SimpleNamespace

from napari.utils.colormaps import label_colormap

from napari_cihm.plugin import warming


def test_the_window_is_warmed_once_the_panel_has_settled(shown, monkeypatch):
    from vispy.visuals.line import dash_atlas

    looked = []
    dash_atlas._make_pattern.cache_clear()
    monkeypatch.setattr(gc, "collect", lambda: looked.append(True))
    shown.coordinator._settled.start()  # a slow machine has settled already
    shown.until(lambda: bool(looked))
    assert dash_atlas._make_pattern.cache_info().currsize > 0
    shown.qtbot.wait(100)
    assert len(looked) == 1


def test_what_is_needed_later_is_imported_in_a_thread_that_clears_away_too(monkeypatch):
    threads = {}

    def note(name):
        threads[name] = threading.current_thread()

    monkeypatch.setattr(warming, "importlib", SimpleNamespace(import_module=note))
    monkeypatch.setattr(gc, "collect", lambda: None)
    monkeypatch.setattr(warming, "sweep", lambda: note("sweep"))
    warming.warm_up()
    for thread in threading.enumerate():
        if thread.name == "cihm warming":
            thread.join()
    assert {"pandas", "napari_cihm.plugin.views.chart", "sweep"} <= set(threads)
    assert threading.main_thread() not in threads.values()


def test_colours_are_compiled_without_a_word_to_other_threads(monkeypatch):
    # How napari picks colours changes the filters of warnings, and those are one for
    # all threads: it made a warning of the main thread's own hushed ones.
    list(warming.compile_colours())  # numba changes them too, where it compiles
    catch, threads = warnings.catch_warnings, []

    def noted(*given, **named):
        threads.append(threading.current_thread())
        return catch(*given, **named)

    with monkeypatch.context() as patched:
        patched.setattr(warnings, "catch_warnings", noted)
        list(warming.compile_colours())
    assert threading.current_thread() not in threads


def test_colours_are_as_many_as_those_of_labels():
    default, own = warming.COLOURS
    assert (len(label_colormap(49).colors), len(label_colormap().colors)) == (
        default,
        own,
    )
