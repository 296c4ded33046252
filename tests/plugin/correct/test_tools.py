"""Tools, by their buttons, their keys and the mouse; each one step of the history."""

import numpy as np
import pytest
from napari.layers import Labels
from napari.utils.action_manager import action_manager
from napari.utils.key_bindings import coerce_keybinding
from napari.utils.shortcuts import default_shortcuts
from scipy import ndimage

from napari_cihm.plugin.tools import ALL


def _swapped(labels, old, new):
    return np.where(labels == old, new, labels)


def _filled(labels):
    labels = labels.copy()
    labels[8:28, 80:100] = 3
    return labels


def _grown(labels, label, by, out):
    own = labels == label
    if out:
        reached = ndimage.distance_transform_edt(~own) <= by
        return np.where(reached & (labels == 0), label, labels)
    lost = ndimage.distance_transform_edt(own) <= by
    return np.where(own & lost, 0, labels)


STEPS = (
    ("delete", [(10, 10)], lambda s: _swapped(s, 1, 0)),
    ("merge", [(10, 10), (10, 50)], lambda s: _swapped(s, 2, 1)),
    ("fill_holes", [(10, 82)], _filled),
    ("grow", [(10, 10)], lambda s: _grown(s, 1, 1, True)),
    ("shrink", [(10, 10)], lambda s: _grown(s, 1, 1, False)),
    ("relabel", [], lambda s: _swapped(s, 7, 5)),
    ("remove_border", [], lambda s: _swapped(s, 7, 0)),
)


def test_every_tool_is_one_step_that_is_undone(correct, squares):
    data = correct.layer.data
    for tool, clicks, expected in STEPS:
        correct.press(tool)
        for click in clicks:
            correct.click(*click)
        np.testing.assert_array_equal(data, expected(squares), tool)
        said = correct.shown.words
        correct.layer.undo()
        np.testing.assert_array_equal(data, squares, tool)
        assert correct.shown.words.startswith("Undo: ")
        first = said.split()[0]
        assert first.endswith("ed") or first in ("Grew", "Shrank", "Split"), said
        assert not correct.session.reviewed.any(), tool  # its marks go with it
        correct.layer.redo()
        np.testing.assert_array_equal(data, expected(squares), tool)
        assert correct.shown.words.startswith("Redo: ")
        correct.layer.undo()


def test_two_clicks_split_where_it_is_narrowest(correct):
    correct.press("split")
    correct.click(65, 30)
    correct.click(65, 70)
    data = correct.layer.data
    assert set(np.unique(data[50:80, 10:90])) == {4, 8}
    assert (data[65, 30], data[65, 70]) == (4, 8)  # the first click keeps it
    assert abs(int((data == 8).sum()) - 1200) <= 60


def test_lines_merge_and_split_and_are_seen_while_they_are_drawn(correct, squares):
    correct.press("merge")
    names = []
    correct.viewer.layers.events.inserted.connect(lambda e: names.append(e.value.name))
    correct.drag((15, 15), (15, 50), (12, 82))
    np.testing.assert_array_equal(
        correct.layer.data, np.where(np.isin(squares, (2, 3)), 1, squares)
    )
    assert names == ["line", "squares labels reviewed"]
    assert not correct.viewer.layers["line"].visible
    assert correct.viewer.layers.selection.active is correct.layer
    correct.layer.undo()
    correct.press("split")
    assert "line" not in correct.viewer.layers  # it goes with its tool
    correct.drag((45, 50), (65, 50), (85, 50))
    assert set(np.unique(correct.layer.data[50:80, 10:90])) == {4, 8}


def test_numbers_of_the_settings_stand_on_the_buttons_and_count(correct, squares):
    form = correct.section.form
    form.set_values({"grow": 3, "min_size": 20})
    assert correct.section.buttons["grow"].title == "Grow 3 px"
    correct.press("grow")
    correct.click(10, 10)
    np.testing.assert_array_equal(correct.layer.data, _grown(squares, 1, 3, True))
    correct.layer.undo()
    assert correct.section.buttons["remove_small"].title == "Drop < 20 px"
    correct.press("remove_small")
    np.testing.assert_array_equal(correct.layer.data, _swapped(squares, 7, 0))
    assert not correct.session.reviewed.any()  # nobody looked at each
    form.set_values({"grow": -1})
    assert correct.bench.settings.grow == 3  # a refused number changes nothing


def test_what_cannot_be_done_is_told_and_changes_nothing(correct, said, squares):
    correct.press("delete")
    correct.click(1, 1)
    ((kind, text),) = said
    assert kind == "warning"
    assert "no object" in text.lower() or "background" in text.lower()
    np.testing.assert_array_equal(correct.layer.data, squares)


