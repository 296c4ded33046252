"""Preferences: one page in napari, the same settings as the package's own."""

import pytest
from napari.settings import get_plugin_settings
from npe2 import PluginManifest

from napari_cihm.config import WindowSettings
from napari_cihm.config.fields import fields_of
from napari_cihm.plugin.preferences import PAGE, PLUGIN, preferences


@pytest.fixture
def manifest():
    return PluginManifest.from_distribution(PLUGIN)


@pytest.fixture
def page(plugin_settings, npe2pm, manifest):
    npe2pm.register(manifest)
    return getattr(get_plugin_settings(PLUGIN), PAGE)


def test_the_manifest_repeats_the_settings(manifest):
    properties = manifest.contributions.configurations[PAGE].properties
    assert list(properties) == list(WindowSettings.model_fields)
    for facts in fields_of(WindowSettings):
        told = properties[facts.name]
        assert told.default == facts.default
        assert told.description == facts.description
        assert told.title
        if facts.words:
            assert tuple(told.enum) == facts.words
        if facts.number:
            assert (told.minimum, told.maximum) == (facts.low, facts.high)


def test_what_was_never_set_is_the_default(page):
    assert preferences() == WindowSettings()


def test_what_the_user_sets_is_used(page):
    page.device, page.memory, page.model = "cpu", 2048, "/models/mine.safetensors"
    chosen = preferences()
    assert (chosen.device, chosen.memory) == ("cpu", 2048)
    assert chosen.model == "/models/mine.safetensors"


def test_what_cannot_be_is_refused_on_the_page(page):
    for name, value in {"device": "abacus", "memory": -1}.items():
        with pytest.raises(ValueError, match=r"abacus|greater than or equal"):
            setattr(page, name, value)


def test_a_napari_that_does_not_know_us_gives_the_defaults(plugin_settings):
    assert preferences() == WindowSettings()


def test_memory_and_device_reach_the_run(page, make_napari_viewer, pooled, qtbot):
    page.device, page.memory = "cpu", 4096
    viewer = make_napari_viewer()
    from napari_cihm.plugin.widgets import SegmentWidget

    panel = SegmentWidget(viewer)
    qtbot.addWidget(panel)
    chosen = panel.coordinator.segment.settings()
    assert (chosen["device"], chosen["memory"]) == ("cpu", 4096)
    panel.coordinator.close()
