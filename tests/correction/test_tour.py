"""Tours: in order, past what is checked, around the end."""

import numpy as np

from napari_cihm.correction.checked import Checked
from napari_cihm.correction.erasing import delete
from napari_cihm.correction.label_index import LabelIndex
from napari_cihm.correction.reviewed import Reviewed
from napari_cihm.correction.scores import patches_of
from napari_cihm.correction.tour import tour_of_objects, tour_of_patches


def made() -> tuple:
    labels = np.zeros((10, 50), np.int32)
    for rank in range(5):
        labels[2:8, 10 * rank + 1 : 10 * rank + 9] = rank + 1
    index, reviewed = LabelIndex.of(labels), Reviewed(labels.shape)
    return labels, index, reviewed, Checked(labels, index, reviewed)


def test_objects_come_by_score_and_around_the_end() -> None:
    _, index, _, checked = made()
    tour = tour_of_objects(index, checked, {1: 0.1, 2: 0.9, 3: 0.5, 4: 0.7, 5: 0.2})
    assert [tour.next().label for _ in range(6)] == [2, 4, 3, 5, 1, 2]
    assert [tour.previous().label for _ in range(3)] == [1, 5, 3]
    assert tour.stops[0].score == 0.9


def test_checked_and_vanished_objects_are_passed_over() -> None:
    labels, index, reviewed, checked = made()
    tour = tour_of_objects(index, checked, {n: -n for n in index})
    checked.hear_review(reviewed.mark((slice(0, 10), slice(0, 10))))
    edit = delete(labels, (4, 15))
    edit.apply(labels)
    index.hear(edit)
    checked.hear_edit(edit)
    assert str(tour.progress()) == "1 of 4 checked"
    assert [tour.next().label for _ in range(4)] == [3, 4, 5, 3]
    checked.hear_review(reviewed.mark_all())
    assert tour.next() is None
    assert str(tour.progress()) == "4 of 4 checked"


def test_the_way_back_leads_to_what_was_looked_at_checked_or_not() -> None:
    labels, index, reviewed, checked = made()
    tour = tour_of_objects(index, checked, {n: -n for n in index})
    assert tour.previous() is None and not tour.has_trail
    assert [tour.next().label for _ in range(4)] == [1, 2, 3, 4]
    checked.hear_review(reviewed.mark((slice(0, 10), slice(0, 20))))
    edit = delete(labels, (4, 25))
    edit.apply(labels)
    index.hear(edit)
    checked.hear_edit(edit)
    assert [tour.previous().label for _ in range(2)] == [2, 1]
    assert tour.previous() is None and not tour.has_trail
    assert tour.next().label == 4  # what is right, or gone, is passed again
    checked.hear_review(reviewed.mark_all())
    assert tour.next() is None and tour.next() is None
    assert [tour.previous().label for _ in range(2)] == [4, 1]


def test_random_order_is_seeded_and_complete() -> None:
    _, index, _, checked = made()
    one = [s.label for s in tour_of_objects(index, checked, seed=3).stops]
    same = [s.label for s in tour_of_objects(index, checked, seed=3).stops]
    other = [s.label for s in tour_of_objects(index, checked, seed=4).stops]
    assert one == same != other
    assert sorted(one) == [1, 2, 3, 4, 5]


def test_patches_by_doubt_until_all_are_reviewed() -> None:
    reviewed = Reviewed((8, 16))
    patches = patches_of((8, 16), 8)
    tour = tour_of_patches(patches, reviewed, [0.2, 0.6])
    assert tour.next().box == patches[1]
    reviewed.mark(patches[1])
    assert str(tour.progress()) == "1 of 2 checked"
    assert tour.next().box == patches[0]
    assert tour.next().box == patches[0]
    reviewed.mark(patches[0])
    assert tour.next() is None


def test_an_empty_tour_has_no_next() -> None:
    labels = np.zeros((4, 4), np.int32)
    index = LabelIndex.of(labels)
    tour = tour_of_objects(index, Checked(labels, index, Reviewed((4, 4))))
    assert tour.next() is None
    assert tour.stops == []
