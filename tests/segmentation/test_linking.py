"""Slices linked into objects: touching ones kept apart, broken ones whole."""

import numpy as np
import pytest
from numpy.typing import NDArray
from skimage.morphology import ball

from napari_cihm.config import ModelConfig, SegmentSettings
from napari_cihm.data.image import Image
from napari_cihm.data.tiles import BlockGrid
from napari_cihm.segmentation.linking import link_frames, link_sections
from napari_cihm.segmentation.numbering import number_objects
from napari_cihm.segmentation.parts import Part
from napari_cihm.segmentation.sections import Meeting, Sections, collect_sections
from napari_cihm.segmentation.store import MemoryStore
from napari_cihm.training.metrics import match
from tests.segmentation.conftest import crowd

DEFAULT = SegmentSettings()


def _sections(slices: NDArray[np.integer], reach: int = 2) -> Sections:
    counts = [int(plane.max()) for plane in slices]
    return collect_sections(counts, 1, lambda k, _: slices[k].astype(np.uint32), reach)


def _apart(truth: NDArray[np.integer]) -> NDArray[np.int64]:
    """Number the sections of each slice anew, in no order."""
    out = np.zeros(truth.shape, np.int64)
    for z, plane in enumerate(truth):
        numbers, inverse = np.unique(plane, return_inverse=True)
        lut = np.zeros(len(numbers), np.int64)
        inside = numbers > 0
        lut[inside] = np.random.default_rng(z).permutation(inside.sum()) + 1
        out[z] = lut[inverse].reshape(plane.shape)
    return out


def _linked(
    slices: NDArray[np.integer], settings: SegmentSettings = DEFAULT
) -> NDArray[np.int64]:
    sections = _sections(slices, settings.gap + 1)
    objects = link_sections(sections, settings) + 1
    starts = np.cumsum([0, *(int(plane.max()) for plane in slices)])
    return np.stack(
        [
            np.concatenate([[0], objects[a:b]])[plane]
            for plane, a, b in zip(slices, starts, starts[1:], strict=False)
        ]
    )


