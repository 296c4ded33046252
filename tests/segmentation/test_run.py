"""Segmenting: any image in, labels of its shape out, events on the way."""

import os

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from napari_cihm.config import Decoding, ModelConfig, SegmentSettings
from napari_cihm.data.image import Image
from napari_cihm.errors import (
    AxesError,
    CheckpointError,
    DtypeError,
    InputError,
    ShapeError,
    UnavailableError,
)
from napari_cihm.events import (
    BlockDone,
    Note,
    SegmentationStarted,
    Segmented,
    TileDone,
)
from napari_cihm.models import Model, build_model
from napari_cihm.segmentation import segment, segment_iter
from napari_cihm.training.metrics import match
from tests.segmentation.conftest import (
    Local,
    Perfect,
    Semantic,
    crowd,
    discs,
    perfect_maps,
    relabelled,
)


def _last(*args, **kwargs) -> Segmented:
    *_, last = segment_iter(*args, **kwargs)
    assert isinstance(last, Segmented)
    return last


def test_perfect_maps_give_the_objects_back(perfect: Perfect) -> None:
    truth = discs((150, 200), 9, 4)
    labels = segment(perfect_maps(truth), perfect, "cyx")
    assert labels.dtype == np.uint16
    assert labels.shape == truth.shape
    np.testing.assert_array_equal(labels, relabelled(truth))


@pytest.mark.parametrize("tile", [64, 100])
def test_tiles_leave_no_seam(local: Local, texture, tile: int) -> None:
    image = texture((300, 340))
    whole = segment(image, local, diameter=None)
    tiled = segment(image, local, diameter=None, tile=tile, overlap=2 * Local.reach)
    assert sum(shape[0] for shape in local.calls) > 10
    assert (whole != tiled).mean() < 1e-3  # the ramp gives the edge a little weight
    assert match(whole, tiled, [0.9])[0].ap == 1
    # At the seams themselves the maps differ by no more than a thousandth.
    kept = [_last(image, local, tile=t, overlap=20, maps=True) for t in (1024, tile)]
    assert np.abs(kept[0].maps - kept[1].maps).max() < 2e-3


@given(st.integers(0, 99), st.integers(64, 130), st.integers(24, 48))
@hypothesis_settings(max_examples=15)
def test_blocks_change_nothing(seed: int, block: int, halo: int) -> None:
    shape = (140 + seed, 230 - seed)
    truth = crowd(shape, 120, ((5, 10), (5, 10)), seed)
    maps = perfect_maps(truth) + np.random.default_rng(seed).normal(
        0, 0.02, (3, *shape)
    ).astype(np.float32)
    whole = segment(maps, Perfect(), "cyx")
    assert whole.max() > 30
    parts = segment(maps, Perfect(), "cyx", block=block, halo=halo)
    np.testing.assert_array_equal(parts, whole)


@given(st.permutations("tzcyx"), st.sets(st.sampled_from("tzc")))
@hypothesis_settings(max_examples=20)
def test_labels_have_the_images_order_of_axes(order, lacking) -> None:
    sizes = {"t": 2, "z": 3, "c": 2, "y": 40, "x": 52}
    letters = [a for a in order if a not in lacking]
    canonical = np.zeros([sizes[a] for a in "tzcyx"], np.uint8)
    canonical[..., 5:25, 7:20] = 200
    canonical[..., 5:25, 30:45] = 200
    index = tuple(0 if a in lacking else slice(None) for a in "tzcyx")
    left = [a for a in "tzcyx" if a not in lacking]
    image = canonical[index].transpose([left.index(a) for a in letters])
    last = _last(image, Local(), "".join(letters))
    assert last.axes == "".join(letters).replace("c", "")
    assert last.labels.shape == tuple(sizes[a] for a in last.axes)
    assert last.objects == 2 * (1 if "t" in lacking else 2)  # linked over z, not t
    where = {"t": 1, "z": 2, "y": 15, "x": slice(None)}
    row = last.labels[tuple(where[a] for a in last.axes)]
    assert row[12] != row[37]
    assert row[12] > 0 < row[37]


