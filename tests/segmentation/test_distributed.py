"""The same run on dask workers: the same labels, even when a worker is killed."""

import gc
import os
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cloudpickle
import numpy as np
import psutil
import pytest
import torch

from napari_cihm.config import ModelConfig
from napari_cihm.data.reading import read_image
from napari_cihm.errors import UnavailableError
from napari_cihm.events import BlockDone, TileDone
from napari_cihm.models import Model
from napari_cihm.segmentation import distributed, segment, segment_iter
from napari_cihm.segmentation.cluster import connected
from napari_cihm.segmentation.output import Layout, write_array
from tests.segmentation import conftest
from tests.segmentation.conftest import Local

pytest.importorskip("distributed")
SETTINGS = {"tile": 64, "overlap": 20, "block": 100, "halo": 32}


class Slow(Local):
    """Takes its time, so that a worker can be killed in the middle."""

    def __call__(self, batch: Any) -> Any:
        time.sleep(0.05)
        return super().__call__(batch)


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    """Two worker processes for all tests of this file."""
    for module in (conftest, sys.modules[__name__]):  # workers cannot import the tests
        cloudpickle.register_pickle_by_value(module)
    with connected(workers=2) as client:
        yield client


@pytest.mark.parametrize(
    ("shape", "options"),
    [
        ((3, 150, 130), {}),
        ((2, 150, 130), {"maps": True}),
        ((12, 40, 42), {"volume": "orthogonal"}),
    ],
)
def test_labels_are_those_of_a_local_run(client, texture, shape, options) -> None:
    image = texture(shape)
    settings = {**SETTINGS, **options}
    *_, here = segment_iter(image, Local(), "zyx", **settings)
    *rest, there = segment_iter(image, Local(), "zyx", client=client, **settings)
    assert there.labels.tobytes() == here.labels.tobytes()
    assert there.objects > 0
    tiles = [e for e in rest if isinstance(e, TileDone)]
    assert len(tiles) == tiles[0].total
    assert sorted(e.done for e in tiles) == list(range(1, len(tiles) + 1))
    if "maps" in options:
        np.testing.assert_array_equal(there.maps, here.maps)


def test_a_model_lands_where_it_would_be_put_on_the_worker(monkeypatch) -> None:
    model = Model.untrained(ModelConfig(recipe="unet", options={"base": 4}))
    model.note = "guessed"
    packed = distributed._packed((None, model, None))
    wanted = []

    def pick(name: str) -> torch.device:
        wanted.append(name)
        return torch.device("cpu")

    monkeypatch.setattr(sys.modules[Model.__module__], "pick_device", pick)
    _, landed, _ = distributed.Parcel(packed).content
    assert wanted == ["auto"]
    assert (landed.hash, landed.note) == (model.hash, "guessed")
    monkeypatch.setattr(distributed, "pick_device", lambda: torch.device("cuda", 0))
    assert distributed.Parcel(distributed._packed((None, model, None))).content
    assert "cpu" in wanted  # it was put there, where a GPU was to be had


def test_a_worker_keeps_its_memory_from_the_first_tile_on(monkeypatch) -> None:
    kept: list[str] = []
    monkeypatch.setattr(distributed, "keep_memory", lambda: kept.append("kept"))
    packed = distributed._packed((None, None, None))
    assert distributed.Parcel(packed).content and not kept  # in a process of the user's
    monkeypatch.setattr(distributed, "parent_process", lambda: "dask's")
    parcel = distributed.Parcel(packed)
    assert not kept
    assert [parcel.content, parcel.content] and kept == ["kept"]


def test_a_lazy_image_is_read_by_the_workers(client, texture, tmp_path) -> None:
    zarr = pytest.importorskip("zarr")
    stored = zarr.create_array(
        tmp_path / "a.zarr", shape=(200, 210), chunks=(64, 64), dtype="f4"
    )
    stored[...] = texture((200, 210))
    work = tmp_path / "work"
    *_, last = segment_iter(stored, Local(), client=client, work=work, **SETTINGS)
    expected = segment(stored[...], Local(), **SETTINGS)
    np.testing.assert_array_equal(np.asarray(last.labels), expected)


class Thick:
    """Planes in one chunk, which writes down how often it is read."""

    def __init__(self, folder: Path, shape: tuple[int, ...]) -> None:
        self.folder, self.shape, self.ndim = folder, shape, len(shape)
        self.dtype, self.chunks = np.dtype("float32"), shape

    def __getitem__(self, where: Any) -> Any:
        with (self.folder / "read").open("a") as file:
            file.write("1")
        return np.load(self.folder / "pixels.npy")[where]


