"""Runs stay small and linear: what is held and done grows as it should."""

import pickle
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest

from napari_cihm.data.image import Image
from napari_cihm.events import TileDone
from napari_cihm.segmentation import segment, segment_iter
from napari_cihm.segmentation.slabs import Slabs
from tests.segmentation.conftest import Local, discs

SETTINGS = {"tile": 128, "overlap": 32, "block": 200, "halo": 32, "diameter": None}


class Field:
    """Discs without end, made where they are looked at."""

    one = (discs((90, 90), 10, 10) > 0).astype(np.uint8)

    def __init__(self, rows: int, columns: int) -> None:
        self.shape, self.dtype = (rows, columns), self.one.dtype
        self.read = 0

    def __getitem__(self, where):
        self.read += np.prod([s.stop - s.start for s in where])
        rows, columns = (
            np.arange(*s.indices(n)) % 90
            for s, n in zip(where, self.shape, strict=True)
        )
        return self.one[np.ix_(rows, columns)]


def _peak(side: int, work, **kept: bool) -> int:
    settings = SETTINGS | kept
    tracemalloc.start()
    for event in segment_iter(Field(side, side), Local(), work=work, **settings):
        last = event
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert last.objects >= (side // 90) ** 2 * 9
    return peak


@pytest.mark.parametrize("kept", [{}, {"maps": True, "uncertainty": True}])
def test_memory_does_not_grow_with_the_image(tmp_path, monkeypatch, kept) -> None:
    # The pixels that intensities are judged by are bounded too, at a higher size.
    monkeypatch.setattr("napari_cihm.segmentation.source.WHOLE", 2**18)
    monkeypatch.setattr("napari_cihm.segmentation.source.PATCH", 64)
    # The least of two: threads that write chunks hold more of them where they wait.
    small, large = (
        min(_peak(side, tmp_path / f"{side}_{n}", **kept) for n in range(2))
        for side in (450, 1350)
    )
    assert large < 1.4 * small  # for nine times as many pixels


def test_tiles_held_at_once_are_a_few_rows(texture) -> None:
    from napari_cihm.segmentation.store import MemoryStore

    held, most = set(), 0
    put, drop = MemoryStore.put_tile, MemoryStore.drop_tile

    def counted_put(self, unit, number, maps):
        nonlocal most
        held.add(number)
        most = max(most, len(held))
        put(self, unit, number, maps)

    def counted_drop(self, unit, number):
        held.discard(number)
        drop(self, unit, number)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(MemoryStore, "put_tile", counted_put)
        patch.setattr(MemoryStore, "drop_tile", counted_drop)
        events = list(segment_iter(Field(2000, 600), Local(), **SETTINGS))
    tiles = [e for e in events if isinstance(e, TileDone)]
    assert len(tiles) == 21 * 6
    assert not held
    assert most <= 5 * 6 + 8  # the rows that one row of blocks sees, and a batch


@pytest.mark.parametrize("side", [500, 1000])
def test_work_grows_with_the_pixels(side: int) -> None:
    model = Local()
    list(segment_iter(Field(side, side), model, **SETTINGS))
    seen = sum(batch * h * w for batch, _, h, w in model.calls)
    # Tiles of 128 that share 32 see a pixel (128 / 96)^2 times, and a little more
    # where the last of a row is moved to fit.
    assert seen / side**2 == pytest.approx((128 / 96) ** 2, rel=0.25)


def test_an_image_is_read_once_for_its_contrast_and_once_for_its_tiles(tmp_path):
    image, model = Field(1000, 1000), Local(diameter=20.0)
    settings = {**SETTINGS, "diameter": "auto", "overlap": 0}
    list(segment_iter(image, model, work=tmp_path / "w", **settings))
    looks = 1.2  # at five parts of 256 pixels, under a few zooms
    assert image.read / 1000**2 < 1 + 1.1 + looks


class Sliced:
    """A stack of which any part costs its slices whole, as of most files."""

    def __init__(self, pixels: np.ndarray) -> None:
        self.pixels, self.read = pixels, 0
        self.shape, self.dtype = pixels.shape, pixels.dtype

    def __getitem__(self, where):
        self.read += self.pixels[where[0]].size
        return self.pixels[where]


def test_from_three_sides_each_slice_is_read_a_few_times(texture, monkeypatch) -> None:
    stack = (255 * texture((12, 60, 50))).astype(np.uint8)
    file, settings = Sliced(stack), {"volume": "orthogonal", "diameter": None}
    labels = [segment(x, Local(), "zyx", **settings) for x in (stack, file)]
    np.testing.assert_array_equal(*labels)
    assert file.read == 4 * stack.size  # for the contrast, and from each side
    monkeypatch.setattr("napari_cihm.segmentation.slabs.BYTES", stack.size // 4)
    file.read = 0
    np.testing.assert_array_equal(segment(file, Local(), "zyx", **settings), labels[0])
    assert file.read <= (1 + 1 + 5 + 5) * stack.size  # of rows and columns, in fifths


def test_slabs_give_what_the_image_gives(texture) -> None:
    pixels = (255 * texture((2, 5, 2, 20, 30))).astype(np.uint8)
    for axes in ("tzcyx", "ytcxz"):
        image = Image.of(pixels, axes)
        slabs = replace(image, data=Slabs(image))
        for t, z, channels in ((0, 0, None), (1, image.size("z") - 1, (1,))):
            part = (t, z, slice(3, 5), slice(1, 4), channels)
            for again in (slabs, pickle.loads(pickle.dumps(slabs))):
                np.testing.assert_array_equal(again.read(*part), image.read(*part))
