"""The table of measurements is of the labels as they are, or empty."""

import numpy as np
import pytest
from napari.layers._layer_actions import _duplicate_layer
from qtpy.QtCore import Qt, QTimer
from skimage.measure import regionprops

SCALE = (0.5, 0.25)


def _is_right(table, labels, image):
    """Tell whether a table is scikit-image's of the labels."""
    found = regionprops(labels, image.data, spacing=tuple(image.scale))
    columns = {
        "index": [one.label for one in found],
        "area_px": [one.num_pixels for one in found],
        "area_um2": [one.area for one in found],
        "centroid_y_um": [one.centroid[0] for one in found],
        "centroid_x_um": [one.centroid[1] for one in found],
        "mean_intensity_c0": [one.intensity_mean for one in found],
    }
    return len(table) == len(found) and all(
        np.allclose(table[name], values) for name, values in columns.items()
    )


class Measured:
    """Labels with a table, every state of which is looked at."""

    def __init__(self, correct, image):
        self.correct, self.layer, self.image = correct, correct.layer, image
        self.wrong = []
        self.layer.events.features.connect(self._look)
        correct.shown.desk.layers.made.emit(self.layer, None)

    def _look(self, event=None):
        if not self.empty and not self.right:
            self.wrong.append(self.layer.features)

    @property
    def empty(self):
        return not len(self.layer.features)

    @property
    def right(self):
        return _is_right(self.layer.features, self.layer.data, self.image)

    def calm(self):
        self.correct.shown.until(lambda: not self.empty)
        assert self.right
        assert not self.wrong


@pytest.fixture
def measured(correct):
    image = correct.viewer.layers["squares"]
    for layer in (image, correct.layer):
        layer.scale, layer.units = SCALE, ("um", "um")
    rng = np.random.default_rng(0)
    image.data = rng.integers(0, 255, correct.layer.data.shape, np.uint8)
    return Measured(correct, image)


def _delete(correct):
    correct.press("delete")
    correct.click(10, 10)


def _renumber(correct):
    correct.layer.data[correct.layer.data == 1] = 0
    correct.press("relabel")


def _paint(correct):
    correct.layer.mode = "paint"
    with correct.layer.block_history():
        correct.layer.paint((40, 100), 9)
        correct.layer.paint((20, 30), 2)


def _change_in_silence(correct):
    correct.layer.mode = "paint"
    correct.layer.data[correct.layer.data == 2] = 0
    correct.layer.refresh()


def _replace(correct):
    correct.layer.data = np.flip(correct.layer.data).copy()


@pytest.mark.parametrize(
    "change", [_delete, _renumber, _paint, _change_in_silence, _replace]
)
def test_what_changed_is_shown_no_more_and_measured_anew(measured, change):
    measured.calm()
    change(measured.correct)
    measured.correct.shown.until(lambda: measured.empty)
    measured.calm()
    for step in (measured.layer.undo, measured.layer.redo):
        step()
        measured.calm()


def test_measured_in_the_units_that_the_image_has_now(measured):
    measured.calm()
    measured.image.scale = (1.5, 3.0)
    assert measured.empty
    measured.calm()
    _delete(measured.correct)
    measured.calm()


def test_an_image_in_the_place_of_another_is_measured_whole(measured):
    measured.calm()
    viewer, layer = measured.correct.viewer, measured.layer
    viewer.layers.remove(measured.image)
    viewer.add_image(np.stack([measured.image.data] * 2), axis_labels=("c", "y", "x"))
    layer.events.features.disconnect(measured._look)
    _delete(measured.correct)
    measured.correct.shown.until(lambda: len(layer.features) == 4)
    assert list(layer.features["index"]) == [2, 3, 4, 7]
    assert "area_um2" not in layer.features
    assert layer.features["mean_intensity_c1"].notna().all()


def test_a_tool_empties_the_table_at_once(measured):
    measured.calm()
    _delete(measured.correct)
    assert measured.empty
    assert measured.layer.get_status((10.0, 50.0))["value"] == "2"
    measured.calm()
    measured.layer.undo()
    assert measured.empty
    measured.calm()


def test_undoing_what_a_run_wrote_is_heard_before_any_correction(measured):
    measured.calm()
    labels = measured.layer.data
    measured.correct.run_again(np.where(labels == 2, 12, labels))
    assert measured.correct.bench.begun(measured.layer) is None and measured.empty
    measured.calm()
    measured.layer.undo()
    assert measured.empty
    measured.calm()


def test_only_the_objects_of_an_edit_are_measured(measured, monkeypatch):
    measured.calm()
    runner, asked = measured.correct.shown.desk.runner, []
    start = runner.start
    monkeypatch.setattr(
        runner, "start", lambda *a, **k: asked.append(k["only"]) or start(*a, **k)
    )
    _delete(measured.correct)
    measured.correct.click(10, 50)
    measured.calm()
    _paint(measured.correct)
    measured.correct.shown.until(lambda: measured.empty)
    measured.calm()
    assert [numbers.tolist() for numbers in asked] == [[1, 2], [2, 9]]