def test_a_chunk_of_many_planes_is_decoded_once_by_each_worker(
    client, texture, tmp_path
) -> None:
    image = texture((6, 150, 130))
    for pixels in (image, image[:, ::-1]):  # of which all but the pixels is the same
        (tmp_path / "read").write_text("")
        np.save(tmp_path / "pixels.npy", pixels)
        thick = Thick(tmp_path, image.shape)
        found = segment(thick, Local(), "zyx", client=client, **SETTINGS)
        expected = segment(pixels, Local(), "zyx", **SETTINGS)
        np.testing.assert_array_equal(found, expected)
        # One of this process for the contrast, one for the size of objects.
        assert len((tmp_path / "read").read_text()) <= 2 + 2


def _held() -> int:
    gc.collect()
    return sum(type(each).__name__ == "Thick" for each in gc.get_objects())


def test_workers_let_go_of_an_image_when_its_run_ends(client, texture, tmp_path):
    image = texture((3, 90, 80))
    np.save(tmp_path / "pixels.npy", image)
    thick = Thick(tmp_path, image.shape)
    events = segment_iter(thick, Local(), "zyx", client=client, **SETTINGS)
    for event in events:
        if isinstance(event, BlockDone) and event.done == 1:
            assert any(client.run(_held).values())
    for _ in range(100):  # they are told in their own time
        if not (left := any(client.run(_held).values())):
            break
        time.sleep(0.1)
    assert not left


@pytest.mark.parametrize("name", ["a.tif", "a.zarr"])
def test_workers_may_have_begun_in_another_folder(
    client, texture, tmp_path, monkeypatch, name
) -> None:
    monkeypatch.chdir(tmp_path)
    image = read_image(write_array(Path(name), texture((90, 80)), Layout("yx")))
    expected = segment(image, Local(), **SETTINGS)
    found = segment(image, Local(), client=client, **SETTINGS)
    np.testing.assert_array_equal(found, expected)
    assert image.path == Path(name)


def test_a_killed_worker_is_survived(client, texture) -> None:
    image = texture((330, 330))
    expected = segment(image, Local(), **SETTINGS)
    before = set(client.scheduler_info()["workers"])
    killed = None
    for event in segment_iter(image, Slow(), client=client, **SETTINGS):
        if isinstance(event, BlockDone) and killed is None:
            killed = next(iter(client.run(os.getpid).values()))
            psutil.Process(killed).kill()
    assert killed is not None
    np.testing.assert_array_equal(event.labels, expected)
    assert set(client.scheduler_info()["workers"]) != before


def test_cancelling_calls_the_work_back(client, texture) -> None:
    run = segment_iter(texture((400, 400)), Slow(), client=client, **SETTINGS)
    next(event for event in run if isinstance(event, TileDone))
    run.close()
    deadline = time.monotonic() + 20
    while any(client.processing().values()) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(client.processing().values())


def test_two_runs_at_once_quarrel_over_no_port(client) -> None:
    sockets = client.cluster.scheduler.http_server._sockets.values()
    assert 8787 not in [socket.getsockname()[1] for socket in sockets]  # dask's own


@pytest.mark.skipif(sys.platform == "win32", reason="has no sessions")
def test_the_keyboard_stops_no_worker_by_itself(client) -> None:
    there = os.getsid(0)
    assert there not in client.run(os.getsid, 0).values()


def test_scripts_beside_the_images_are_no_modules_of_workers(client) -> None:
    assert all(client.run(lambda: sys.flags.safe_path).values())


def test_workers_that_cannot_start_beside_others_are_said_to(
    client, monkeypatch
) -> None:
    monkeypatch.setattr(sys, "executable", shutil.which("false"))
    with (
        pytest.raises(UnavailableError, match="workers did not start"),
        connected(workers=1),
    ):
        raise AssertionError


def test_a_scheduler_that_does_not_answer_is_named(monkeypatch) -> None:
    monkeypatch.setattr("napari_cihm.segmentation.cluster.PATIENCE", "500ms")
    with (
        pytest.raises(UnavailableError, match="no scheduler answers"),
        connected("tcp://127.0.0.1:9"),
    ):
        raise AssertionError