def test_a_tool_stays_until_it_is_put_down(correct):
    button = correct.section.buttons["delete"]
    correct.press("delete")
    assert button.isChecked()
    assert "Esc" in correct.section.prompt.text()
    assert correct.layer.cursor == "crosshair"
    correct.click(10, 10)
    correct.double_click(10, 50)  # what the second of two quick clicks comes as
    assert not {1, 2} & set(np.unique(correct.layer.data).tolist())
    correct.key("Escape")
    assert not button.isChecked()
    assert correct.layer.cursor == "standard"
    assert correct.layer.mouse_pan
    correct.click(10, 90)
    assert 3 in correct.layer.data
    correct.press("merge")
    correct.click(10, 90)
    assert correct.section.prompt.text().startswith("Now click the other one")
    correct.press("delete")
    correct.click(65, 20)
    assert 4 not in correct.layer.data
    correct.layer.mode = "paint"
    assert not button.isChecked()
    correct.press("delete")
    correct.press("delete")
    assert not button.isChecked()


@pytest.mark.parametrize("then", ["nothing", "split"])
def test_a_line_of_a_tool_put_down_with_the_button_held_is_dropped(
    correct, squares, said, then
):
    def meanwhile(layer, event):
        yield
        correct.flow.pointing.drop()  # as when a run ends and selects its labels
        if then != "nothing":
            correct.press(then)
        yield from iter(lambda: event.type == "mouse_release", True)

    correct.press("merge")
    correct.layer.mouse_drag_callbacks.append(meanwhile)
    correct.drag((15, 15), (15, 30), (15, 50), (12, 82))
    np.testing.assert_array_equal(correct.layer.data, squares)
    assert not said


def test_keys_work_under_the_cursor_and_choose_what_needs_more(correct, squares):
    correct.point_at(10, 10)
    assert correct.key("Shift-D")
    np.testing.assert_array_equal(correct.layer.data, _swapped(squares, 1, 0))
    correct.key("Shift-M")
    assert correct.section.buttons["merge"].isChecked()
    correct.click(10, 50)
    correct.click(10, 82)
    assert 3 not in correct.layer.data
    correct.key("Control-Z")
    correct.key("Control-Z")
    np.testing.assert_array_equal(correct.layer.data, squares)


def test_keys_are_shown_and_another_one_takes_their_place(correct):
    button = correct.section.buttons["delete"]
    assert button.key.endswith("D")
    assert button.key in button.toolTip()
    action_manager.unbind_shortcut("napari-cihm:delete")
    try:
        action_manager.bind_shortcut("napari-cihm:delete", "Shift-Q")
        assert button.key.endswith("Q")
        correct.point_at(10, 10)
        assert not correct.key("Shift-D")
        assert 1 in correct.layer.data
        correct.key("Shift-Q")
        assert 1 not in correct.layer.data
    finally:
        action_manager.unbind_shortcut("napari-cihm:delete")
        action_manager.bind_shortcut("napari-cihm:delete", "Shift-D")


def test_no_key_is_taken_from_napari():
    ours = [coerce_keybinding(tool.key) for tool in ALL.values() if tool.key]
    assert len(ours) == len(set(ours))
    theirs = {key for keys in default_shortcuts.values() for key in keys}
    assert not theirs & set(ours)
    assert not {coerce_keybinding(k) for k in ("Control-Z", "Shift-Control-Z")} & {
        *ours
    }
    listed = action_manager._get_provider_actions(Labels)  # as Preferences asks
    assert {tool.action for tool in ALL.values()} <= set(listed)


def test_stacks_are_followed_through_or_slice_by_slice(deep):
    assert deep.section.grid.scope(True).isVisibleTo(deep.section)
    deep.press("delete")
    deep.viewer.dims.set_point(0, 0)
    deep.click(0, 10, 10)
    assert not (deep.layer.data == 1).any()
    deep.layer.undo()
    deep.shown.press(deep.section.grid.scope(False))
    deep.click(0, 10, 10)
    assert [(plane == 1).any() for plane in deep.layer.data] == [False] + [True] * 4
    np.testing.assert_array_equal(np.unique(np.nonzero(deep.marks())[0]), [0])


def test_outlines_are_carried_to_other_slices(deep, squares):
    deep.viewer.dims.set_point(0, 1)
    deep.press("copy_next")
    deep.click(1, 60, 20)
    np.testing.assert_array_equal(deep.layer.data[2], squares)
    deep.layer.undo()
    deep.press("interpolate")
    deep.click(1, 60, 20)
    deep.viewer.dims.set_point(0, 3)
    deep.click(3, 60, 20)
    np.testing.assert_array_equal(deep.layer.data[2], squares)
    deep.layer.undo()
    deep.press("copy_previous")
    deep.click(3, 60, 20)
    np.testing.assert_array_equal(deep.layer.data[2], squares)


