"""Large images are seen in tiles, and of each no more than what was reviewed needs."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from napari_cihm import load_model
from napari_cihm.config import ModelConfig
from napari_cihm.data.samples import make_sample
from napari_cihm.models import Model
from napari_cihm.training import viewing
from napari_cihm.training.labelled import Labelled
from napari_cihm.training.losses import pick_loss
from napari_cihm.training.material import LEAST, MARGIN, Plane, read_planes
from napari_cihm.training.metrics import match
from napari_cihm.training.validation import Validator
from napari_cihm.training.viewing import label_planes

CONFIG = ModelConfig(recipe="unet", classes=3, task="instance")


@pytest.fixture
def seen(monkeypatch):
    """The sizes of all that a network is shown, and tiles of 256."""
    sizes = []
    monkeypatch.setattr(viewing, "WHOLE", 256)
    forward = Model.predict

    def predict(self, batch):
        sizes.append(batch.shape[2:])
        return forward(self, batch)

    monkeypatch.setattr(Model, "predict", predict)
    return sizes


def test_tiles_give_what_the_whole_gives(make_discs, seen, monkeypatch):
    model, pair = load_model("cihm-fluo", "cpu"), make_discs(7, (300, 400), 60)
    plane = Plane.of(pair, model.config, 0)
    (tiled,) = label_planes(model, [plane])
    assert seen == 4 * [(232, 232)]
    validator = Validator([make_sample(pair, model.config)], pick_loss("instance", ""))
    parts = validator.score(model)
    monkeypatch.setattr(viewing, "WHOLE", 1536)
    (whole,) = label_planes(model, [plane])
    assert match(whole, tiled)[4].ap > 0.95
    once = validator.score(model)
    assert parts["map"] == pytest.approx(once["map"], abs=0.05)
    # Objects that a tile cuts look deeper than they are, so the loss is a little more.
    assert once["validation_loss"] < parts["validation_loss"] < 0.5


def stack(*marks, side=1500):
    """A stack of planes, of which a square each was reviewed at a corner."""
    image = np.random.default_rng(0).integers(0, 99, (len(marks), side, side), np.uint8)
    reviewed = np.zeros(image.shape, bool)
    for plane, (top, left) in zip(reviewed, marks, strict=True):
        plane[top : top + 100, left : left + 100] = True
    return Labelled.of(image, (image > 90).astype(int), reviewed, "zyx")


@pytest.mark.parametrize(
    ("corner", "rows", "columns"),
    [
        ((0, 0), (0, LEAST), (0, LEAST)),
        ((700, 1400), (494, 494 + LEAST), (1500 - LEAST, 1500)),
    ],
)
def test_what_lies_far_from_the_review_is_not_looked_at(corner, rows, columns):
    item = stack(corner)
    (plane,) = read_planes([item], CONFIG)
    part = np.s_[rows[0] : rows[1], columns[0] : columns[1]]
    np.testing.assert_array_equal(plane.reviewed, item.reviewed[0][part])
    (whole,) = read_planes([replace(item, reviewed=item.reviewed | True)], CONFIG)
    np.testing.assert_array_equal(plane.image[0], whole.image[0][part])
    assert whole.reviewed.shape == (1500, 1500)


def test_all_planes_of_an_image_are_seen_through_one_window():
    planes = list(read_planes([stack((200, 300), (900, 350))], CONFIG))
    height, width = 800 + 2 * MARGIN, LEAST
    assert {plane.image.shape for plane in planes} == {(1, height, width)}
    tops = [int(np.argwhere(plane.reviewed)[0][0]) for plane in planes]
    assert tops == [MARGIN, MARGIN + 700]


@pytest.mark.parametrize("axes", ["zxy", "xyz"])
def test_an_image_is_seen_rows_first_in_any_order_of_axes(axes):
    item = stack((200, 300), (900, 350))
    whole = item.image.data, item.labels, item.reviewed
    image, labels, reviewed = (part[:, :1200] for part in whole)
    upright = read_planes([Labelled.of(image, labels, reviewed, "zyx")], CONFIG)
    turn = ["zyx".index(letter) for letter in axes]
    turned = (part.transpose(turn) for part in (image, labels, reviewed))
    found = read_planes([Labelled.of(*turned, axes)], CONFIG)
    for one, other in zip(upright, found, strict=True):
        for name in ("image", "labels", "reviewed"):
            np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


@pytest.mark.parametrize("kind", [np.ndarray.tolist, torch.from_numpy])
def test_lists_and_tensors_are_labels_too(make_dark, kind):
    image, labels = make_dark(0)
    seen = labels < 5
    (plane,) = read_planes([Labelled.of(image, labels, seen)], CONFIG)
    (same,) = read_planes([Labelled.of(*map(kind, (image, labels, seen)))], CONFIG)
    np.testing.assert_array_equal(same.labels, plane.labels)
    np.testing.assert_array_equal(same.reviewed, plane.reviewed)


def test_small_images_are_seen_whole():
    (plane,) = read_planes([stack((0, 0), side=LEAST)], CONFIG)
    assert plane.image.shape == (1, LEAST, LEAST)
