"""What napari's menus offer, driven as a user drives them."""

import numpy as np
import pytest
from napari._app_model import get_app_model
from qtpy.QtCore import Qt

from napari_cihm.plugin.widgets import CheckWidget, SegmentWidget

TITLES = ["Segment and fine-tune", "Check a model file", "List the networks"]


def _actions(menu):
    menu.aboutToShow.emit()
    return [action for action in menu.actions() if not action.isSeparator()]


def _named(menu, text):
    """Find an action; napari puts the plugin's name behind the command's title."""
    wanted = (text, f"{text} (CIHM Segment)")
    (found,) = [a for a in _actions(menu) if a.text().replace("&", "") in wanted]
    return found


@pytest.fixture
def viewer(make_napari_viewer, pooled, at_home):
    return make_napari_viewer()


def _panel(viewer):
    (panel,) = viewer.window._qt_window.findChildren(SegmentWidget)
    return panel


def test_the_plugins_menu_has_one_entry_with_its_widgets_below(viewer):
    entry = _named(viewer.window.plugins_menu, "CIHM Segment")
    shown = [a.text().removesuffix(" (CIHM Segment)") for a in _actions(entry.menu())]
    assert shown == TITLES


def test_the_menu_opens_the_panel_and_hides_it_again(
    make_napari_viewer, pooled, at_home, qtbot
):
    viewer = make_napari_viewer(show=True)
    menu = _named(viewer.window.plugins_menu, "CIHM Segment").menu()
    _named(menu, TITLES[0]).trigger()
    panel = _panel(viewer)
    dock = panel.parent()
    qtbot.waitUntil(dock.isVisible)
    _named(menu, TITLES[0]).trigger()
    qtbot.waitUntil(dock.isHidden)
    _named(menu, TITLES[1]).trigger()
    assert viewer.window._qt_window.findChildren(CheckWidget)


def test_there_is_one_panel_however_it_is_opened(viewer, blobs):
    image = viewer.add_image(blobs)
    viewer.layers.selection.active = image
    layers = _named(viewer.window.layers_menu, "Segment").menu()
    _named(layers, "Segment the selected image").trigger()
    dock = _panel(viewer).parent()
    assert not dock.isHidden()
    plugins = _named(viewer.window.plugins_menu, "CIHM Segment").menu()
    _named(plugins, TITLES[0]).trigger()
    assert _panel(viewer).parent() is dock  # which the entry now hides
    files = _named(viewer.window.file_menu, "IO Utilities").menu()
    _named(files, "Segment a folder").trigger()
    assert _panel(viewer).parent() is dock


def test_samples_are_offered(viewer):
    entry = _named(viewer.window.file_menu, "Open Sample")
    own = _named(entry.menu(), "CIHM Segment")
    assert [a.text() for a in _actions(own.menu())] == [
        "Nuclei, fluorescence",
        "Nuclei, stack of slices",
        "Stained tissue",
        "DSB18 images (fetched once, 8 MB)",
    ]


def test_the_layers_menu_segments_the_selected_image(viewer, blobs, qtbot):
    def offered():
        menu = _named(viewer.window.layers_menu, "Segment").menu()
        return _named(menu, "Segment the selected image")

    assert not offered().isEnabled()
    viewer.add_image(blobs, name="other")
    image = viewer.add_image(blobs, name="cells")
    viewer.layers.selection.active = image
    action = offered()
    assert action.isEnabled()
    action.trigger()
    qtbot.waitUntil(lambda: "cells labels" in viewer.layers, timeout=60_000)
    assert viewer.layers["cells labels"].data.max() == 12
    assert _panel(viewer).coordinator.desk.session.image is image
    viewer.layers.selection.active = viewer.layers["cells labels"]
    assert not offered().isEnabled()


def test_the_layers_menu_fine_tunes_on_the_selected_labels(viewer, blobs, qtbot):
    def offered():
        menu = _named(viewer.window.layers_menu, "Segment").menu()
        return _named(menu, "Fine-tune on the selected labels")

    viewer.add_image(blobs, name="cells")
    assert not offered().isEnabled()
    one, other, _ = (
        viewer.add_labels((blobs > level).astype(int), name=name)
        for name, level in (("one", 50), ("other", 90), ("third", 120))
    )
    viewer.layers.selection = {one, other}
    action = offered()
    assert action.isEnabled()
    action.trigger()
    section = _panel(viewer).coordinator.finetune_section
    assert section.ticked == [str(x.unique_id) for x in (other, one)]
    # Nothing is reviewed yet, so the run begins with the question what is right.
    qtbot.waitUntil(lambda: "other" in section.unmarked.words.text(), timeout=60_000)


def test_labels_without_an_image_teach_nothing(viewer, said):
    viewer.add_labels(np.zeros((8, 8), int), name="alone")
    run = get_app_model().commands.execute_command
    run("napari-cihm.finetune_selected").result()
    assert said == [
        (
            "error",
            "No image lies below the selected labels. Open the image they belong to.",
        )
    ]
    viewer.layers.clear()
    run("napari-cihm.finetune_selected").result()
    assert said[-1][1] == "No labels are selected. Select some in the layer list."


def test_the_file_menu_leads_to_whole_folders(viewer, qtbot):
    menu = _named(viewer.window.file_menu, "IO Utilities").menu()
    _named(menu, "Segment a folder").trigger()
    assert _panel(viewer).coordinator.folder_section.opened


def test_commands_are_in_the_palette(viewer):
    known = {command.title for _, command in get_app_model().commands}
    for title in (
        "Segment the selected image",
        "Fine-tune on the selected labels",
        "Segment a folder",
    ):
        assert {title, f"{title} (CIHM Segment)"} & known


def test_nothing_selected_is_told(viewer, said):
    viewer.add_labels(np.zeros((8, 8), int))
    get_app_model().commands.execute_command("napari-cihm.segment_selected").result()
    assert said == [("error", "No image is selected. Select one in the layer list.")]


def test_the_newcomers_way(viewer, qtbot):
    """Open the sample, open the panel, press Segment: nothing else."""
    menu = _named(viewer.window.file_menu, "Open Sample").menu()
    own = _named(menu, "CIHM Segment").menu()
    _named(own, "Nuclei, fluorescence").trigger()
    plugins = _named(viewer.window.plugins_menu, "CIHM Segment").menu()
    _named(plugins, TITLES[0]).trigger()
    section = _panel(viewer).coordinator.segment._section
    assert section.images.currentText() == "nuclei"
    qtbot.waitUntil(section.segment.isEnabled, timeout=60_000)
    qtbot.mouseClick(section.segment, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "nuclei labels" in viewer.layers, timeout=60_000)
    found = viewer.layers["nuclei labels"].data
    truth = viewer.layers["nuclei truth"].data
    assert not viewer.layers["nuclei truth"].visible
    assert len(set(truth[found > 0])) > 60
    assert (truth[found > 0] > 0).mean() > 0.95