def test_labels_that_were_never_shown_are_edited(correct, squares, correcting):
    for data in (squares, np.stack([squares] * 3)):
        layer = correct.viewer.add_labels(data.copy(), name="truth", visible=False)
        hidden = correcting(layer)
        hidden.press("relabel")
        np.testing.assert_array_equal(layer.data, _swapped(data, 7, 5))
        assert list(hidden.session.index) == [1, 2, 3, 4, 5]
        layer.undo()
        np.testing.assert_array_equal(layer.data, data)


def test_a_tool_that_fails_leaves_no_trace(correct, squares, monkeypatch):
    def fail(refresh=True):
        raise RuntimeError("no texture")

    layer = correct.layer
    correct.bench.begin(layer)
    with monkeypatch.context() as patch:
        patch.setattr(layer, "_partial_labels_refresh", fail)
        with pytest.raises(RuntimeError, match="no texture"):
            correct.flow.tools.press(ALL["relabel"])
    np.testing.assert_array_equal(layer.data, squares)
    layer.undo()
    np.testing.assert_array_equal(layer.data, squares)
    correct.press("relabel")
    np.testing.assert_array_equal(layer.data, _swapped(squares, 7, 5))
    layer.undo()
    np.testing.assert_array_equal(layer.data, squares)
    assert list(correct.session.index) == [1, 2, 3, 4, 7]


def test_labels_below_their_image_are_said_to_be_hidden(correct, said):
    image = correct.viewer.layers["squares"]
    correct.press("delete")
    correct.press("delete")  # and lay it down
    assert said == []
    correct.viewer.layers.move(0, 2)
    correct.press("delete")
    ((kind, text),) = said
    assert kind == "warning"
    assert "The image \u201csquares\u201d lies over \u201csquares labels\u201d" in text
    correct.press("delete")
    image.blending = "additive"
    correct.press("delete")
    assert len(said) == 1


def test_flat_labels_offer_nothing_for_slices(correct, squares):
    for name in ("copy_next", "copy_previous", "interpolate", "review_slice"):
        assert not correct.section.buttons[name].isVisibleTo(correct.section)
    correct.key("Shift-C")
    np.testing.assert_array_equal(correct.layer.data, squares)


def test_what_follows_slices_is_not_offered_for_time_points(deep):
    section, whole = deep.section, deep.section.grid.scope(True)
    assert whole.isVisibleTo(section)
    deep.viewer.layers["stack"].axis_labels = ("t", "y", "x")
    assert not whole.isVisibleTo(section)
    assert section.buttons["copy_next"].isVisibleTo(section)


def test_planes_of_a_time_series_are_called_frames(deep, said):
    buttons, copy = deep.section.buttons, deep.section.buttons["copy_next"]
    assert buttons["review_slice"].title == "This slice"
    assert "to the next slice" in copy.toolTip()
    deep.viewer.layers["stack"].axis_labels = ("t", "y", "x")
    assert buttons["review_slice"].title == "This frame"
    assert "all of this frame" in buttons["review_slice"].toolTip()
    assert "to the next frame" in copy.toolTip()
    deep.viewer.dims.set_point(0, 3)
    deep.press("copy_next")
    assert "the next frame lacks" in deep.section.prompt.text()
    deep.layer.data[4] = 0
    deep.click(3, 12, 12)
    assert deep.shown.words == "Copied object 1 to frame 4."
    deep.viewer.dims.set_point(0, 4)
    deep.click(4, 12, 12)
    assert "there is no frame 5" in said[-1][1].lower()


def test_volumes_on_screen_are_not_pointed_at(deep, said):
    deep.viewer.dims.ndisplay = 3
    deep.press("delete")
    assert not deep.section.buttons["delete"].isChecked()
    assert "2-D view" in said[0][1]


def test_an_object_is_added_where_the_model_sees_one(shown, blobs, correcting):
    shown.viewer.add_image(blobs, name="cells")
    shown.ready().segment()
    correct = correcting(shown.labels("cells labels"))
    whole = correct.layer.data.copy()
    correct.press("delete")
    correct.click(48, 48)
    assert correct.layer.data[48, 48] == 0
    correct.press("add")
    correct.click(48, 48)
    shown.until(lambda: correct.layer.data[48, 48] > 0)
    added = correct.layer.data == correct.layer.data[48, 48]
    own = whole == whole[48, 48]
    assert (added & own).sum() / (added | own).sum() > 0.9
    correct.layer.undo()
    assert correct.layer.data[48, 48] == 0


