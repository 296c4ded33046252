"""What follows every change: marks, their tint, progress, and the way to the next."""

from types import SimpleNamespace

import dask.array as da
import numpy as np
import pytest
import tifffile
import zarr
from napari.layers._layer_actions import _convert_dtype, _duplicate_layer
from napari.utils.action_manager import action_manager
from napari.utils.interactions import Shortcut
from scipy import ndimage

from napari_cihm.correction.journal import recover
from napari_cihm.events import Doubted


def _near(mask, margin):
    return ndimage.distance_transform_edt(~mask) <= margin


def test_strokes_fills_and_undoing_are_followed(correct, squares):
    correct.section.form.set_values({"edit_margin": 4})
    layer = correct.layer
    layer.brush_size = 5
    layer.mode = "paint"  # which begins it, before the first stroke
    assert correct.bench.begun(layer) is not None
    with layer.block_history():
        layer.paint((40, 100), 9)
        layer.paint((42, 104), 9)
    correct.shown.until(lambda: correct.marks().any())
    painted = layer.data == 9
    np.testing.assert_array_equal(correct.marks(), _near(painted, 4))
    layer.fill((10, 10), 11)  # told of before it is written
    correct.shown.until(lambda: correct.marks()[10, 10])
    assert 1 not in correct.session.index
    assert correct.session.index.count(11) == int((squares == 1).sum())
    layer.undo()
    assert 1 in correct.session.index
    layer.undo()
    assert 9 not in correct.session.index
    assert not correct.marks().any()
    layer.redo()
    np.testing.assert_array_equal(correct.marks(), _near(painted, 4))
    np.testing.assert_array_equal(
        correct.bench.reviewed_of(layer).view(), correct.marks()
    )


def test_what_a_run_writes_is_not_reviewed(correct, squares):
    layer = correct.layer
    layer.mode = "paint"
    with layer.block_history():
        layer.paint((40, 100), 9)
    correct.shown.until(lambda: correct.marks().any())
    marks = correct.marks()
    before = layer.data.copy()
    # as when an image is segmented again: objects come and go far from all marks
    found = np.where(squares == 1, 0, before)
    found[60:70, 60:70] = 12
    correct.run_again(found)
    correct.bench.begun(layer).settle()
    np.testing.assert_array_equal(layer.data, found)
    assert 12 in correct.session.index and 1 not in correct.session.index
    np.testing.assert_array_equal(correct.marks(), marks)
    layer.undo()
    np.testing.assert_array_equal(layer.data, before)
    np.testing.assert_array_equal(correct.marks(), marks)
    assert 1 in correct.session.index


def test_edits_mark_nothing_where_that_is_switched_off(correct):
    correct.section.form.set_values({"mark_edits": False})
    correct.press("delete")
    correct.click(10, 10)
    assert not correct.session.reviewed.any()
    assert "squares labels reviewed" not in correct.viewer.layers


def test_marks_are_made_seen_and_taken_back(correct):
    assert correct.bench.reviewed_of(correct.layer) is None
    correct.press("review_region")
    correct.drag((4, 4), (4, 64), (32, 64), (32, 4), (5, 4))
    marks = correct.marks()
    assert marks[8:28, 8:60].all()
    assert not marks[:, 70:].any()
    assert "2 of 5 checked" in correct.section.review.words.text()
    assert correct.section.review.bar.value() == 2
    correct.drag((0, 34), (0, 70), (40, 70), (40, 34), (1, 34), held=("Alt",))
    assert not correct.marks()[8:28, 40:60].any()
    assert "1 of 5 checked" in correct.section.review.words.text()
    correct.press("unreview")
    assert "2 of 5 checked" in correct.section.review.words.text()
    correct.press("review_all")
    assert correct.marks().all()
    assert "5 of 5" in correct.section.review.words.text()
    tint = correct.viewer.layers["squares labels reviewed"]
    assert not tint.editable
    assert correct.viewer.layers.selection.active is correct.layer
    assert list(correct.viewer.layers).index(tint) < list(correct.viewer.layers).index(
        correct.layer
    )
    correct.section.review.shown.setChecked(False)
    assert not tint.visible
    correct.section.review.shown.setChecked(True)
    assert tint.visible
    listed = [correct.section.labels.itemText(i) for i in range(2)]
    assert "squares labels reviewed" not in listed
    correct.viewer.layers.remove(correct.layer)
    assert [x.name for x in correct.viewer.layers] == ["squares"]


