"""What is done once the panel has opened."""

import gc


def test_the_window_is_warmed_once_the_panel_has_settled(shown, monkeypatch):
    from vispy.visuals.line import dash_atlas

    looked = []
    dash_atlas._make_pattern.cache_clear()
    monkeypatch.setattr(gc, "collect", lambda: looked.append(True))
    shown.until(lambda: bool(looked))
    assert dash_atlas._make_pattern.cache_info().currsize > 0
    shown.qtbot.wait(100)
    assert len(looked) == 1
