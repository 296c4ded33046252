"""Out of memory: fewer at once, then smaller tiles, and nothing done twice."""

import weakref

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from napari_cihm.config import SegmentSettings
from napari_cihm.errors import UnavailableError, is_out_of_memory
from napari_cihm.events import Segmented, TileDone
from napari_cihm.segmentation import segment, segment_iter
from napari_cihm.segmentation.predictor import FULL, to_fractions
from napari_cihm.segmentation.thrift import Thrift, choose_batch, choose_tile
from tests.segmentation.conftest import Local

CPU = "[enforce fail at alloc_cpu.cpp] . DefaultCPUAllocator: can't allocate memory"
REFUSALS = [
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
    RuntimeError("MPS backend out of memory (MPS allocated: 9.0 GB)"),
    RuntimeError(CPU),
    RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling cublasCreate"),
    RuntimeError("Invalid buffer size: 28.00 GiB"),
    MemoryError(),
]


class Small(Local):
    """A device with room for so many pixels at once."""

    def __init__(self, room: int, refusal: BaseException) -> None:
        super().__init__()
        self.room, self.refusal = room, refusal
        self.refused = 0

    def __call__(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        if batch.shape[0] * batch.shape[2] * batch.shape[3] > self.room:
            self.refused += 1
            raise self.refusal
        return super().__call__(batch)


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda e: type(e).__name__)
def test_batches_are_halved_and_what_is_done_stays_done(refusal, texture) -> None:
    image = texture((300, 300))
    expected = segment(image, Local(), tile=64, overlap=20, batch=8)
    model = Small(3 * 64 * 64, refusal)
    labels = segment(image, model, tile=64, overlap=20, batch=8)
    np.testing.assert_array_equal(labels, expected)
    assert model.refused == 2  # eight, four; then two fit, for all that follow
    assert max(shape[0] for shape in model.calls) == 2


def test_tiles_are_halved_in_the_middle_of_a_run(texture) -> None:
    image = texture((300, 300))

    class Shrinking(Small):
        def __call__(self, batch):
            if len(self.calls) == 3:  # something else takes the memory
                self.room = 70 * 70
            return super().__call__(batch)

    expected = segment(image, Local(), tile=128, overlap=40)
    model = Shrinking(10**9, torch.OutOfMemoryError("out of memory"))
    run = segment_iter(image, model, tile=128, overlap=40, batch=1)
    events = list(run)
    tiles = [e for e in events if isinstance(e, TileDone)]
    assert len(tiles) == tiles[0].total == 9
    assert [shape[2] for shape in model.calls[:3]] == [128] * 3
    assert {shape[2] for shape in model.calls[3:]} == {64}
    assert model.refused == 1
    assert isinstance(events[-1], Segmented)
    labels = events[-1].labels
    assert ((labels > 0) != (expected > 0)).mean() < 1e-3
    assert labels.max() == expected.max()


def test_what_a_batch_gave_before_memory_ran_out_is_not_made_again(texture) -> None:
    class Shrinking(Small):
        def __call__(self, batch):
            self.room = 10**9 if len(self.calls) < 2 else 64 * 64
            return super().__call__(batch)

    tiles = [texture((64, 64), seed)[None] for seed in range(6)]
    model = Shrinking(10**9, torch.OutOfMemoryError("out of memory"))
    maps = Thrift(model, 64, 20, batch=2)(tiles)
    assert [shape[0] for shape in model.calls] == [2, 2, 1, 1]
    np.testing.assert_array_equal(maps, Thrift(Local(), 64, 20, batch=6)(tiles))


def test_a_machine_without_any_memory_says_so(texture) -> None:
    model = Small(10, torch.OutOfMemoryError("out of memory"))
    with pytest.raises(UnavailableError, match="device='cpu'"):
        segment(texture((100, 100)), model, tile=64)


class Crowded(Local):
    """A device whose memory is taken until nobody holds what was made on it."""

    ROOM = 3 * 64 * 64

    def __init__(self) -> None:
        super().__init__()
        self.made: list[weakref.ref] = []

    def __call__(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        made = np.zeros(batch.shape[:1] + batch.shape[2:], np.uint8)
        self.made = [ref for ref in self.made if ref() is not None]
        self.made.append(weakref.ref(made))
        if sum(ref().size for ref in self.made) > self.ROOM:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return super().__call__(batch)


def test_what_a_refused_batch_took_is_free_for_the_next(texture) -> None:
    image, model = texture((300, 300)), Crowded()
    labels = segment(image, model, tile=64, overlap=20, batch=8)
    expected = segment(image, Local(), tile=64, overlap=20, batch=2)
    np.testing.assert_array_equal(labels, expected)
    assert max(shape[0] for shape in model.calls) == 2


def test_other_faults_are_not_taken_for_it(texture) -> None:
    model = Small(10, RuntimeError("mat1 and mat2 shapes cannot be multiplied"))
    with pytest.raises(RuntimeError, match="mat1"):
        segment(texture((100, 100)), model, tile=64)
    assert model.refused == 1
    assert not is_out_of_memory(ValueError("out of memory"))


def test_pieces_blend_to_what_the_whole_gives(texture) -> None:
    tile = texture((128, 128))[None]
    (whole,) = Thrift(Local(), 128, 40)([tile])
    (pieces,) = Thrift(Local(), 64, 40)([tile])
    assert np.abs(whole.astype(int) - pieces.astype(int)).max() < 0.01 * FULL


def test_fractions_round_and_clip() -> None:
    values = np.array([0, 1, 0.5, 2, -1, 0.3 / FULL], np.float32)
    assert to_fractions(values).tolist() == [0, FULL, 32768, FULL, 0, 0]


@pytest.mark.parametrize(("memory", "tile"), [(64, 256), (500, 512), (4000, 1024)])
def test_tiles_and_batches_follow_the_memory(memory: int, tile: int) -> None:
    settings = SegmentSettings(memory=memory)
    assert choose_tile(settings, "cpu") == tile
    assert choose_tile(SegmentSettings(memory=8000), "cpu") == 1024
    assert choose_tile(SegmentSettings(tile=96), "cpu") == 96
    assert choose_batch(SegmentSettings(batch=5), "cpu", 99) == 5
    assert choose_batch(settings, "cpu", 1024**2) == 1
    assert 1 <= choose_batch(settings, "cpu", 64**2) <= 8


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda e: type(e).__name__)
def test_the_look_at_the_size_of_objects_is_thrifty_too(refusal, texture) -> None:
    image, about = texture((300, 300)), {"diameter": 20.0}
    model = Small(128 * 128, refusal)
    model.config = Local(**about).config
    *_, last = segment_iter(image, model)
    assert last.objects == segment(image, Local(**about)).max() > 20
    model.room = 0
    with pytest.raises(UnavailableError, match="memory does not suffice"):
        segment(image, model)