def _tower(areas: list[int], side: int = 40) -> NDArray[np.int64]:
    """Stack centred squares of about so many pixels; 0 leaves a slice empty."""
    out = np.zeros((len(areas), side, side), np.int64)
    for z, area in enumerate(areas):
        half = int(np.sqrt(area) / 2)
        box = slice(side // 2 - half, side // 2 + half)
        out[z, box, box] = 1 if area else 0
    return out


@pytest.mark.parametrize("radii", [((5, 9), (9, 15)), ((8, 12), (8, 12))])
def test_five_hundred_touching_ellipsoids(radii) -> None:
    deep, wide = radii
    truth = crowd((64, 256, 256), 500, (deep, wide, wide), squeeze=0.65)
    assert truth.max() == 500
    assert match(truth, _linked(_apart(truth)), [0.5])[0].ap >= 0.95


def test_two_objects_on_each_other_are_cut_at_the_waist() -> None:
    linked = _linked(_tower([100, 400, 700, 400, 100, 400, 700, 400, 100]))
    assert linked.max() == 2
    assert (linked[:4].max(), linked[5:].max()) == (1, 2)


@pytest.mark.parametrize(("before", "after", "owner"), [(324, 676, 2), (676, 324, 1)])
def test_a_waist_goes_to_the_side_that_tapers_to_it(before, after, owner) -> None:
    linked = _linked(_tower([400, 900, before, 196, after, 900, 400]))
    assert linked.max() == 2
    assert linked[3].max() == owner


@pytest.mark.parametrize("radii", [(8, 8), (12, 8), (14, 9), (7, 14), (6, 15)])
@pytest.mark.parametrize("apart", [1, 2, 4])
@pytest.mark.parametrize("first", [0.1, 0.3, 0.5, 0.7])
def test_two_balls_that_touch_are_cut_between_their_slices(radii, apart, first) -> None:
    depth = np.arange(first * apart, 2 * sum(radii), apart)
    upper = depth < 2 * radii[0]
    radius = np.where(upper, *radii)
    from_pole = np.where(upper, depth, depth - 2 * radii[0])
    squares = from_pole * (2 * radius - from_pole)
    cut = squares >= 1  # what is no wider than two pixels may be in no slice
    away = np.add.outer(*[np.linspace(-16, 16, 33) ** 2] * 2)
    linked = _linked((away < squares[cut, None, None]).astype(np.int64))
    np.testing.assert_array_equal(linked.max((1, 2)), np.where(upper[cut], 1, 2))


@pytest.mark.parametrize("radius", [4, 8])
@pytest.mark.parametrize("apart", [1, 2])
def test_two_balls_on_each_other_are_two_halves(radius, apart) -> None:
    one = ball(radius)[::apart].astype(np.int64)
    linked = _linked(np.concatenate([one, one]))
    halves = np.repeat([1, 2], len(one))
    assert (linked.max(axis=(1, 2)) == halves).all()


def test_a_thread_between_two_objects_is_cut_at_its_ends() -> None:
    linked = _linked(_tower([400, 900, 900, *[36] * 6, 900, 900, 400]))
    assert linked.max() == 3
    assert (linked[3:9].max(axis=(1, 2)) == 2).all()


def test_a_waist_of_several_slices_need_not_be_so_thin() -> None:
    linked = _linked(_tower([400, 900, 900, 576, 484, 576, 900, 900, 400]))
    assert (linked[:4].max(), linked[5:].max()) == (1, 2)


def test_one_object_that_only_thins_a_little_stays_one() -> None:
    assert _linked(_tower([100, 400, 700, 600, 550, 640, 700, 400, 100])).max() == 1


def test_one_faulty_slice_does_not_cut_an_object() -> None:
    assert _linked(_tower([100, 400, 700, 700, 300, 700, 700, 400, 100])).max() == 1


def test_poles_belong_to_their_object() -> None:
    linked = _linked(_tower([4, 144, 400, 400, 144, 4]))
    assert linked.max() == 1
    assert (linked.max(axis=(1, 2)) == 1).all()


def test_a_pole_beside_the_object_above_goes_to_its_own_after_the_cut() -> None:
    slices = _tower([400, 900, 484, 144, 400, 900, 400])
    slices[3, 11:13, 11:13] = 2  # over the lower object, which the upper one's end took
    linked = _linked(slices)
    assert linked.max() == 2
    assert linked[3, 20, 20] == linked[1].max() == 1
    assert linked[3, 12, 12] == linked[5].max() == 2


@pytest.mark.parametrize(("columns", "owner"), [((21, 25), 1), ((22, 26), 2)])
def test_a_speck_within_two_objects_does_not_make_them_one(columns, owner) -> None:
    slices = np.zeros((7, 30, 60), np.int64)
    slices[:3, 5:25, 5:25] = 1
    slices[4:, 5:25, 21:41] = 1
    slices[3, 5:15, 13:33] = 1  # little of it lies within either
    slices[3, 16:25, slice(*columns)] = 2
    linked = _linked(slices)
    assert (linked[0, 10, 10], linked[3, 20, 23], linked[6, 10, 30]) == (1, owner, 2)


@pytest.mark.parametrize("shift", [13, 28])
def test_neighbours_that_hardly_overlap_stay_two(shift) -> None:
    slices = np.zeros((6, 30, 60), np.int64)
    slices[:3, 5:25, 5:25] = 1
    slices[3:, 5:25, 5 + shift : 25 + shift] = 1
    assert _linked(slices).max() == 2
    assert link_frames(_sections(slices), DEFAULT).max() + 1 == 2


def _shifted(shifts: list[int], side: int = 20) -> NDArray[np.int64]:
    """Stack squares that begin at these columns."""
    out = np.zeros((len(shifts), 30, 70), np.int64)
    for plane, shift in zip(out, shifts, strict=True):
        plane[5 : 5 + side, shift : shift + side] = 1
    return out


def test_two_objects_as_wide_are_told_by_the_step_between_them() -> None:
    linked = _linked(_shifted([5, 5, 6, 15, 15, 16]))
    assert (linked[:3].max(), linked[3:].min(where=linked[3:] > 0, initial=9)) == (1, 2)


def test_an_object_that_leans_and_one_with_a_faulty_slice_stay_one() -> None:
    assert _linked(_shifted([5, 10, 15, 20, 25, 30])).max() == 1
    assert _linked(_shifted([5, 5, 5, 14, 5, 5])).max() == 1


def test_a_missing_slice_is_bridged_and_two_are_not() -> None:
    assert _linked(_tower([400, 400, 0, 400, 400])).max() == 1
    assert _linked(_tower([400, 400, 0, 0, 400, 400])).max() == 2
    wider = SegmentSettings(gap=2)
    assert _linked(_tower([400, 400, 0, 0, 400, 400]), wider).max() == 1
    none = SegmentSettings(gap=0)
    assert _linked(_tower([400, 400, 0, 400, 400]), none).max() == 2
    assert _linked(_tower([400, 400, 0, 36])).max() == 2  # a speck is no pole


def test_a_section_split_in_one_slice_is_one_object() -> None:
    slices = _tower([400, 400, 400, 400, 400])
    slices[2, :, 24:][slices[2, :, 24:] > 0] = 2
    for least, objects in ((1, 1), (5, 1), (6, 0)):  # it is in five slices, not in six
        assert _linked(slices, SegmentSettings(min_slices=least)).max() == objects


def test_a_section_split_at_an_end_or_beyond_its_neighbours_is_one_object() -> None:
    end = _tower([400, 400, 400])
    end[2, :, 24:][end[2, :, 24:] > 0] = 2
    assert _linked(end).max() == 1
    for first, objects in ((24, 1), (28, 2)):  # six columns of ten over it; two of six
        wide = _tower([400, 400, 400, 400, 400])
        wide[2, 10:30, first:34] = 2
        assert _linked(wide).max() == objects


def test_what_was_seen_of_a_slice_that_was_missed_fills_the_gap() -> None:
    slices = _tower([900, 900, 0, 900, 900])
    slices[2, 10:20, 25:40] = 1  # two thirds within the others: too little to be linked
    assert _linked(slices).max() == 1
    assert _linked(slices[:3]).max() == 2  # there may follow what it is a part of


def test_a_fragment_between_two_objects_is_of_neither() -> None:
    slices = np.zeros((3, 20, 60), np.int64)
    for plane, spans in zip(
        slices,
        ([(5, 35), (41, 51)], [(5, 24), (36, 51), (27, 33)], [(5, 20), (23, 51)]),
        strict=True,
    ):
        for number, (first, last) in enumerate(spans, start=1):
            plane[5:15, first:last] = number
    np.testing.assert_array_equal(_linked(slices)[:, 10, 45], [2, 2, 2])
    assert _linked(slices)[1, 10, 30] == 3


def test_two_objects_merged_in_one_slice_stay_two() -> None:
    slices = np.zeros((5, 30, 60), np.int64)
    slices[:, 5:25, 5:29] = 1
    slices[:, 5:25, 31:55] = 2
    slices[2, 5:25, 5:55] = 1
    linked = _linked(slices)
    assert linked.max() == 2
    assert linked[1, 10, 10] == linked[3, 10, 10] != linked[1, 10, 40]
    assert linked[1, 10, 40] == linked[3, 10, 40]


def test_objects_in_too_few_slices_are_dropped_and_numbers_closed() -> None:
    slices = np.zeros((4, 30, 60), np.int64)
    slices[1, 5:25, 5:25] = 1
    slices[0, 5:25, 31:55] = 1
    slices[1, 5:25, 31:55] = 2
    slices[2, 5:25, 31:55] = 1
    linked = _linked(slices, SegmentSettings(min_slices=2))
    assert set(np.unique(linked)) == {0, 1}
    assert linked[1, 10, 10] == 0


def test_an_empty_stack_and_empty_slices_are_taken() -> None:
    assert _linked(np.zeros((3, 8, 8), np.int64)).max() == 0
    assert _linked(_tower([0, 400, 0])).max() == 1


def test_sections_are_measured_alike_whole_or_in_pieces() -> None:
    slices = _apart(crowd((12, 40, 40), 30, ((2, 5), (4, 8), (4, 8)))).astype(np.uint32)
    counts = [int(plane.max()) for plane in slices]
    whole = collect_sections(counts, 1, lambda k, _: slices[k], 2)
    halves = (slice(0, 17), slice(17, 40))
    cut = collect_sections(counts, 2, lambda k, p: slices[k][halves[p]], 2)
    np.testing.assert_array_equal(whole.areas, cut.areas)
    for one, other in zip(whole.meetings, cut.meetings, strict=True):
        for name in ("one", "other", "shared"):
            np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


def test_any_sections_meet_as_they_were_counted() -> None:
    slices = _apart(crowd((6, 40, 40), 20, ((2, 4), (5, 9), (5, 9))))
    counts = [int(plane.max()) for plane in slices]
    starts = np.cumsum([0, *counts])
    pairs = [
        (k, m, a, b)
        for k, m in ((0, 1), (2, 3), (1, 3), (3, 5), (0, 3))
        for a in range(1, counts[k] + 1)
        for b in range(1, counts[m] + 1)
    ]
    shared = [((slices[k] == a) & (slices[m] == b)).sum() for k, m, a, b in pairs]
    one = np.array([starts[k] + a - 1 for k, _, a, _ in pairs])
    other = np.array([starts[m] + b - 1 for _, m, _, b in pairs])
    far = np.array([m - k > 2 for k, m, _, _ in pairs])  # farther than is counted
    met = _sections(slices).meet(one, other)
    np.testing.assert_array_equal(met.shared, np.where(far, 0, shared))
    assert met.shared.any()


def test_frames_link_by_overlap_and_over_a_gap() -> None:
    frames = np.zeros((4, 30, 60), np.int64)
    for t in range(4):
        frames[t, 5:20, 5 + 2 * t : 20 + 2 * t] = 1
        frames[t, 5:20, 40:55] = 2
    frames[2][frames[2] == 2] = 0
    tracks = link_frames(_sections(frames), DEFAULT)
    assert tracks.tolist() == [0, 1, 0, 1, 0, 0, 1]


class Looked(tuple):
    """A plane that counts how often it is asked for its place."""

    looks = 0

    def __getitem__(self, axis):
        Looked.looks += 1
        return super().__getitem__(axis)


def test_frames_are_put_together_in_time_that_grows_with_them() -> None:
    count, labels = 300, np.ones((4, 4), np.uint32)
    units = [Looked((t, 0)) for t in range(count)]
    blocks = BlockGrid((4, 4), (4, 4), (0, 0))
    store = MemoryStore(Image.of(np.zeros((count, 4, 4)), "tyx"))
    for unit in units:
        (block,) = blocks
        store.put_part(unit, block.core, Part((0, 0), labels, np.zeros(1, np.int64)))
    Looked.looks = 0
    config = ModelConfig(recipe="cihm", classes=3, task="instance")
    each = SegmentSettings(time="frames")
    tables, objects = number_objects(units, blocks, store, config, each)
    assert objects == count == tables[units[-1], (0, 0)][1]
    assert Looked.looks < 10 * count


def test_a_stack_of_more_waists_than_python_has_frames() -> None:
    count = 3000
    areas = np.where(np.arange(count) % 2 == 0, 1000, 300)
    one = np.arange(count - 1)
    meeting = Meeting(one, one + 1, np.full(count - 1, 300))
    stack = Sections(np.arange(count), areas, (meeting,))
    objects = link_sections(stack, SegmentSettings(gap=0))
    assert objects.max() + 1 == count // 2


def test_links_are_looked_up_for_all_chains_at_once(monkeypatch) -> None:
    looks, counts = [], []
    meet = Sections.meet
    monkeypatch.setattr(Sections, "meet", lambda *args: looks.append(1) or meet(*args))
    for columns in (1, 5):
        looks.clear()
        slices = np.zeros((9, 20, 20 * columns), np.int64)
        for column in range(columns):
            tower = _tower([100, 196, 324, 196, 36, 196, 324, 196, 100], 20)
            slices[:, :, 20 * column : 20 * (column + 1)] = tower * (column + 1)
        assert _linked(slices).max() == 2 * columns
        counts.append(len(looks))
    assert counts[0] == counts[1]
