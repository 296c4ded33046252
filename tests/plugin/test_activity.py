"""One bar in the activity dock, on a machine that draws slowly."""

import pytest
from qtpy.QtCore import QTimer


@pytest.fixture
def bars(shown, qtbot, monkeypatch):
    """Draw a new bar for longer than the pace of drawing, and find the bars."""
    from napari._qt.widgets.qt_progress_bar import QtLabeledProgressBar

    from napari_cihm.plugin.activity import PACE

    describe = QtLabeledProgressBar.setDescription

    def slowly(bar, value):
        describe(bar, value)
        qtbot.wait(4 * PACE)

    monkeypatch.setattr(QtLabeledProgressBar, "setDescription", slowly)
    dock = shown.viewer.window._qt_window._activity_dialog
    return lambda: dock.findChildren(QtLabeledProgressBar)


def test_news_in_the_midst_of_a_drawing_makes_no_second_bar(bars, shown, qtbot):
    from napari_cihm.plugin.activity import PACE, Activity

    activity = Activity("Working", list, shown.panel)
    QTimer.singleShot(2 * PACE, lambda: activity.advance(3, 5))
    shown.until(lambda: any(bar.qt_progress_bar.value() == 3 for bar in bars()))
    assert len(bars()) == 1
    activity.close()
    shown.until(lambda: not bars())


def test_an_end_in_the_midst_of_a_drawing_leaves_no_bar(bars, shown, qtbot):
    from napari_cihm.plugin.activity import PACE, Activity

    activity, drawn = Activity("Working", list, shown.panel), []
    QTimer.singleShot(2 * PACE, lambda: (drawn.extend(bars()), activity.close()))
    qtbot.wait(8 * PACE)
    assert drawn
    assert not bars()