def test_every_event_comes_in_its_place(local: Local, texture) -> None:
    image = texture((3, 200, 220))
    events = list(segment_iter(image, local, "zyx", tile=128, block=128, halo=32))
    assert isinstance(events[0], SegmentationStarted)
    tiles = [e for e in events if isinstance(e, TileDone)]
    blocks = [e for e in events if isinstance(e, BlockDone)]
    assert [e.done for e in tiles] == list(range(1, len(tiles) + 1))
    assert len(tiles) == tiles[0].total == events[0].tiles
    assert len(blocks) == blocks[0].total == events[0].blocks == 12
    painted = np.zeros(image.shape, bool)
    numbered = np.zeros(image.shape, np.uint32)
    for event in tiles:
        assert painted[event.box].shape == event.foreground.shape
        painted[event.box] |= event.foreground
    for event in blocks:
        numbered[event.box] = event.labels
    labels = events[-1].labels
    np.testing.assert_array_equal(numbered > 0, labels > 0)
    assert (labels > 0)[painted].mean() > 0.9  # specks are dropped in between
    assert not (labels > 0)[~painted].any()


def test_what_three_sides_take_is_said_at_the_start(local: Local, texture) -> None:
    image = texture((2, 6, 40, 50))
    started, *events = segment_iter(image, local, "tzyx", volume="orthogonal")
    tiles = [e for e in events if isinstance(e, TileDone)]
    blocks = [e for e in events if isinstance(e, BlockDone)]
    assert started.tiles == tiles[0].total == len(tiles) == 2 * (6 + 40 + 50)
    assert started.blocks == blocks[0].total == len(blocks) == 2


def test_closing_the_generator_cancels(local: Local, texture) -> None:
    run = segment_iter(texture((300, 300)), local, tile=64)
    for event in run:
        if isinstance(event, TileDone):
            break
    run.close()
    assert len(local.calls) == 1


KINDS = ["?", "u1", "i2", ">u2", "u4", "<i8", "f2", ">f4", "f8"]


@pytest.mark.parametrize("kind", KINDS)
def test_any_kind_of_number_gives_the_same_labels(kind: str, local: Local) -> None:
    mask = discs((90, 110), 8, 6) > 0
    expected = segment(mask.astype(np.float32), local)
    labels = segment(np.asfortranarray(mask).astype(kind), local)
    np.testing.assert_array_equal(labels, expected)
    assert labels.max() == 20


def test_a_single_channel_may_lie_behind_the_picture(local: Local) -> None:
    image = discs((90, 110), 8, 6) > 0
    labels = segment(image[..., None], local)
    np.testing.assert_array_equal(labels, segment(image, local))
    assert labels.max() == 20


def test_numbers_that_are_none_are_taken_for_dark(local: Local) -> None:
    image = (discs((90, 110), 8, 6) > 0).astype(np.float32)
    expected = segment(image, local)
    image[0, :3] = np.nan, -np.inf, np.nan
    image.flags.writeable = False
    np.testing.assert_array_equal(segment(image, local), expected)
    assert segment(np.full((20, 20), np.nan), local).max() == 0


@pytest.mark.parametrize("diameter", ["auto", None])
@pytest.mark.parametrize(
    ("maps", "error"),
    [
        (np.full((1, 3, 90, 110), np.nan, np.float32), CheckpointError),
        (np.full((1, 3, 90, 110), np.inf, np.float32), CheckpointError),
        (np.zeros((1, 2, 90, 110), np.float32), ShapeError),
        (np.zeros((1, 3, 90, 100), np.float32), ShapeError),
    ],
)
def test_maps_that_are_none_are_refused(maps, error, diameter) -> None:
    class Broken(Perfect):
        def __call__(self, batch):
            return maps

    model = Broken(in_channels=1, diameter=20.0)
    with pytest.raises(error, match="the model gave"):
        segment(np.ones((90, 110)), model, diameter=diameter)


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (300, 1), (2, 3), (5, 1, 1)])
def test_the_smallest_images_are_taken(shape, local: Local) -> None:
    assert segment(np.ones(shape, np.uint8), local).shape == shape


