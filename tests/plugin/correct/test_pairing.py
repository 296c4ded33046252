"""Which image labels belong to, where several have their shape."""

import numpy as np
import pytest
from napari.layers import Image, Labels
from napari.layers._layer_actions import _duplicate_layer

SHAPE = (96, 128)


@pytest.fixture
def pair(shown):
    """Return a way to add a layer of each kind, and what labels belong to."""
    viewer, bench = shown.viewer, shown.coordinator.correct.bench

    def image(name, **about):
        return viewer.add_layer(Image(np.zeros(SHAPE, np.uint8), name=name, **about))

    def labels(name, **about):
        return viewer.add_layer(Labels(np.zeros(SHAPE, int), name=name, **about))

    return image, labels, bench.pairing.image_of


def test_names_tell_images_of_one_shape_apart_whichever_is_selected(shown, pair):
    image, labels, image_of = pair
    images = [image(name) for name in ("im", "im 2", "other")]
    layers = [labels(name) for name in ("im masks", "im 2 masks", "other")]
    for selected in images:
        shown.viewer.layers.selection.active = selected
        assert [image_of(layer) for layer in layers] == images


def test_tiles_of_a_mosaic_go_by_their_place(pair):
    image, labels, image_of = pair
    images = [image(f"tile {n}", translate=(0, 128 * n)) for n in range(3)]
    layers = [labels("masks", translate=(0, 128 * n)) for n in range(3)]
    assert [image_of(layer) for layer in layers] == images
    images[1].scale = layers[1].scale = (0.5, 0.5)
    assert [image_of(layer) for layer in layers] == images


def test_what_is_opened_from_one_file_belongs_together(shown, tmp_path):
    from PIL import Image as Pillow

    for name in ("one", "two"):
        for part in ("images", "masks"):
            (tmp_path / name / part).mkdir(parents=True)
        pixels = np.arange(256, dtype=np.uint8).reshape(16, 16)
        Pillow.fromarray(pixels).save(tmp_path / name / "images" / f"{name}.png")
        pixels = np.where(np.eye(16) > 0, 255, 0).astype(np.uint8)
        Pillow.fromarray(pixels).save(tmp_path / name / "masks" / "1.png")
    for name in ("one", "two"):
        shown.viewer.open([str(tmp_path / name)], plugin="napari-cihm")
    layers = shown.viewer.layers
    for layer in layers:
        layer.name = f"a {layer.name}"
    bench = shown.coordinator.correct.bench
    assert bench.pairing.image_of(layers["a one masks"]) is layers["a one"]
    assert bench.pairing.image_of(layers["a two masks"]) is layers["a two"]


def test_other_labels_go_with_the_nearest_image_below_until_they_are_corrected(
    shown, pair
):
    image, labels, image_of = pair
    first, layer, second = image("A"), labels("mine"), image("B")
    assert image_of(layer) is first
    shown.viewer.layers.move(1, 3)
    assert image_of(layer) is second
    shown.viewer.layers.move(2, 1)
    assert image_of(layer) is first
    shown.coordinator.correct.bench.begin(layer)
    shown.viewer.layers.move(1, 3)
    assert image_of(layer) is first
    shown.viewer.layers.selection.active = layer
    _duplicate_layer(shown.viewer.layers)
    assert image_of(shown.viewer.layers["mine copy"]) is first
    shown.viewer.layers.remove(first)
    assert image_of(layer) is None  # and not B's
    again = image("mine.tif")
    assert image_of(layer) is None
    again.name = "min"
    layer.name = "min masks"
    assert image_of(layer) is again


def test_labels_that_were_made_here_stay_with_their_image(shown, pair):
    image, labels, image_of = pair
    first, second = image("A"), image("B")
    layers = shown.desk.layers
    data = np.zeros(SHAPE, int)
    copy = layers.add_copy(data, "a copy", {}, first)
    assert image_of(copy) is first
    assert layers.own(first) is None  # they are the user's
    first.name = "B masks"
    assert image_of(copy) is first
    shown.viewer.layers.remove(first)
    assert image_of(copy) is None
    assert image_of(labels("new")) is second


def test_rows_say_which_image_is_learnt_from(shown, pair):
    image, labels, _ = pair
    image("nuclei of the left kidney")
    name = "0c2550a2" * 8 + " by hand"
    labels(name)
    pairs = shown.coordinator.finetune._section.pairs
    assert pairs.item(0).text() == f"{name} · not reviewed"
    assert f"{name}, over nuclei of the left kidney" in pairs.item(0).toolTip()
