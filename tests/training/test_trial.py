"""What is judged is seen through windows, and judged as on the whole plane."""

from dataclasses import replace

import numpy as np
import pytest

from napari_cihm.config import ModelConfig
from napari_cihm.training.holdout import Split, folds
from napari_cihm.training.material import Plane
from napari_cihm.training.metrics import match
from napari_cihm.training.regions import pieces
from napari_cihm.training.trial import Trial

INSTANCES = ModelConfig(recipe="unet", classes=3, task="instance")
REGIONS = INSTANCES.but(classes=1, task="semantic")


def plane_of(labels, source=0):
    image = (labels > 0).astype(np.float32)[None]
    return Plane(image, labels, np.ones(labels.shape, bool), source)


@pytest.fixture
def grid():
    """A plane of 1500 x 1500 with a square object every 50 pixels."""
    y, x = np.indices((1500, 1500))
    inside = (y % 50 < 20) & (x % 50 < 20)
    return plane_of(np.where(inside, y // 50 * 30 + x // 50 + 1, 0))


def held(trial, labels):
    """Cut labels of whole planes as the trial cuts what it shows."""
    return [labels[number][box] for number, box in trial.boxes]


def test_it_shows_little_and_judges_as_on_the_whole(grid):
    (split,) = folds([grid], 0.2, 3)
    trial = Trial.of([grid], split, [grid])
    assert len(trial.planes) > 1
    assert sum(p.labels.size for p in trial.planes) < 0.7 * grid.labels.size
    part = split.parts[0]
    found = np.roll(grid.labels, 3, axis=0)
    found[np.isin(found, list(part.scored)[::3])] = 0  # a third is missed
    expected = match(
        np.where(np.isin(grid.labels, list(part.scored)), grid.labels, 0),
        np.where(np.isin(found, list(part.scored)), found, 0),
    )
    scored = trial.score(held(trial, [found]), INSTANCES).matchings
    for mine, whole in zip(scored, expected, strict=True):
        assert (mine.tp, mine.fp, mine.fn) == (whole.tp, whole.fp, whole.fn)
        assert mine.iou == pytest.approx(whole.iou)


def test_each_object_is_scored_once(grid):
    for seed in range(3):
        (split,) = folds([grid], 0.3, seed)
        trial = Trial.of([grid], split, [grid])
        assert sum(len(part.scored) for part in trial.parts) == split.held_out
        perfect = trial.score(held(trial, [grid.labels]), INSTANCES)
        assert perfect.mean_ap == 1 and perfect.dice == 1
        assert perfect.objects == split.held_out


def test_an_object_larger_than_what_lies_around_is_shown_whole():
    labels = np.zeros((1800, 1800), int)
    for number, (top, left) in enumerate(np.ndindex(3, 3), start=1):
        labels[600 * top + 10 : 600 * top + 590, 600 * left + 10 : 600 * left + 590] = (
            number
        )
    plane = plane_of(labels)
    (split,) = folds([plane], 0.1, 0)
    trial = Trial.of([plane], split, [plane])
    (window,), (part,) = trial.planes, trial.parts
    for number in part.scored:
        assert (window.labels == number).sum() == 580**2


def test_planes_of_which_nothing_is_held_out_are_not_shown(grid):
    others = [replace(grid, source=number) for number in (1, 2)]
    (split,) = folds([grid, *others], 0.02, 0)
    trial = Trial.of([grid, *others], split, [grid, *others])
    assert len({number for number, _ in trial.boxes}) < 3
    for plane, part in zip(trial.planes, trial.parts, strict=True):
        assert (part.block & plane.reviewed).any()


def test_small_planes_are_shown_whole_and_once():
    labels = np.kron(np.arange(1, 37).reshape(6, 6), np.ones((60, 60), int))
    labels[::60] = labels[:, ::60] = 0
    plane = plane_of(labels)
    (split,) = folds([plane], 0.4, 1)
    trial = Trial.of([plane], split, [plane])
    assert [p.labels.shape for p in trial.planes] == [(360, 360)]
    assert trial.parts[0].scored == split.parts[0].scored


def test_regions_are_judged_by_the_pixels_held_out():
    labels = np.zeros((1500, 1500), int)
    labels[:, 300:1200] = 1
    plane = plane_of(labels)
    units = pieces([plane])
    (split,) = folds(units, 0.2, 5)
    trial = Trial.of([plane], split, units)
    assert {int(n) for p in trial.planes for n in np.unique(p.labels)} <= {0, 1}
    right = trial.score(held(trial, [labels]), REGIONS)
    none = trial.score(held(trial, [labels * 0]), REGIONS)
    assert right.dice == 1 and none.dice == 0
    wrong = np.where(split.parts[0].block, labels, 1)  # wrong where nobody asks
    assert trial.score(held(trial, [wrong]), REGIONS).dice == 1


def test_what_is_found_beside_the_review_is_no_mistake():
    y, x = np.indices((200, 300))
    found = np.where((y % 20 < 12) & (x % 20 < 12), y // 20 * 15 + x // 20 + 1, 0)
    reviewed = x < 116  # which ends within blocks
    plane = replace(plane_of(np.where(reviewed, found, 0)), reviewed=reviewed)
    for seed in range(3):
        (split,) = folds([plane], 0.5, seed)
        trial = Trial.of([plane], split, [plane])
        score = trial.score(held(trial, [found]), INSTANCES)
        assert score.found == score.objects == split.held_out
        assert score.dice == 1


def test_another_model_is_shown_the_same_parts(grid):
    (split,) = folds([grid], 0.2, 3)
    trial = Trial.of([grid], split, [grid])
    other = replace(grid, image=np.repeat(grid.image, 3, axis=0))
    for mine, theirs in zip(trial.planes, trial.seen([other]), strict=True):
        np.testing.assert_array_equal(mine.image[0], theirs.image[2])


def test_a_split_of_nothing_shows_nothing(grid):
    empty = replace(
        folds([grid], 0.2, 3)[0].parts[0], block=np.zeros((1500, 1500), bool)
    )
    trial = Trial.of([grid], Split((empty,)), [grid])
    assert trial.planes == ()
