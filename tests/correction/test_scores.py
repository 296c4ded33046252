"""Doubt: by disagreement, by size."""

import numpy as np
import pytest

from napari_cihm.correction.label_index import LabelIndex
from napari_cihm.correction.scores import (
    disagreement,
    doubt_of_objects,
    doubt_of_patches,
    oddity_of_sizes,
    patches_of,
)
from napari_cihm.errors import InputError, ShapeError


def test_disagreement_is_none_where_all_agree_and_one_at_most() -> None:
    one = np.array([[0.0, 0.2, 0.7]])
    other = np.array([[1.0, 0.2, 0.5]])
    assert np.allclose(disagreement([one, other]), [[1.0, 0.0, 0.2]])
    with pytest.raises(InputError, match="1 predictions"):
        disagreement([one])


def test_the_most_doubtful_tenth_speaks_for_an_object(make) -> None:
    labels = np.zeros((20, 40), np.int32)
    labels[5:15, 5:15], labels[5:15, 25:35] = 1, 2
    doubt = np.zeros(labels.shape, np.float32)
    doubt[labels == 1] = 0.3
    doubt[5, 25:35] = 0.9
    kept = make(labels)
    found = doubt_of_objects(kept, LabelIndex.of(kept), make(doubt))
    assert found == pytest.approx({1: 0.3, 2: 0.9})


def test_odd_sizes_stand_out_on_both_sides() -> None:
    labels = np.zeros((40, 200), np.int32)
    for rank in range(9):
        labels[5:15, 20 * rank : 20 * rank + 8 + rank % 3] = rank + 1
    labels[20:40, 0:100] = 50
    labels[20, 150] = 51
    odd = oddity_of_sizes(LabelIndex.of(labels))
    assert set(sorted(odd, key=lambda n: -odd[n])[:2]) == {50, 51}
    logs = np.log([(labels == n).sum() for n in odd])
    away = np.abs(logs - np.median(logs))
    expected = away / (1.4826 * np.median(away))
    assert np.allclose(list(odd.values()), expected)


def test_sizes_all_alike_are_not_odd() -> None:
    labels = np.kron(np.arange(1, 5).reshape(2, 2), np.ones((3, 3), int))
    assert set(oddity_of_sizes(LabelIndex.of(labels)).values()) == {0.0}
    assert oddity_of_sizes(LabelIndex.of(np.zeros((3, 3), int))) == {}


def test_patches_cover_each_plane_once() -> None:
    shape = (2, 50, 70)
    covered = np.zeros(shape, int)
    patches = patches_of(shape, 32)
    for box in patches:
        covered[box] += 1
        assert covered[box].shape[0] == 1
    assert (covered == 1).all()
    assert len(patches) == 2 * 2 * 3


def test_patches_have_their_doubt() -> None:
    doubt = np.zeros((4, 8), np.float32)
    doubt[0, 4:] = 0.5
    scores = doubt_of_patches(patches_of((4, 8), 4), doubt)
    # The most doubtful tenth of 16 pixels are two.
    assert scores == [0.0, 0.5]


def test_a_map_of_another_shape_is_refused(draw) -> None:
    labels = draw("12")
    with pytest.raises(ShapeError, match="doubts of shape"):
        doubt_of_objects(labels, LabelIndex.of(labels), np.zeros((2, 2)))
    with pytest.raises(ShapeError, match="doubts of shape"):
        doubt_of_patches(patches_of((4, 4), 2), np.zeros(4))