def test_the_tint_lies_where_the_user_lays_its_labels(correct):
    correct.press("review_all")
    layer, tint = correct.layer, correct.viewer.layers["squares labels reviewed"]
    moves = {
        "scale": (0.5, 0.5),
        "translate": (5, 6),
        "rotate": 30,
        "shear": [0.2],
        "affine": [[1, 0.2, 5], [0, 1, 3], [0, 0, 1]],
        "units": ("um", "um"),
    }
    for name, value in moves.items():
        setattr(layer, name, value)
        for corner in ((0, 0), (95, 127)):
            there = layer.data_to_world(corner)
            np.testing.assert_allclose(tint.data_to_world(corner), there)
    assert tint.units == layer.units


def test_an_edit_draws_its_part_of_the_tint_alone(deep):
    deep.viewer.dims.set_point(0, 3)
    deep.press("delete")
    deep.click(3, 10, 10)
    tint = deep.viewer.layers["stack labels reviewed"]
    drawn = []
    tint.events.labels_update.connect(lambda event: drawn.append(event.data.shape))
    for step in (lambda: deep.click(3, 10, 50), deep.layer.undo):
        drawn.clear()
        step()
        assert drawn and np.prod(drawn[0]) < 40 * 40
        np.testing.assert_array_equal(tint._slice.image.raw, deep.marks()[3])
        shown = tint.colormap._data_to_texture(deep.marks()[3].astype(np.uint8))
        np.testing.assert_array_equal(tint._slice.image.view, shown)
    deep.viewer.dims.order = (1, 0, 2)  # another plane is read as a whole
    deep.layer.redo()
    np.testing.assert_array_equal(
        tint._slice.image.raw, deep.marks()[:, int(deep.viewer.dims.point[1])]
    )
    deep.layer.undo()
    deep.viewer.dims.order = (0, 1, 2)
    tint.visible = False
    deep.layer.redo()
    tint.visible = True
    np.testing.assert_array_equal(tint._slice.image.raw, deep.marks()[3])


def test_one_slice_is_marked(deep):
    deep.viewer.dims.set_point(0, 3)
    assert deep.key("Shift-R")
    assert [plane.all() for plane in deep.marks()] == [False] * 3 + [True, False]


def test_what_lies_near_an_edit_is_seen_on_screen_alone(deep):
    deep.layer.data[2, 50:60, 20:30] = 9
    deep.viewer.dims.set_point(0, 2)
    deep.press("delete")
    deep.click(2, 55, 25)
    marks = deep.marks()
    assert np.unique(np.nonzero(marks)[0]).tolist() == [2]
    np.testing.assert_array_equal(marks[2], _near(_square(50, 60, 20, 30), 12))


def test_a_stroke_in_another_view_marks_that_plane(deep):
    deep.section.form.set_values({"edit_margin": 2})
    deep.viewer.dims.order = (1, 0, 2)
    deep.viewer.dims.set_point(1, 30)
    layer = deep.layer
    layer.mode = "paint"
    layer.brush_size = 1
    layer.paint((1, 30, 110), 9)
    deep.shown.until(lambda: deep.marks().any())
    marks = deep.marks()
    assert np.unique(np.nonzero(marks)[1]).tolist() == [30]
    expected = _near(layer.data[:, 30] == 9, 2)
    np.testing.assert_array_equal(marks[:, 30], expected)


def _square(top, bottom, left, right):
    mask = np.zeros((96, 128), bool)
    mask[top:bottom, left:right] = True
    return mask


