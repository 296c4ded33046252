"""napari accepts the manifest, and everything that it points to is there."""

import importlib
from importlib.metadata import entry_points

import pytest
from npe2 import PluginManifest


@pytest.fixture(scope="module")
def manifest() -> PluginManifest:
    return PluginManifest.from_distribution("napari-cihm")


def test_napari_finds_the_manifest():
    (entry,) = entry_points(group="napari.manifest", name="napari-cihm")
    assert entry.value == "napari_cihm:napari.yaml"


def test_the_manifest_is_valid(manifest):
    manifest.validate_imports()
    assert manifest.display_name == "CIHM Segment"


def test_every_command_has_a_function(manifest):
    for command in manifest.contributions.commands or ():
        module, name = command.python_name.split(":")
        assert callable(getattr(importlib.import_module(module), name)), command.id


def test_no_reader_competes_for_single_images(manifest):
    # A second reader for these makes napari ask which one to use at every drop.
    taken = {"*", "*.*", "*.png", "*.tif", "*.tiff", "*.jpg"}
    for reader in manifest.contributions.readers or ():
        assert not taken & set(reader.filename_patterns), reader.command