def test_an_object_is_added_in_the_channel_that_was_segmented(
    shown, blobs, correcting, said
):
    cells = shown.viewer.add_image(blobs, name="cells")
    pair = np.stack([200 - blobs, blobs])  # on average, one even grey
    shown.viewer.add_image(pair, name="pair", axis_labels=("c", "y", "x"))
    shown.ready().section.form.set_values({"channels": 1})
    shown.segment()
    of = {"napari-cihm": {"image_id": str(cells.unique_id)}}  # which has no channels
    alone = shown.viewer.add_labels(np.ones_like(blobs, int), metadata=of)
    for layer in (shown.labels("pair labels"), alone):
        correct = correcting(layer)
        correct.bench.choose(layer)
        layer.data_setitem(np.nonzero(layer.data), 0)
        correct.press("add")
        correct.click(48, 48)
        shown.until(lambda layer=layer: layer.data.any())
        own = (layer.data > 0)[32:64, 32:64]
        assert own.sum() / (blobs[32:64, 32:64] > 0).sum() > 0.8
    assert said == []


@pytest.fixture
def missing(shown, blobs, correcting):
    image = np.stack([blobs] * 4)
    shown.viewer.add_image(image, name="stack", axis_labels=("z", "y", "x"))
    labels = np.zeros(image.shape, np.int32)
    correct = correcting(shown.viewer.add_labels(labels, name="empty"))
    shown.ready()
    shown.viewer.dims.set_point(0, 2)
    correct.press("add")
    correct.click(2, 16, 16)
    return correct


def test_an_object_is_added_in_the_plane_that_was_clicked(missing, blobs):
    missing.viewer.dims.order = (1, 0, 2)  # while the model looks
    missing.shown.until(lambda: missing.layer.data.any())
    added = missing.layer.data > 0
    assert np.unique(np.nonzero(added)[0]).tolist() == [2]
    own = blobs[:32, :32] > 0
    assert (added[2, :32, :32] & own).sum() / own.sum() > 0.8


def test_what_is_due_in_a_stroke_waits_for_its_end(missing):
    missing.layer.mode, missing.layer.brush_size = "paint", 5
    missing.point_at(2, 60, 64)
    with missing.layer.block_history():  # as long as the mouse is down
        missing.layer.paint((2, 60, 64), 50)
        missing.key("Shift-G")
        missing.shown.until(lambda: not missing.shown.desk.runner._runs())
        missing.layer.paint((2, 60, 76), 50)
        stroke = missing.layer.data == 50
        assert (missing.layer.data[~stroke] == 0).all()
    missing.shown.until(lambda: missing.layer.data[2, 16, 16] > 0)
    assert missing.session.index.count(50) == (missing.layer.data == 50).sum()
    assert missing.session.index.count(50) > stroke.sum()  # it has grown
    assert missing.marks()[stroke].all()
    missing.layer.undo()
    missing.layer.undo()
    np.testing.assert_array_equal(missing.layer.data, np.where(stroke, 50, 0))


def test_nothing_is_added_to_labels_that_were_not_clicked(missing, said):
    missing.layer.data = np.zeros_like(missing.layer.data)
    missing.shown.until(lambda: bool(said))
    assert "nothing was added" in said[0][1].lower()
    assert not missing.layer.data.any()


def test_without_a_model_an_object_is_outlined_by_the_image(correct, squares):
    correct.shown.session.model = None
    correct.press("delete")
    correct.click(10, 10)
    correct.press("add")
    correct.drag((16, 14), (18, 20))
    added = correct.layer.data == correct.layer.data[17, 17]
    own = squares == 1
    assert (added & own).sum() / (added | own).sum() > 0.8


def test_objects_are_followed_and_copied_in_a_side_view(deep):
    deep.viewer.dims.order = (1, 0, 2)  # slices and columns
    deep.viewer.dims.set_point(1, 27)
    deep.press("copy_next")
    deep.click(3, 27, 12)
    assert (deep.layer.data[:, 28, 8:28] == 1).all()
    deep.layer.undo()
    deep.press("delete")
    deep.click(1, 27, 10)
    assert not (deep.layer.data == 1).any()
    deep.layer.undo()
    deep.section.grid.whole_chosen.emit(False)
    deep.click(1, 27, 10)
    assert not (deep.layer.data[:, 27] == 1).any()
    assert (deep.layer.data[:, 26] == 1).any()


def test_nothing_is_changed_that_is_not_seen(correct, said, squares):
    correct.layer.visible = False
    correct.press("delete")
    assert correct.layer.visible  # a tool shows what it is for
    correct.layer.visible = False
    correct.click(10, 10)
    correct.point_at(10, 50)
    correct.key("Shift-D")
    assert [text for _, text in said] == [
        "\u201csquares labels\u201d is hidden. Show it with the eye in the layer list."
    ] * 2
    np.testing.assert_array_equal(correct.layer.data, squares)