def test_a_slice_that_labels_lack_is_not_marked(deep, said):
    longer = np.zeros((10, 96, 128), np.uint8)
    deep.viewer.add_image(longer, name="longer", axis_labels=("z", "y", "x"))
    deep.viewer.layers.selection.active = deep.layer
    deep.viewer.dims.set_point(0, 8)
    deep.press("review_slice")
    assert not deep.marks().any()
    assert "not on screen" in said[-1][1]
    deep.viewer.dims.set_point(0, 4)
    deep.press("review_slice")
    marked = np.asarray(deep.session.reviewed.view()).any(axis=(1, 2))
    assert np.flatnonzero(marked).tolist() == [4]


def test_what_is_not_seen_as_a_plane_is_not_marked(
    deep, correcting, squares, said, monkeypatch
):
    keys = {"napari:toggle_ndisplay": ["Shift-Q"], "napari:roll_axes": []}
    for action, bound in keys.items():
        monkeypatch.setitem(action_manager._shortcuts, action, bound)
    deep.viewer.dims.ndisplay = 3
    for name in ("review_slice", "review_region"):
        deep.press(name)
        assert f"2-D view ({Shortcut('Shift-Q')}, or the cube" in said.pop()[1]
    assert not deep.section.buttons["review_region"].isChecked()
    deep.viewer.dims.ndisplay = 2
    flat = correcting(deep.viewer.add_labels(squares.copy(), name="flat"))
    flat.press("split")
    deep.viewer.dims.order = (2, 0, 1)  # of the flat labels, one line is seen
    assert flat.flow.pointing.tool is None
    for name in ("split", "review_region"):
        flat.press(name)
        words = said.pop()[1]
        assert "a line" in words and "Roll the axes (the roll button" in words
    assert deep.bench.reviewed_of(deep.layer) is None
    assert not flat.marks().any()
    np.testing.assert_array_equal(flat.layer.data, squares)


def test_a_region_beside_the_image_marks_nothing(correct, said):
    correct.press("review_region")
    correct.drag((-40, -40), (-40, -20), (-20, -20), (-20, -40))
    correct.drag((95.6, 20), (99, 40), (99, 20), (95.6, 21))
    correct.drag((200, 200), (200, 240), (240, 240), (240, 201))
    assert not correct.marks().any()
    correct.drag((-9, -9), (-9, 9), (9, 9), (9, -9))
    assert correct.marks()[:9, :9].all()


def test_a_region_is_drawn_where_labels_are_one_pixel_thick(shown, correcting):
    labels = np.zeros((1, 30, 40), np.int32)
    thin = correcting(shown.viewer.add_labels(labels, name="thin"))
    shown.viewer.dims.order = (1, 0, 2)
    shown.viewer.dims.set_point(1, 5)
    thin.press("review_region")
    thin.drag((0, 5, 2), (0, 5, 20), (0, 5, 30), (0, 5, 12))
    seen = np.nonzero(thin.marks())
    assert set(seen[1]) == {5}
    assert seen[2].tolist() == list(range(2, 31))


def test_what_looks_right_is_the_object_and_not_where_it_once_was(correct):
    correct.section.review.form.set_values({"order": "size"})
    layer = correct.layer
    layer.mode = "paint"
    layer.brush_size = 2
    layer.paint((88, 3), 7)  # a stray dab, and Ctrl+Z
    correct.bench.mending.settle()
    layer.undo()
    assert not correct.marks().any()
    correct.press("next_stop")
    assert layer.selected_label == 7
    centre = correct.viewer.scene.camera.center
    np.testing.assert_allclose(np.array(centre)[-2:], (93.5, 125.5))
    correct.press("looks_right")
    np.testing.assert_array_equal(correct.marks(), _near(layer.data == 7, 3))