def test_a_huge_image_is_begun_at_once_and_never_whole_in_memory(
    local: Local, tmp_path
) -> None:
    huge = np.broadcast_to(np.uint8(9), (100_000, 100_000))
    with pytest.raises(UnavailableError, match=r"GiB.*work="):
        segment(np.broadcast_to(np.uint8(9), (10**7, 10**7)), local)
    events = segment_iter(huge, local, tile=256, work=tmp_path / "work")
    started = next(events)
    assert started.tiles > 200_000
    assert isinstance(next(e for e in events if isinstance(e, TileDone)), TileDone)
    events.close()


@pytest.mark.parametrize(
    ("image", "axes", "error"),
    [
        (np.zeros((4, 4), complex), None, DtypeError),
        (np.zeros((0, 4)), None, ShapeError),
        (np.zeros(5), None, AxesError),
        (np.zeros((4, 4)), "zyx", AxesError),
        (np.zeros((2,) * 6), None, AxesError),
        (np.zeros((4, 4)), ["y", "x"], AxesError),
        (np.zeros((4, 4)), 5, AxesError),
        ([[1, 2], [3]], None, DtypeError),
    ],
)
def test_what_cannot_be_segmented_is_refused(image, axes, error, local: Local) -> None:
    with pytest.raises(error, match="expected"):
        segment(image, local, axes)


@pytest.mark.parametrize("kind", [torch.float32, torch.bfloat16])
def test_tensors_are_taken_as_they_come_out_of_a_network(kind, local: Local) -> None:
    image = (discs((90, 110), 8, 6) > 0).astype(np.float32)
    tensor = torch.from_numpy(image).to(kind).requires_grad_()
    np.testing.assert_array_equal(segment(tensor, local), segment(image, local))


@pytest.mark.parametrize("size", [0.05, 1e-300, True])
def test_sizes_below_a_pixel_are_refused(size, local: Local) -> None:
    with pytest.raises(InputError, match=f"diameter={size}.*pixel"):
        segment(np.zeros((9, 9)), local, diameter=size)


def test_what_is_no_model_or_client_is_refused(local: Local) -> None:
    with pytest.raises(InputError, match="given as int"):
        segment(np.zeros((9, 9)), 5)
    network = build_model("unet", classes=3, base=4)
    with pytest.raises(InputError, match=r"as UNetLike; .*Wrap a network: .*3\)\)$"):
        segment(np.zeros((9, 9)), network)
    wrapped = Model(network, ModelConfig(recipe="unet", in_channels=1, classes=3))
    assert segment(np.zeros((9, 9)), wrapped).shape == (9, 9)
    with pytest.raises(InputError, match="client='tcp://there'"):
        segment(np.zeros((9, 9)), local, client="tcp://there")


@pytest.mark.parametrize(
    "wrong", [{"diameter": -1}, {"tile": 3}, {"colour": 1}, {"volume": "cube"}]
)
def test_settings_out_of_bounds_are_named(wrong, local: Local) -> None:
    with pytest.raises(InputError, match=next(iter(wrong))):
        segment(np.zeros((9, 9)), local, **wrong)


@pytest.mark.parametrize("light", [0.0, 1.0], ids=["black", "grain"])
def test_an_empty_result_is_said_with_its_likely_causes(
    local: Local, light: float
) -> None:
    image = np.random.default_rng(0).uniform(0, light, (50, 50))
    chosen = {"min_size": 10_000} if light else {}
    events = list(segment_iter(image, local, **chosen))
    notes = [e.text for e in events if isinstance(e, Note)]
    assert len(notes) == 1
    for cause in ("contrast", "diameter", "model"):
        assert cause in notes[0]
    assert bool(light) == ("fine-tune" in notes[0])  # what is black teaches nothing


def test_a_given_diameter_scales_there_and_back() -> None:
    truth = discs((300, 420), 30, 12)
    model = Perfect(diameter=20.0)
    for diameter, zoom in ((60, 1 / 3), (10, 2.0)):
        model.calls.clear()
        last = _last(perfect_maps(truth), model, "cyx", diameter=diameter)
        assert last.labels.shape == truth.shape
        assert last.zoom == pytest.approx(zoom, rel=0.01)
        assert model.calls[0][2] == round(300 * zoom)
        assert match(truth, last.labels, [0.9])[0].ap == 1
    parts = segment(
        perfect_maps(truth), model, "cyx", diameter=60, block=128, tile=64, overlap=16
    )
    whole = segment(perfect_maps(truth), model, "cyx", diameter=60)
    assert parts.max() == whole.max() == 20
    assert (parts != whole).mean() < 1e-3


