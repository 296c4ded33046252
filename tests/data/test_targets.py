"""Targets against small cases worked out by hand."""

import numpy as np
import pytest

from napari_cihm.data.targets import instance_targets, semantic_targets, touching


def test_distance_is_one_at_the_deepest_point_of_every_object():
    labels = np.zeros((30, 40), int)
    labels[2:9, 2:9] = 1  # 7 x 7: four steps deep
    labels[12:27, 12:27] = 2
    maps, valid = instance_targets(labels)
    assert valid is None
    assert maps[2][5, 5] == 255 and maps[2][19, 19] == 255
    assert maps[2][2, 5] == round(255 / 4)
    assert (maps[0] > 0).sum() == 49 + 225
    assert not maps[2][labels == 0].any()


def test_the_frame_of_the_picture_is_no_edge():
    labels = np.zeros((12, 12), int)
    labels[0:4, 3:8] = 1
    maps, _ = instance_targets(labels)
    assert maps[2][0, 5] == 255  # deepest where it leaves the picture
    whole = np.ones((6, 6), int)
    assert (instance_targets(whole)[0][2] == 255).all()


def test_touching_borders_have_two_objects_within_two_pixels():
    labels = np.zeros((5, 12), int)
    labels[:, :5] = 1
    labels[:, 5:] = 2
    assert touching(labels)[2].tolist() == [False] * 3 + [True] * 4 + [False] * 5
    narrow = np.zeros((5, 12), int)
    narrow[:, :4] = 1
    narrow[:, 7:] = 2  # three pixels apart: the middle one has both within two
    assert touching(narrow)[2].tolist() == [False] * 5 + [True] + [False] * 6
    wide = np.zeros((5, 12), int)
    wide[:, :4] = 1
    wide[:, 9:] = 2
    assert not touching(wide).any()


def test_nothing_unreviewed_leaks_into_what_is_believed():
    rng = np.random.default_rng(0)
    labels = np.kron(rng.integers(0, 5, (8, 8)), np.ones((8, 8), int))
    reviewed = np.zeros(labels.shape, bool)
    reviewed[10:50, 10:50] = True
    other = labels.copy()
    other[~reviewed] = rng.integers(0, 9, (~reviewed).sum())
    maps, valid = instance_targets(labels, reviewed)
    maps_other, valid_other = instance_targets(other, reviewed)
    np.testing.assert_array_equal(valid, valid_other)
    np.testing.assert_array_equal(maps[valid], maps_other[valid])
    assert not valid[:, ~reviewed].any()


def test_a_believed_map_is_the_map_of_the_whole_truth():
    labels = np.zeros((60, 60), int)
    labels[20:30, 20:30] = 1  # inside
    labels[35:45, 44:58] = 2  # cut by the edge of what was reviewed
    labels[30:34, 22:28] = 3
    labels[12:18, 44:50], labels[12:18, 50:55] = 4, 5  # touch at that edge
    reviewed = np.zeros(labels.shape, bool)
    reviewed[10:50, 10:50] = True
    whole, _ = instance_targets(labels)
    maps, valid = instance_targets(labels, reviewed)
    np.testing.assert_array_equal(maps[valid], whole[valid])
    assert valid[2][25, 25] and not valid[2][40, 46]
    assert valid[0][40, 46]


@pytest.mark.parametrize("highest", [1, 255])
def test_one_class_is_any_label(highest):
    labels = np.array([[0, highest], [0, 0]])
    maps, _ = semantic_targets(labels, 1)
    assert maps.tolist() == [[[0, 255], [0, 0]]]


def test_several_classes_have_a_map_each():
    labels = np.array([[0, 1], [2, 2]])
    maps, _ = semantic_targets(labels, 3)
    assert maps.argmax(0).tolist() == labels.tolist()
    assert (maps.sum(0) == 255).all()
