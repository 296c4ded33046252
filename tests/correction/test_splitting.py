"""Splitting: by a line, through depth, and between clicks."""

import numpy as np
import pytest
from skimage.draw import disk

from napari_cihm.correction.label_index import LabelIndex
from napari_cihm.correction.lines import rasterised
from napari_cihm.correction.splitting import split_along, split_at
from napari_cihm.errors import InputError


def test_a_line_across_makes_two_and_the_larger_keeps_its_number(
    draw, make, after
) -> None:
    labels = make(draw("........", ".555555.", ".555555.", ".555555.", "........"))
    edit = split_along(labels, [(0, 3), (4, 3)])
    assert edit.what == "Split object 5 into 5 and 6"
    # The line's own column is equally near both sides, and goes to the left.
    assert np.array_equal(
        after(labels, edit),
        draw("........", ".666555.", ".666555.", ".666555.", "........"),
    )


def test_a_diagonal_line_lets_no_corner_touch(after) -> None:
    labels = np.ones((20, 20), np.int32)
    left = after(labels, split_along(labels, [(-1, -1), (20, 20)]))
    assert set(np.unique(left)) == {1, 2}
    # No pixel of one side lies beyond the line's neighbours on the other.
    y, x = np.mgrid[:20, :20]
    assert len(np.unique(left[y > x + 1])) == 1
    assert len(np.unique(left[y < x - 1])) == 1
    assert (left > 0).all()


def test_a_line_that_stops_short_is_made_longer(draw, after) -> None:
    labels = np.zeros((30, 30), np.int32)
    labels[disk((15, 15), 10)] = 1
    before = labels.copy()
    left = after(labels, split_along(labels, [(12, 15), (18, 15)]))
    upper = np.unique(left[:, :14][before[:, :14] > 0])
    lower = np.unique(left[:, 17:][before[:, 17:] > 0])
    assert len(upper) == len(lower) == 1
    assert {upper[0], lower[0]} == {1, 2}


def test_only_objects_crossed_from_edge_to_edge_are_split(draw, make, after) -> None:
    labels = make(
        draw("1111.222", "1111.222", "1111.222", "1111.222", "1111.222", "1111.222")
    )
    edit = split_along(labels, [(3, -1), (3, 5)])
    left = after(labels, edit)
    assert set(np.unique(left)) == {0, 1, 2, 3}
    assert (left[:, 5:] == 2).all()


def test_a_line_through_several_objects_splits_each(after) -> None:
    labels = np.zeros((9, 20), np.int32)
    labels[1:8, 1:9], labels[1:8, 11:19] = 1, 2
    edit = split_along(labels, [(4, -1), (4, 20)])
    assert edit.what == "Split object 1 into 1 and 3; object 2 into 2 and 4"
    left = after(labels, edit)
    assert sorted(np.unique(left[:, :10])) == [0, 1, 3]
    assert sorted(np.unique(left[:, 10:])) == [0, 2, 4]


def test_crumbs_beside_a_shaky_line_join_their_side(after) -> None:
    labels = np.ones((40, 40), np.int32)
    zigzag = [(-1, 20), (10, 20), (11, 21), (12, 19), (13, 20), (41, 20)]
    left = after(labels, split_along(labels, zigzag))
    assert len(np.unique(left)) == 2


def test_through_depth_or_in_one_slice(make, after) -> None:
    volume = np.zeros((4, 6, 12), np.int32)
    volume[:, 1:5, 1:11] = 3
    line = [(2, 0, 6), (2, 5, 6)]
    labels = make(volume)
    flat = after(labels, split_along(labels, line, axes=(1, 2)))
    assert [len(np.unique(s)) for s in flat] == [2, 2, 3, 2]
    labels = make(volume)
    deep = after(labels, split_along(labels, line))
    assert [len(np.unique(s)) for s in deep] == [3, 3, 3, 3]
    assert all(np.array_equal(s, deep[0]) for s in deep)


def test_a_line_drawn_in_another_plane(after) -> None:
    volume = np.zeros((8, 5, 6), np.int32)
    volume[1:7, 1:4, 1:5] = 1
    edit = split_along(volume, [(4, 2, -1), (4, 2, 6)], plane=(0, 2))
    left = after(volume, edit)
    assert len(np.unique(left[1:4])) == 2
    assert left[1:3].max() != left[5:7].max()