def test_unusual_sizes_come_first_and_what_is_right_is_passed(correct):
    correct.section.review.form.set_values({"order": "size"})
    back, right = (correct.section.buttons[n] for n in ("previous_stop", "looks_right"))
    assert not back.isEnabled() and "Nothing was looked at" in back.toolTip()
    assert not right.isEnabled() and "Press Next first" in right.toolTip()
    correct.press("next_stop")
    assert right.isEnabled() and "Press Next" not in right.toolTip()
    assert not back.isEnabled()
    # 7 has 16 pixels and 4 has 2,400: their logarithms lie furthest from 400's
    assert correct.layer.selected_label == 7
    centre = correct.viewer.scene.camera.center
    np.testing.assert_allclose(np.array(centre)[-2:], (93.5, 125.5))
    assert "object 7" in correct.section.review.words.text()
    correct.press("next_stop")
    assert correct.layer.selected_label == 4
    correct.press("previous_stop")
    assert correct.layer.selected_label == 7
    correct.press("looks_right")
    assert "1 of 5 checked" in correct.section.review.words.text()
    assert correct.layer.selected_label == 4
    correct.press("previous_stop")
    assert correct.layer.selected_label == 7
    correct.press("looks_right")
    for _ in range(4):
        correct.press("looks_right")
    assert "5 of 5 checked" in correct.section.review.words.text()
    assert correct.shown.words == "Everything is checked."


def test_objects_that_came_later_are_walked_to_before_all_is_checked(correct, squares):
    correct.section.form.set_values({"mark_edits": False})
    correct.section.review.form.set_values({"order": "size"})
    correct.press("next_stop")
    for _ in range(5):
        correct.press("looks_right")
    assert correct.shown.words == "Everything is checked."
    with correct.layer.block_history():
        correct.layer.data_setitem(np.nonzero(np.roll(squares == 1, 22, 0)), 9)
    correct.press("next_stop")
    assert correct.layer.selected_label == 9
    correct.press("looks_right")
    assert correct.shown.words == "Everything is checked."


def test_another_run_is_walked_through_from_its_beginning(correct, squares):
    correct.section.review.form.set_values({"order": "size"})
    for _ in range(2):
        correct.press("next_stop")
    assert correct.layer.selected_label == 4
    correct.run_again(np.where(squares == 4, 1, 0))
    assert not correct.section.buttons["looks_right"].isEnabled()
    correct.press("next_stop")
    assert correct.layer.selected_label == 1


def test_patches_lead_to_places_without_objects(correct):
    correct.section.form.set_values({"patch": 64})
    correct.section.review.form.set_values({"order": "random", "unit": "patches"})
    camera = correct.viewer.scene.camera
    for zoom in (0.5, 50):  # so that the patch would be 32, or 3200 pixels large
        camera.zoom = zoom
        correct.press("next_stop")
        assert 250 <= 64 * camera.zoom <= 900
    assert "0 of 4 checked" in correct.section.review.words.text()
    correct.press("looks_right")
    assert "1 of 4 checked" in correct.section.review.words.text()
    assert correct.marks().sum() in (64 * 64, 32 * 64)
    correct.section.review.form.set_values({"unit": "objects"})
    assert "this patch" not in correct.section.review.words.text()
    assert not correct.section.buttons["looks_right"].isEnabled()


@pytest.mark.parametrize("order", ["uncertainty", "disagreement"])
def test_the_model_says_where_to_look(shown, blobs, correcting, order):
    image = blobs.copy()
    image[0:32, 32:64][image[0:32, 32:64] > 0] = 104  # close to the model's threshold
    shown.viewer.add_image(image, name="cells", contrast_limits=(0, 255))
    shown.ready().segment()
    correct = correcting(shown.labels("cells labels"))
    correct.section.review.form.set_values({"order": order})
    correct.press("next_stop")
    shown.rest()
    shown.until(lambda: correct.section.buttons["looks_right"].isEnabled())
    if order == "uncertainty" and correct.layer.data[16, 48]:
        assert correct.layer.selected_label == correct.layer.data[16, 48]
    assert "0 of" in correct.section.review.words.text()
    assert shown.words == "Ready"