def test_what_is_too_small_is_so_in_the_pixels_that_the_model_knows() -> None:
    truth = discs((300, 420), 30, 12)
    truth[:16, :16] = 21 * discs((16, 16), 6, 4)  # four pixels wide to the model
    maps, model = perfect_maps(truth), Perfect(diameter=20.0)
    assert _objects(maps, model, diameter=60) == 20
    assert _objects(maps, model, diameter=60, min_size=0) == 21


def test_a_block_sees_as_far_as_objects_of_the_models_size_reach() -> None:
    truth = discs((186, 186), 25, 12)
    maps = perfect_maps(truth)
    maps[0, :, np.arange(186) % 62 < 31] *= 0.6  # alone, their left halves are doubtful
    model = Perfect(diameter=50.0, decoding=Decoding(sure=0.7))
    labels = segment(maps, model, "cyx", diameter=50, block=88, halo=8)
    np.testing.assert_array_equal(labels, relabelled(truth))


def test_maps_and_uncertainty_come_on_request(perfect: Perfect) -> None:
    maps = perfect_maps(discs((90, 110), 9, 4))
    last = _last(maps, perfect, "cyx", maps=True, uncertainty=True, block=64, halo=32)
    np.testing.assert_allclose(last.maps, maps, atol=1e-5)
    assert last.uncertainty.shape == (90, 110)
    assert last.uncertainty.max() < 0.001  # a perfect model is sure of everything
    half = np.full((1, 8, 8), 0.5)
    half[0, 0] = 0, 1, 0, 1, 0, 1, 0, 1
    doubt = _last(half, Semantic(), "cyx", uncertainty=True).uncertainty
    np.testing.assert_allclose(doubt[1:], 1, atol=1e-6)
    np.testing.assert_allclose(doubt[0], 0, atol=1e-3)
    assert _last(maps, perfect, "cyx").maps is None


@pytest.mark.parametrize("classes", [1, 2])
def test_a_semantic_model_gives_classes(classes: int) -> None:
    image = np.zeros((200, 150), np.float32)
    image[20:60] = 1
    image[100:140] = 1
    last = _last(image, Semantic(classes), block=64, halo=16, tile=64, overlap=8)
    np.testing.assert_array_equal(last.labels, (image > 0).astype(int))
    assert last.objects == 1


def test_more_than_sixteen_bits_of_objects_get_thirty_two() -> None:
    maps = np.zeros((3, 600, 600), np.uint8)
    maps[0::2, ::2, ::2] = 1  # foreground and distance
    labels = segment(maps, Perfect(), "cyx", min_size=0)
    assert labels.dtype == np.uint32
    assert labels.max() == 90_000


def test_doubtful_objects_are_dropped_unless_faint_ones_are_asked_for() -> None:
    maps = perfect_maps(discs((90, 120), 8, 12))
    maps[0, :, :60] *= 0.7
    model = Perfect(decoding=Decoding(foreground=0.5, sure=0.8))
    everything = _objects(maps, Perfect())
    halves = everything // 2
    assert _objects(maps, model) == halves
    assert _objects(maps, model, foreground=0.6) == halves
    assert _objects(maps, model, foreground=0.4) == everything


def _objects(maps: np.ndarray, model: Perfect, **settings: float) -> int:
    return _last(maps, model, "cyx", **settings).objects


def test_slices_are_linked_kept_apart_or_seen_from_three_sides() -> None:
    truth = crowd((16, 90, 90), 14, ((5, 7), (7, 9), (7, 9)))
    image = perfect_maps(truth)
    linked = _last(image, Perfect(), "czyx")
    assert match(truth, linked.labels, [0.5])[0].ap >= 0.95
    apart = _last(image, Perfect(), "czyx", volume="slices")
    sections = sum(len(np.unique(plane)) - 1 for plane in apart.labels)
    assert apart.objects == sections == apart.labels.max()
    sides = _last(image, Perfect(), "czyx", volume="orthogonal")
    assert match(truth, sides.labels, [0.5])[0].ap >= 0.85
    assert sides.labels.shape == truth.shape