def test_clicks_part_touching_discs_at_their_neck(make, after) -> None:
    volume = np.zeros((40, 70), np.int32)
    volume[disk((20, 20), 14)] = 9
    volume[disk((20, 46), 14)] = 9
    labels = make(volume)
    edit = split_at(labels, [(18, 25), (25, 42)])
    assert edit.what == "Split object 9 into 9 and 10"
    left = after(labels, edit)
    columns = np.arange(70)
    # The neck lies midway between the centres, at column 33.
    assert (left[:, columns < 32][volume[:, columns < 32] > 0] == 9).all()
    assert (left[:, columns > 34][volume[:, columns > 34] > 0] == 10).all()


def test_three_clicks_make_three(after) -> None:
    labels = np.zeros((20, 90), np.int32)
    for centre in (12, 34, 56):
        labels[disk((10, centre), 9)] = 1
    labels[10, 12:57] = 1
    left = after(labels, split_at(labels, [(10, 12), (10, 34), (10, 56)]))
    assert [left[10, c] for c in (12, 34, 56)] == [1, 2, 3]


def test_clicks_part_what_a_skipped_slice_lies_between(make, after) -> None:
    volume = np.zeros((7, 9, 9), np.int32)
    volume[:3, 2:7, 2:7] = volume[4:, 2:7, 2:7] = 5
    volume[:, 0, 0] = 6
    labels = make(volume)
    edit = split_at(labels, [(1, 4, 4), (5, 3, 4), (6, 6, 6)])
    assert edit.what == "Split object 5 into 5, 7 and 8"
    left = after(labels, edit)
    np.testing.assert_array_equal(left[:4], volume[:4])
    assert left[5, 3, 4] == 7
    assert left[6, 6, 6] == 8
    assert (left[4:, 2:7, 2:7] > 6).all()
    with pytest.raises(InputError, match="not in object 5"):
        split_at(volume, [(1, 4, 4), (5, 4, 4)], axes=(1, 2))


def test_spacing_moves_the_neck(after) -> None:
    volume = np.zeros((6, 9, 40), np.int32)
    volume[:, 2:7, 2:18], volume[:, 2:7, 20:38] = 1, 1
    volume[:3, 2:7, 18:20] = 1
    left = after(volume, split_at(volume, [(1, 4, 8), (1, 4, 30)], spacing=(3, 1, 1)))
    assert left[1, 4, 10] == 1
    assert left[1, 4, 28] == 2


def test_new_numbers_come_from_the_index(draw) -> None:
    labels = draw("111111", "111111", "......", "77....")
    index = LabelIndex.of(labels)
    edit = split_along(labels, [(-1, 2), (2, 2)], index=index)
    assert edit.what == "Split object 1 into 1 and 8"
    edit.apply(labels)
    index.hear(edit)
    assert split_along(labels, [(-1, 4), (2, 4)], index=index).what.endswith("and 9")


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda x: split_along(x, [(0, 5), (3, 5)]), "crosses no object"),
        (lambda x: split_along(x, []), "line of shape"),
        (lambda x: split_at(x, [(0, 0)]), "1 clicks"),
        (lambda x: split_at(x, [(0, 0), (0, 0)]), "one pixel"),
        (lambda x: split_at(x, [(0, 0), (0, 4)]), r"\(0, 4\) is not in object 1"),
        (lambda x: split_along(x, [(0, 0), (1, 1)], plane=(0,)), "line drawn along"),
    ],
)
def test_what_cannot_be_split_says_so(draw, call, said) -> None:
    with pytest.raises(InputError, match=said):
        call(draw("11.22.", "11.22.", "11.22.", "11.22."))


def test_a_split_that_needs_a_wider_type_is_refused() -> None:
    labels = np.arange(1, 256, dtype=np.uint8).repeat(4).reshape(255, 4)
    with pytest.raises(InputError, match="all 255 numbers"):
        split_along(labels, [(9, 1), (9, 2)], axes=(1, 0))


def test_lines_have_no_corners() -> None:
    rng = np.random.default_rng(1)
    for _ in range(50):
        line = rasterised(rng.uniform(-20, 20, (4, 3)))
        assert (np.abs(np.diff(line, axis=0)).sum(axis=1) == 1).all()


@pytest.mark.parametrize("dtype", ["int64", "uint64"])
def test_numbers_beyond_what_a_float_tells_apart(after, dtype) -> None:
    label = 720575940621039145  # as in a volume of a brain
    if dtype == "uint64":
        label += 2**63
    labels = np.zeros((10, 20), dtype)
    labels[2:8, 2:18] = label
    found = after(labels, split_along(labels, [(0, 10), (9, 10)]))
    assert found.dtype == dtype
    assert np.unique(found).tolist() == [0, label, label + 1]