def test_it_is_said_that_all_is_checked_when_the_model_was_asked_first(correct):
    correct.shown.ready()
    correct.section.review.form.set_values({"order": "uncertainty"})
    correct.press("review_all")
    correct.press("next_stop")
    correct.shown.rest()
    assert correct.shown.words == "Everything is checked."


def test_another_model_and_other_pixels_are_asked_about_anew(
    correct, squares, monkeypatch
):
    asked, session = [], correct.shown.session
    doubt = np.where(squares == 2, 1.0, 0.0)

    def ask(image, axes, settings, order, take):
        asked.append((session.model.hash, image.name))
        take(Doubted(doubt=doubt))

    monkeypatch.setattr(correct.flow.tour._ordering._doubting, "ask", ask)
    correct.section.review.form.set_values({"order": "uncertainty"})
    for one in ("one", "one", "other"):
        monkeypatch.setattr(session, "model", SimpleNamespace(hash=one))
        correct.press("next_stop")
    assert asked == [("one", "squares"), ("other", "squares")]
    assert correct.layer.selected_label == 2
    image = correct.viewer.layers["squares"]
    image.data = image.data.copy()
    correct.press("next_stop")
    assert len(asked) == 3


def test_a_model_is_not_asked_about_pixels_that_are_not_the_labels(correct, said):
    correct.shown.ready()
    correct.section.review.form.set_values({"order": "uncertainty"})
    correct.bench.begin(correct.layer)  # which stays with its image
    correct.viewer.layers["squares"].data = np.zeros((40, 50), np.uint8)
    correct.press("next_stop")
    assert "an image of the shape of these labels" in said[-1][1]
    assert correct.layer.selected_label == 7  # by its size


def test_lazy_labels_are_corrected_in_a_copy_and_files_stay(
    shown, squares, tmp_path, said, correcting
):
    path = tmp_path / "labels.zarr"
    stored = zarr.open(
        str(path), mode="w", shape=squares.shape, dtype="i4", chunks=(32, 32)
    )
    stored[:] = squares
    for data in (da.from_array(squares, chunks=32), stored):
        layer = shown.viewer.add_labels(data, name="lazy")
        correct = correcting(layer)
        correct.press("delete")
        correct.click(10, 10)
        assert not (np.asarray(layer.data) == 1).any()
        assert "working copy" in said[-1][1]
        layer.undo()
        np.testing.assert_array_equal(np.asarray(layer.data), squares)
        correct.press("delete")
        shown.viewer.layers.remove(layer)
    np.testing.assert_array_equal(zarr.open(str(path))[:], squares)


@pytest.mark.parametrize("kind", ["zarr", "dask", "frozen"])
def test_new_data_that_may_not_be_written_are_copied_too(
    correct, squares, tmp_path, said, kind
):
    correct.press("delete")
    correct.click(10, 10)
    path = tmp_path / "labels.zarr"
    stored = zarr.open(
        str(path), mode="w", shape=squares.shape, dtype="i4", chunks=(32, 32)
    )
    stored[:] = squares
    frozen = squares.copy()
    frozen.flags.writeable = False
    given = {"zarr": stored, "dask": da.from_array(stored), "frozen": frozen}
    correct.layer.data = given[kind]
    assert "working copy" in said[-1][1]
    correct.click(10, 50)
    correct.layer.mode = "paint"
    correct.layer.paint((40, 100), 9)
    correct.bench.mending.settle()
    labels = np.asarray(correct.layer.data)
    assert 1 in labels and 2 not in labels and 9 in labels
    np.testing.assert_array_equal(zarr.open(str(path))[:], squares)
    journal = correct.session.journal
    assert journal.flush()
    np.testing.assert_array_equal(recover(journal.path).labels, labels)


