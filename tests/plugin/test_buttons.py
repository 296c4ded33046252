"""Rows of buttons break where there is no room for the words on them."""

import pytest
from qtpy.QtWidgets import QApplication, QVBoxLayout, QWidget

from napari_cihm.plugin.views.review_rows import ReviewRows
from napari_cihm.plugin.views.tool_grid import ToolGrid


@pytest.fixture
def shelf(qtbot):
    """Give a widget of a set width, whatever is in it."""
    shelf = QWidget()
    QVBoxLayout(shelf).setContentsMargins(0, 0, 0, 0)
    qtbot.addWidget(shelf)
    return shelf


@pytest.mark.parametrize(
    ("kind", "planes"),
    [
        (ToolGrid, (True, True)),
        (ToolGrid, (True, False)),
        (ToolGrid, (False, False)),
        (ReviewRows, (True, True)),
        (ReviewRows, (False, False)),
    ],
)
def test_words_on_buttons_are_whole_in_narrow_panels(shelf, kind, planes):
    rows = kind(shelf)
    shelf.layout().addWidget(rows)
    rows.set_stack(*planes)
    last = list(rows.buttons.values())[-3:]  # which share a row
    wanted = [button.sizeHint().width() for button in last]
    tops = []
    for width in (3 * max(wanted) + 20, sum(wanted), 3 * max(wanted) + 20):
        shelf.resize(width, 900)
        shelf.show()
        QApplication.processEvents()
        assert shelf.width() == width
        for button in rows.buttons.values():
            if button.isVisible():
                assert button.width() >= button.sizeHint().width(), button.title
        tops.append(len({button.y() for button in last}))
    assert tops == [1, 2, 1]
