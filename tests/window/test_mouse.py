"""Tools driven by the mouse on the canvas of a real window."""

import numpy as np
import pytest

pytestmark = [pytest.mark.window, pytest.mark.pixels]


@pytest.fixture
def labels(window):
    """Show four squares, two of them one label, and the panel beside them."""
    window.open_panel()
    data = np.zeros((120, 160), np.int32)
    data[10:40, 10:40] = 1
    data[10:40, 60:90] = 2
    data[10:40, 110:140] = 3
    data[60:100, 20:90] = 4
    window.viewer.add_image((data > 0).astype(np.float32), name="squares")
    layer = window.viewer.add_labels(data.copy(), name="squares labels")
    window.viewer.reset_view()
    window.qtbot.wait(200)
    return layer


def test_an_object_is_deleted_by_a_click_and_comes_back(window, labels):
    before = labels.data.copy()
    window.tool("delete")
    window.click(20, 120)
    assert 3 not in labels.data
    np.testing.assert_array_equal(labels.data[:, :100], before[:, :100])
    labels.undo()
    np.testing.assert_array_equal(labels.data, before)


def test_two_clicks_merge_two_objects(window, labels):
    expected = np.where(labels.data == 2, 1, labels.data)
    window.tool("merge")
    window.click(20, 20)
    window.click(20, 75)
    np.testing.assert_array_equal(labels.data, expected)


def test_a_line_across_merges_all_it_meets(window, labels):
    expected = np.where(np.isin(labels.data, (2, 3)), 1, labels.data)
    camera = window.camera.center
    window.tool("merge")
    window.drag((25, 15), (25, 75), (25, 130))
    np.testing.assert_array_equal(labels.data, expected)
    assert window.camera.center == camera  # the drag did not pan
    assert not window.viewer.layers["line"].visible


def test_a_line_splits_an_object(window, labels):
    window.tool("split")
    window.drag((50, 55), (110, 55))
    parts = set(np.unique(labels.data[60:100, 20:90]).tolist())
    assert parts == {4, 5}
    left, right = labels.data[80, 25], labels.data[80, 85]
    assert left != right
    assert (labels.data[60:100, 20:50] == left).all()
    assert (labels.data[60:100, 60:90] == right).all()


def test_quick_clicks_are_two_clicks_and_do_not_zoom(window, labels):
    from qtpy.QtCore import Qt
    from qtpy.QtTest import QTest

    zoom = window.camera.zoom
    window.tool("delete")
    window.click(20, 20)
    QTest.mouseDClick(window.canvas, Qt.MouseButton.LeftButton, pos=window.at(20, 75))
    assert not {1, 2} & set(np.unique(labels.data).tolist())
    assert window.camera.zoom == zoom


def test_a_brush_takes_the_mouse_back(window, labels):
    window.tool("delete")
    assert not labels.mouse_pan
    labels.mode = "paint"
    labels.selected_label = 9
    window.click(110, 150)
    assert labels.data[110, 150] == 9
    assert 4 in labels.data
    labels.mode = "pan_zoom"
    assert labels.mouse_pan