def test_commands_of_napari_take_a_working_copy(
    shown, squares, tmp_path, said, correcting
):
    image = (squares > 0).astype(np.uint8) * 200
    shown.viewer.add_image(image[None], name="flat", axis_labels=("z", "y", "x"))
    layer = shown.viewer.add_labels(da.from_array(squares[None], chunks=32))
    correct = correcting(layer)
    correct.press("delete")
    correct.click(0, 10, 10)
    expected = np.where(squares == 1, 0, squares)[None]
    shown.viewer.layers.selection.active = layer
    _duplicate_layer(shown.viewer.layers)
    copy = shown.viewer.layers[f"{layer.name} copy"]
    shown.viewer.layers.selection.active = layer
    _convert_dtype(shown.viewer.layers, "int64")
    assert layer.data.dtype == np.int64
    layer.undo()
    np.testing.assert_array_equal(layer.data, squares[None])
    np.testing.assert_array_equal(copy.data, expected)
    correct.press("review_all")
    correct.flow.export.save(tmp_path)
    layer.data[:] = 0  # what is painted meanwhile does not come in half
    shown.rest()
    (path,) = (tmp_path / "masks").iterdir()
    assert len(np.unique(tifffile.imread(path))) == 6


def test_labels_of_several_scales_get_a_copy_of_one(shown, squares):
    scales = [squares, squares[::2, ::2]]
    shown.viewer.add_labels(scales, name="many", multiscale=True, scale=(0.5, 0.5))
    section = shown.coordinator.correct._section
    assert section.copy.isVisibleTo(section)
    assert "several scales" in section.copy.words.text()
    assert not section.buttons["delete"].isEnabled()
    shown.press(section.copy.yes)
    copy = shown.labels("many copy")
    np.testing.assert_array_equal(copy.data, squares)
    np.testing.assert_allclose(copy.scale, (0.5, 0.5))
    assert section.buttons["delete"].isEnabled()
    assert not section.copy.isVisibleTo(section)


def test_the_list_of_labels_follows_the_viewer(correct, squares):
    box = correct.section.labels
    other = correct.viewer.add_labels(squares.copy(), name="other")
    assert box.currentText() == "other"
    correct.viewer.layers.selection.active = correct.layer
    assert box.currentText() == "squares labels"
    box.setCurrentIndex(box.findText("other"))
    box.activated.emit(box.findText("other"))
    assert correct.bench.labels is other
    assert correct.viewer.layers.selection.active is other
    other.name = "renamed"
    assert box.currentText() == "renamed"
    correct.viewer.layers.clear()
    assert not box.isEnabled()
    assert "Segment an image" in correct.section.reason.text()
    assert not correct.section.buttons["merge"].isEnabled()


def test_new_data_begin_anew(correct, squares):
    correct.press("review_all")
    correct.layer.data = np.roll(squares, 2, axis=0)
    assert correct.session.labels is correct.layer.data
    correct.press("delete")
    correct.click(12, 12)
    assert 1 not in correct.layer.data
    correct.layer.data = np.ones((5, 6), np.int32)
    assert not correct.marks().any()


def test_deleting_the_labels_puts_the_tool_down(correct):
    correct.press("merge")
    correct.click(10, 10)
    assert "line" in correct.viewer.layers
    correct.viewer.layers.remove(correct.layer)
    assert "line" not in correct.viewer.layers
    assert correct.flow.pointing.tool is None
    assert correct.bench.labels is None


def test_closing_the_panel_gives_the_layer_back(correct, squares):
    correct.press("review_all")
    correct.press("split")
    layer = correct.layer
    bench = correct.bench
    correct.viewer.window.remove_dock_widget(correct.shown.dock)
    assert not any("CorrectFlow" in str(c) for c in layer.events.mode.callbacks)
    layer.mode = "paint"  # before the panel is deleted: nobody begins anew
    assert bench.begun(layer) is None
    layer.mode = "pan_zoom"
    assert [x.name for x in correct.viewer.layers] == ["squares", "squares labels"]
    assert layer.mouse_pan
    assert layer.cursor == "standard"
    assert not any("napari_cihm" in str(c) for c in layer.mouse_drag_callbacks)
    correct.point_at(10, 10)
    correct.key("Shift-D")  # nobody hears
    np.testing.assert_array_equal(layer.data, squares)
    layer.paint((40, 100), 9)
