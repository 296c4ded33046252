"""Wrong labels are told from the image alone; right ones raise no doubt."""

import time
from dataclasses import astuple, replace

import numpy as np
import pytest
from scipy import ndimage

from napari_cihm.data.synthetic import nuclei, tissue
from napari_cihm.training import doubts
from napari_cihm.training.doubts import Findings, examine
from napari_cihm.training.material import Plane


def _plane(image, labels, reviewed=None):
    shown = np.atleast_3d(image).transpose(2, 0, 1).astype(np.float32) / image.max()
    known = np.ones(labels.shape, bool) if reviewed is None else reviewed
    return Plane(shown, np.where(known, labels, 0), known, 0)


PICTURES = {
    "glowing": nuclei((256, 256), 3, 20.0, 0.15),
    "stained": tissue((256, 256), 5),
}


@pytest.fixture(params=PICTURES)
def picture(request):
    return PICTURES[request.param]


def test_right_labels_raise_no_doubt(picture):
    found = examine([_plane(*picture)])
    assert found.words == ()
    assert found.offsets == ((0, 0),)
    assert found.relief > 1.4


def test_a_channel_of_grain_beside_the_objects_raises_no_doubt():
    image, labels = PICTURES["glowing"]
    grain = np.random.default_rng(0).integers(0, image.max(), image.shape)
    both = np.stack([grain, image], axis=-1)
    assert examine([_plane(both, labels)]).placed
    elsewhere = nuclei((256, 256), 4, 20.0, 0.15)[1]
    assert not examine([_plane(both, elsewhere)]).placed


def test_moved_labels_are_told_with_their_distance(picture):
    image, labels = picture
    found = examine([_plane(image, np.roll(labels, (4, -3), (0, 1)))])
    np.testing.assert_allclose(found.offsets, [(-4, 3)], atol=1)
    assert any("pixels off their objects" in said for said in found.words)
    assert not any("carry no label" in said for said in found.words)


def test_what_is_found_is_laid_beside_the_objects_as_the_labels_of_each_image_are(
    picture,
):
    image, labels = picture
    ways = (4, -3), (0, 0), (-6, 5)
    moved = [ndimage.shift(labels, way, order=0) for way in ways]
    planes = [replace(_plane(image, lying), source=i) for i, lying in enumerate(moved)]
    found = examine(planes)
    assert found.placed
    assert found.words[0].startswith("The labels of 2 of 3 images lie about 8 pixels")
    np.testing.assert_allclose(found.offsets, -np.array(ways), atol=1)
    laid = found.lay_beside(planes, [labels] * 3)
    for lying, back in zip(laid, found.offsets, strict=True):
        meant = ndimage.shift(labels, [-way for way in back], order=0)
        np.testing.assert_array_equal(lying, meant)


def test_what_is_found_stays_where_labels_are_right(picture):
    image, labels = picture
    plane = _plane(image, labels)
    (laid,) = examine([plane]).lay_beside([plane], [labels])
    np.testing.assert_array_equal(laid, labels)


@pytest.mark.parametrize(
    ("change", "precision", "meant"),
    [
        ({}, 0.7, True),
        ({}, 0.6, False),  # as high as one gets that finds all of them
        ({"merged": 0.5}, 0.9, False),
        ({"offsets": ((0, 0), (0, 4))}, 0.9, False),
        ({"relief": 1.0}, 0.9, False),
    ],
)
def test_look_alikes_are_none_to_who_tells_them_apart(change, precision, meant):
    found = Findings(2.0, ((0, 0),), merged=0.0, look_alikes=0.6)
    assert replace(found, **change).borne_out(precision) == meant


def test_of_a_large_plane_the_part_with_most_objects_is_looked_at(monkeypatch):
    image, labels = PICTURES["glowing"]
    wide = [np.pad(a, ((0, 300), (300, 0)), mode="reflect") for a in (image, labels)]
    wide[1][256:], wide[1][:, :300] = 0, 0
    wide[1][540:550, 20:30] = 9999
    monkeypatch.setattr(doubts, "LARGEST", 256)
    monkeypatch.setattr(doubts, "ENOUGH_OBJECTS", 10)
    assert examine([_plane(*wide)]).words == ()
    monkeypatch.setattr(doubts, "LARGEST", 1536)
    assert examine([_plane(*wide)]).look_alikes > 1  # all that is mirrored


def test_merged_neighbours_are_told(picture):
    image, labels = picture
    numbers = np.unique(labels)[1:]
    centres = np.array(ndimage.center_of_mass(labels > 0, labels, numbers))
    merged, left = labels.copy(), set(range(len(numbers)))
    while len(left) > 1:
        one = left.pop()
        other = min(left, key=lambda j: np.hypot(*(centres[one] - centres[j])))
        left.discard(other)
        merged[merged == numbers[other]] = numbers[one]
    found = examine([_plane(image, merged)])
    assert found.merged > 0.5
    assert any("hold two objects" in said for said in found.words)


def test_missing_objects_are_told_only_where_they_were_reviewed(picture):
    image, labels = picture
    thinned = np.where(labels % 2 == 0, labels, 0)
    found = examine([_plane(image, thinned)])
    assert found.look_alikes == pytest.approx(0.8, abs=0.3)
    assert any("carry no label" in said for said in found.words)
    around = ndimage.binary_dilation(thinned > 0, iterations=4)
    reviewed = around & ~((labels > 0) & (thinned == 0))
    assert examine([_plane(image, thinned, reviewed)]).look_alikes == 0


def test_labels_of_another_image_are_told(picture):
    image, labels = picture
    found = examine([_plane(image, labels[::-1, ::-1])])
    assert found.words


def test_outlines_on_the_crest_of_membranes_are_where_they_should_be():
    rows, columns = np.mgrid[:200, :200]
    labels = (1 + rows // 40 * 5 + columns // 40).astype(np.int32)
    crest = np.ptp([labels, np.roll(labels, 1, 0), np.roll(labels, 1, 1)], axis=0) > 0
    image = ndimage.gaussian_filter(crest.astype(float), 1.5)
    image += np.random.default_rng(0).normal(0, 0.02 * image.max(), image.shape)
    assert examine([_plane(image, labels)]).words == ()


def test_many_planes_cost_no_more_than_a_few():
    plane = _plane(*PICTURES["glowing"])
    one = examine([plane])
    began = time.process_time()
    many = examine([plane] * 500)
    seconds = time.process_time() - began
    assert many.offsets == one.offsets
    assert many.relief == pytest.approx(one.relief)
    assert astuple(many)[2:] == pytest.approx(astuple(one)[2:])
    assert seconds < 5
