"""What is held out is no neighbour of what is learnt, in any plane of its image."""

import numpy as np
import pytest
from scipy import ndimage
from skimage.measure import regionprops

from napari_cihm.data.boxes import whole
from napari_cihm.errors import DataError
from napari_cihm.training.holdout import block_side, folds, thickest
from napari_cihm.training.material import Plane


def plane_of(labels, source):
    reviewed = np.ones(labels.shape, bool)
    reviewed[:, :20] = False
    known = np.where(reviewed, labels, 0)
    return Plane(np.zeros((1, *labels.shape), np.float32), known, reviewed, source)


@pytest.fixture
def planes():
    """Two planes of one image and one of another, full of squares."""
    y, x = np.indices((200, 300))
    squares = np.where((y % 18 < 12) & (x % 18 < 12), y // 18 * 17 + x // 18 + 1, 0)
    moved = np.roll(squares, 5, axis=1)
    return [plane_of(squares, 0), plane_of(moved, 0), plane_of(squares, 1)]


def test_a_part_is_held_out_with_a_margin_and_from_all_planes(planes):
    objects = sum(len(plane.objects) for plane in planes)
    splits = folds(planes, 0.5, seed=1, count=2)
    assert len(splits) == 2
    for split in splits:
        assert 0.2 * objects < split.held_out < 0.32 * objects
        np.testing.assert_array_equal(split.parts[0].block, split.parts[1].block)
        for plane, part in zip(planes, split.parts, strict=True):
            for region in regionprops(plane.labels):
                inside = part.block[tuple(int(c) for c in region.centroid)]
                assert inside == (region.label in part.scored)
            held = part.block | np.isin(plane.labels, [*part.scored])
            away = ndimage.distance_transform_cdt(~held, "taxicab")
            assert away[part.learn].min() > block_side(planes) / 12
            assert plane.reviewed[part.learn].all()
    for one, other in zip(*(split.parts for split in splits), strict=True):
        assert not one.scored & other.scored


def test_something_is_left_to_learn(planes):
    for share, count in [(0.5, 1), (1.0, 3)]:
        split = folds(planes, share, seed=0, count=count)[0]
        assert any(part.learn.any() for part in split.parts)
        assert split.held_out < sum(len(plane.objects) for plane in planes)


def test_a_seed_chooses_what_is_held_out(planes):
    one, same, other = (folds(planes, 0.25, seed)[0].parts for seed in (1, 1, 2))
    assert [part.scored for part in one] == [part.scored for part in same]
    assert [part.scored for part in one] != [part.scored for part in other]


def squares_at(places, side=8, shape=(240, 240)):
    labels = np.zeros(shape, np.int32)
    for number, (row, column) in enumerate(places, start=1):
        labels[row : row + side, column : column + side] = number
    return Plane(np.zeros((1, *shape), np.float32), labels, np.ones(shape, bool), 0)


def test_what_was_reviewed_and_is_empty_is_held_out_too():
    """Or nobody learns what a model invents there."""
    left = squares_at([(r, c) for r in range(5, 230, 25) for c in (5, 30, 55, 80)])
    held = [folds([left], 0.25, seed)[0].parts[0] for seed in range(8)]
    empty = [part.block[:, 120:].mean() for part in held]
    assert 0.15 < np.mean(empty) < 0.45
    assert all(9 <= len(part.scored) <= 18 for part in held)
    # what nobody looked at is as it was
    left.reviewed[:, 120:] = False
    for seed in range(8):
        assert not folds([left], 0.25, seed)[0].parts[0].block[:, 120:].any()


@pytest.mark.parametrize("apart", [9, 2])
def test_objects_close_together_are_held_out_in_turn(apart):
    close = squares_at([(100 + n * apart, 100) for n in range(5)], side=apart)
    splits = folds([close], 1.0, seed=0, count=3)
    scored = [number for split in splits for number in split.parts[0].scored]
    assert len(splits) > 1 and sorted(scored) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("seed", range(4))
def test_no_more_is_held_out_than_was_asked_for(seed):
    """The first block that is drawn may hold nearly all objects."""
    crowd = [(r, c) for r in range(2, 45, 11) for c in range(2, 45, 11)]
    uneven = squares_at([*crowd, (100, 100), (100, 200), (200, 100), (200, 200)])
    (split,) = folds([uneven], 0.25, seed)
    assert split.held_out == 4 and not split.parts[0].block[:48, :48].any()


@pytest.mark.parametrize("seed", range(4))
def test_of_a_colony_in_a_wide_plane_a_part_is_held_out(seed):
    colony = [(r, c) for r in range(330, 450, 20) for c in range(330, 450, 20)]
    wide = squares_at([*colony, (900, 900)], shape=(1000, 1000))
    (split,) = folds([wide], 0.25, seed)
    assert 6 <= split.held_out <= 14
    few = squares_at([*colony[::4], (900, 900)], shape=(1000, 1000))
    turns = [split.held_out for split in folds([few], 1.0, seed, count=3)]
    assert sum(turns) == 10 and max(turns) <= 5


def drifting(*places):
    """Give a stack of squares of 20 pixels, each a pixel further on in each slice."""
    return [
        squares_at([(r + z, c + z) for r, c in places], side=20) for z in range(-2, 3)
    ]


def test_slices_of_one_object_are_held_out_together():
    """Else what is scored in one slice is learnt from the next."""
    splits = folds(drifting((86, 86), (126, 160)), 1.0, seed=0, count=3)
    held = [{part.scored for part in split.parts} for split in splits]
    assert sorted(map(list, held)) == [[{1}], [{2}]]
    with pytest.raises(DataError, match="one place"):
        folds(drifting((86, 86)), 1.0, seed=0, count=3)


def test_what_lies_in_one_place_cannot_be_held_out():
    rings = squares_at([(60, 60)], side=80)
    for number in range(1, 5):
        rings.labels[60 + 8 * number : 140 - 8 * number][
            :, 60 + 8 * number : 140 - 8 * number
        ] = number + 1
    with pytest.raises(DataError, match="one place"):
        folds([rings], 0.25, seed=0)


def test_of_very_many_objects_no_more_are_held_out_than_are_enough():
    y, x = np.indices((1400, 1400))
    squares = np.where((y % 14 < 9) & (x % 14 < 9), y // 14 * 100 + x // 14 + 1, 0)
    plane = Plane(np.zeros((1, 1400, 1400), np.float32), squares, squares >= 0, 0)
    (split,) = folds([plane], 0.25, seed=0)
    assert 350 < split.held_out < 450


def test_the_square_with_most_objects_is_found():
    crowd = [(r, c) for r in range(120, 200, 20) for c in range(40, 120, 20)]
    plane = squares_at([(5, 5), (10, 220), *crowd])
    box = thickest([plane], 100)
    assert {s.stop - s.start for s in box} == {100}
    assert len(plane.cut(box).objects) >= 12
    assert thickest([plane], 240) == thickest([plane], None) == whole((240, 240))
