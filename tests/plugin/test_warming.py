"""What is done once the panel has opened."""

import gc
import threading
from types import SimpleNamespace

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


def test_what_the_first_labels_and_curves_need_is_imported_in_a_thread(monkeypatch):
    threads = {}

    def note(name):
        threads[name] = threading.current_thread()

    monkeypatch.setattr(warming, "importlib", SimpleNamespace(import_module=note))
    monkeypatch.setattr(gc, "collect", lambda: None)
    warming.warm_up()
    for thread in threading.enumerate():
        if thread.name == "cihm imports":
            thread.join()
    assert {"pandas", "napari_cihm.plugin.views.chart"} <= set(threads)
    assert threading.main_thread() not in threads.values()