def test_maps_of_three_sides_too_large_for_memory_leave_no_file(
    monkeypatch, tmp_path
) -> None:
    image = perfect_maps(crowd((6, 40, 40), 4, ((2, 3), (7, 9), (7, 9))))
    expected = _last(image, Perfect(), "czyx", volume="orthogonal")
    monkeypatch.setattr("napari_cihm.segmentation.orthogonal.IN_MEMORY", 0)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    events, names = [], []
    for event in segment_iter(image, Perfect(), "czyx", volume="orthogonal"):
        events.append(event)
        names += tmp_path.iterdir()
    np.testing.assert_array_equal(events[-1].labels, expected.labels)
    assert not any(tmp_path.iterdir())
    # Windows deletes no file that is mapped: only there it has a name until then.
    assert os.name == "nt" or not names


def test_flat_voxels_are_pointed_out_when_seen_from_three_sides() -> None:
    maps = perfect_maps(crowd((6, 40, 40), 4, ((2, 3), (7, 9), (7, 9))))
    for depth, unit, said in (
        (4.0, "um", True), (-4.0, "um", True), (4000.0, "nm", True), (1.0, "um", False),
    ):  # fmt: skip
        scale, units = {"z": depth, "x": 1.0}, {"z": unit, "x": "um"}
        image = Image.of(maps, "czyx", scale=scale, units=units)
        events = segment_iter(image, Perfect(), volume="orthogonal")
        texts = [e.text for e in events if isinstance(e, Note)]
        assert any("4.0 times as deep as wide" in text for text in texts) is said


@pytest.mark.parametrize(("volume", "said"), [("orthogonal", True), ("linked", False)])
def test_three_directions_are_a_likely_cause_of_nothing_found(volume, said) -> None:
    maps = np.zeros((3, 6, 40, 40), np.float32)
    maps[1, 0, 0] = 1  # some contrast
    events = segment_iter(maps, Perfect(), "czyx", volume=volume)
    (text,) = [e.text for e in events if isinstance(e, Note) and "no object" in e.text]
    assert ("three directions" in text) is said
    assert "the contrast" in text


def test_time_is_linked_on_request() -> None:
    frames = np.stack([np.roll(discs((80, 90), 9, 8), 2 * t, 1) for t in range(3)])
    image = perfect_maps(frames)
    count = len(np.unique(frames)) - 1
    apart = _last(image, Perfect(), "ctyx")
    assert apart.objects == 3 * count
    linked = _last(image, Perfect(), "ctyx", time="linked")
    assert linked.objects == count
    for t in range(3):
        assert match(frames[t], linked.labels[t], [0.9])[0].ap == 1
    numbers = [linked.labels[t][20, 15 + 2 * t] for t in range(3)]
    assert len(set(numbers)) == 1


@pytest.mark.parametrize(("axes", "time"), [("czyx", "frames"), ("ctyx", "linked")])
def test_a_gap_is_bridged_as_far_as_was_asked_for(axes, time) -> None:
    truth = np.repeat(discs((80, 130), 9, 8)[None], 5, axis=0)
    truth[2] = 0
    for gap, parts in ((1, 1), (0, 2)):
        settings = {"gap": gap, "time": time, "block": 64, "halo": 32}
        last = _last(perfect_maps(truth), Perfect(), axes, **settings)
        assert last.objects == parts * truth.max()


def test_the_defaults_are_those_of_the_settings(local: Local, texture) -> None:
    image = Image.of(texture((80, 90)))
    plain = segment(image, local)
    spelt = segment(image, local, **SegmentSettings().model_dump())
    np.testing.assert_array_equal(plain, spelt)


def _said_of(image, axes=None) -> str:
    *_, note, _ = segment_iter(image, Local(), axes)
    return note.text


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_an_image_of_no_number_is_told_so(value: float) -> None:
    image = np.full((40, 50), value, np.float32)
    assert "no pixel of the image is a number" in _said_of(image)
    image[3, 4] = 7
    assert "no contrast (intensities from 7 to 7)" in _said_of(image)