def test_a_measurement_that_comes_too_late_is_not_shown(measured, monkeypatch):
    measured.calm()
    runner, started = measured.correct.shown.desk.runner, []
    start = runner.start

    def edit():
        _delete(measured.correct)
        measured.correct.press("delete")
        measured.layer.undo()

    def starting(*args, **asked):
        started.append(asked["only"])
        if len(started) < 3:  # while it is measured
            QTimer.singleShot(0, edit)
        return start(*args, **asked)

    monkeypatch.setattr(runner, "start", starting)
    measured.correct.shown.desk.layers.made.emit(measured.layer, None)
    measured.calm()
    assert [only is None for only in started] == [True, False, False]


@pytest.mark.parametrize("volume", ["slices", "whole"])
def test_a_stack_is_measured_as_it_was_segmented(deep, volume):
    layer = deep.layer
    layer.metadata["napari-cihm"] = {"settings": {"volume": volume}}
    deep.shown.desk.layers.made.emit(layer, None)
    mending = deep.bench.begin(layer)
    for plane in (1, 3):
        deep.shown.until(lambda: bool(len(layer.features)))
        table = layer.features
        sizes = [np.bincount(one.ravel()) for one in layer.data]
        if volume == "slices":
            rows = [
                (z, n) for z, of in enumerate(sizes) for n in np.flatnonzero(of)[1:]
            ]
            assert list(zip(table["z"], table["index"], strict=True)) == rows
            assert list(table["area_px"]) == [sizes[z][n] for z, n in rows]
        else:
            assert list(table["index"]) == list(np.unique(layer.data)[1:])
            sizes = np.bincount(layer.data.ravel())
            assert list(table["volume_px"]) == list(sizes[table["index"]])
        layer.fill((plane, 10, 50), 0)
        layer.fill((plane, 10, 10), 5)
        mending.settle()
        assert not len(layer.features)


def test_labels_of_the_user_get_no_table_and_copies_keep_theirs(measured):
    correct = measured.correct
    measured.calm()
    correct.viewer.layers.selection = {measured.layer}
    _duplicate_layer(correct.viewer.layers)
    copy = correct.viewer.layers.selection.active
    mine = correct.viewer.add_labels(measured.layer.data.copy(), scale=SCALE)
    assert _is_right(copy.features, copy.data, measured.image)
    copy.refresh()  # which changes nothing
    assert _is_right(copy.features, copy.data, measured.image)
    for layer in (copy, mine):
        layer.fill((10, 10), 0)
        assert not len(layer.features)
    correct.shown.until(lambda: bool(len(copy.features)))
    assert _is_right(copy.features, copy.data, measured.image)
    assert not len(mine.features)
    assert measured.right


def test_a_table_of_the_users_is_left_to_them(measured):
    measured.calm()
    measured.layer.features = {"index": [1], "kind": ["round"]}
    _delete(measured.correct)
    measured.correct.shown.qtbot.wait(1)
    assert list(measured.layer.features["kind"]) == ["round"]


def _press_measurements(correct):
    correct.shown.press(correct.section.table)
    window = correct.viewer.window
    named = [name for name in window.dock_widgets if name.startswith("Features table")]
    (table,) = [window.dock_widgets[name] for name in named]
    return table.parent()


def test_measurements_of_any_labels_are_shown_below_the_canvas(correct):
    """Those that the user opened are measured once they are asked for."""
    layer, image = correct.layer, correct.viewer.layers["squares"]
    for one in (image, layer):
        one.scale, one.units = SCALE, ("um", "um")
    correct.viewer.layers.selection.active = image
    dock = _press_measurements(correct)
    try:
        assert correct.viewer.layers.selection.active is layer
        assert not dock.isHidden()
        below = Qt.DockWidgetArea.BottomDockWidgetArea
        assert dock.window().dockWidgetArea(dock) == below
        correct.shown.until(lambda: bool(len(layer.features)))
        assert _is_right(layer.features, layer.data, image)
        dock.hide()
        assert _press_measurements(correct) is dock
        assert not dock.isHidden()
    finally:
        correct.viewer.window.remove_dock_widget(dock)


@pytest.mark.parametrize(("height", "across"), [(720, False), (1400, True)])
def test_in_a_low_window_measurements_take_no_height_from_panels(
    correct, height, across
):
    window = correct.viewer.window._qt_window
    corners = Qt.Corner.BottomLeftCorner, Qt.Corner.BottomRightCorner
    window.resize(1280, height)
    dock = _press_measurements(correct)
    try:
        below = Qt.DockWidgetArea.BottomDockWidgetArea
        assert [window.corner(c) == below for c in corners] == [across] * 2
    finally:
        correct.viewer.window.remove_dock_widget(dock)
        for corner in corners:
            window.setCorner(corner, below)


def test_labels_that_cannot_be_measured_are_said_to_be(correct, said):
    del correct.viewer.layers["squares"]
    dock = _press_measurements(correct)
    correct.viewer.window.remove_dock_widget(dock)
    ((kind, text),) = said
    assert kind == "warning"
    assert "is not measured. It takes an image" in text


def test_labels_whose_image_comes_later_are_measured_when_asked_again(correct, said):
    image = correct.viewer.layers["squares"]
    correct.viewer.layers.remove(image)
    dock = _press_measurements(correct)
    try:
        assert len(said) == 1
        correct.viewer.add_image(image.data, name="squares")
        _press_measurements(correct)
        correct.shown.until(lambda: bool(len(correct.layer.features)), 30_000)
        assert len(said) == 1
    finally:
        correct.viewer.window.remove_dock_widget(dock)
