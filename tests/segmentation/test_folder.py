"""Runs on disk: killed and resumed to the same bytes, and never mixed up."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from napari_cihm.config import Decoding, Normalisation
from napari_cihm.data.image import Image
from napari_cihm.data.reading import read_image
from napari_cihm.errors import WriteError
from napari_cihm.events import BlockDone, Note, Segmented, TileDone
from napari_cihm.segmentation import segment, segment_iter, source
from napari_cihm.segmentation.channels import ChannelPlan
from napari_cihm.segmentation.folder import remove_work
from tests.segmentation.conftest import Local, Perfect, Semantic, crowd, perfect_maps

SETTINGS = {"tile": 64, "overlap": 20, "block": 100, "halo": 32, "batch": 1}

HERE = Path(__file__).parents[2]
SCRIPT = """
import sys, time
import numpy as np
from napari_cihm.segmentation import segment_iter
from tests.segmentation.conftest import Local

class Slow(Local):
    def __call__(self, batch):
        time.sleep(0.02)
        return super().__call__(batch)

image = np.load(sys.argv[1])
for event in segment_iter(image, Slow(), work=sys.argv[2], tile=64, overlap=20,
                          block=100, halo=32, batch=1):
    print(type(event).__name__, flush=True)
"""


def _bytes(folder: Path) -> dict[str, bytes]:
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    return {str(p.relative_to(folder)): p.read_bytes() for p in files}


def _of_run(work: Path) -> Path:
    """Return the folder of the only run."""
    (folder,) = work.iterdir()
    return folder


def test_a_killed_run_goes_on_and_gives_the_same_bytes(tmp_path, texture) -> None:
    image = texture((330, 280))
    np.save(tmp_path / "image.npy", image)
    unbroken = list(segment_iter(image, Local(), work=tmp_path / "whole", **SETTINGS))
    arguments = [sys.executable, "-c", SCRIPT, tmp_path / "image.npy", tmp_path / "cut"]
    with subprocess.Popen(
        arguments, stdout=subprocess.PIPE, text=True, cwd=HERE
    ) as run:
        assert run.stdout is not None
        said = [line.strip() for line, _ in zip(run.stdout, range(16), strict=False)]
        run.kill()
    assert run.returncode != 0
    done = said.count("TileDone")
    assert done >= 8
    model = Local()
    rest = list(segment_iter(image, model, work=tmp_path / "cut", **SETTINGS))
    tiles = [e for e in rest if isinstance(e, TileDone)]
    assert any(isinstance(e, Note) and "going on" in e.text for e in rest)
    # Nothing that was finished is predicted again, but the tile it died in.
    assert len(model.calls) == len(tiles) <= tiles[0].total - done
    assert tiles[-1].done == tiles[0].total
    assert rest[-1].objects == unbroken[-1].objects > 20
    runs = [_of_run(tmp_path / name) for name in ("whole", "cut")]
    assert _bytes(runs[0] / "final") == _bytes(runs[1] / "final")
    assert not any(any((run / "tiles").iterdir()) for run in runs)  # each is let go of
    np.testing.assert_array_equal(
        np.asarray(rest[-1].labels), segment(image, Local(), **SETTINGS)
    )


def test_a_resumed_run_counts_on_to_its_total(tmp_path, texture) -> None:
    image, work = texture((3, 150, 150)), tmp_path / "w"
    run = segment_iter(image, Local(), "zyx", work=work, **SETTINGS)
    for event in run:
        if isinstance(event, BlockDone) and event.done == 5:
            break
    run.close()
    rest = segment_iter(image, Local(), "zyx", work=work, **SETTINGS)
    blocks = [e for e in rest if isinstance(e, BlockDone)]
    assert [e.done for e in blocks] == list(range(6, 13))
    assert {e.total for e in blocks} == {12}


def test_a_run_killed_while_it_wrote_goes_on(tmp_path, texture) -> None:
    image, work = texture((200, 180)), tmp_path / "w"
    run = segment_iter(image, Local(), work=work, **SETTINGS)
    next(event for event in run if isinstance(event, BlockDone))
    run.close()
    for half in ("parts/0-0/.1-1.npz.7.part", "tiles/.0-0_9.npy.7.part"):
        (_of_run(work) / half).write_bytes(b"PK half")
    *_, last = segment_iter(image, Local(), work=work, **SETTINGS)
    expected = segment(image, Local(), **SETTINGS)
    np.testing.assert_array_equal(np.asarray(last.labels), expected)
    assert not list(work.rglob("*.part"))


def test_a_file_that_changed_where_nobody_looked_is_begun_anew(
    tmp_path, texture, monkeypatch
) -> None:
    monkeypatch.setattr(source, "WHOLE", 2**10)
    monkeypatch.setattr(source, "PATCH", 16)
    pixels, path, work = texture((200, 180)), tmp_path / "a.npy", tmp_path / "w"
    looked = source.joined(source.sample(Image.of(pixels), ChannelPlan((0,))))
    np.save(path, pixels)
    segment(read_image(path), Local(), work=work, **SETTINGS)
    pixels[16:32, 16:32] = pixels[17, 17]  # in none of the patches
    np.testing.assert_array_equal(
        looked, source.joined(source.sample(Image.of(pixels), ChannelPlan((0,))))
    )
    np.save(path, pixels)
    os.utime(path, (2e9, 2e9))  # some disks keep times to the second
    found = segment(read_image(path), Local(), work=work, **SETTINGS)
    np.testing.assert_array_equal(
        np.asarray(found), segment(pixels, Local(), **SETTINGS)
    )


def test_a_run_killed_at_once_can_begin_again(tmp_path, texture) -> None:
    image, work = texture((90, 80)), tmp_path / "w"
    first = segment(image, Local(), work=work, **SETTINGS)
    manifest = _of_run(work) / "manifest.json"
    manifest.rename(manifest.with_name(".manifest.json.7.part"))
    model = Local()
    second = segment(image, model, work=work, **SETTINGS)
    assert model.calls  # of what may be half removed, nothing is taken
    np.testing.assert_array_equal(np.asarray(first), np.asarray(second))


def test_a_folder_half_emptied_is_begun_anew(tmp_path, texture, monkeypatch) -> None:
    image, work = texture((90, 80)), tmp_path / "w"
    segment(image, Local(), work=work, **SETTINGS)

    def remove(path: Path, **_: object) -> None:
        (path / "labels").rename(path / "gone")
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("napari_cihm.segmentation.folder.shutil.rmtree", remove)
        remove_work(work)
    labels = segment(image, Local(), work=work, **SETTINGS)
    expected = segment(image, Local(), **SETTINGS)
    np.testing.assert_array_equal(np.asarray(labels), expected)
    remove_work(work)
    assert not any(work.iterdir())


def test_two_runs_never_share_a_folder(tmp_path, texture) -> None:
    image, work = texture((150, 150)), tmp_path / "w"
    first = segment_iter(image, Local(), work=work, **SETTINGS)
    next(event for event in first if isinstance(event, BlockDone))
    for settings in (SETTINGS, {**SETTINGS, "min_size": 40}):
        with pytest.raises(WriteError, match="another run is writing into"):
            segment(image, Local(), work=work, **settings)
    *_, last = first
    expected = segment(image, Local(), **SETTINGS)
    np.testing.assert_array_equal(np.asarray(last.labels), expected)
    segment(image, Local(), work=work, **SETTINGS)  # the first is over


def test_results_of_two_images_lie_apart(tmp_path, texture) -> None:
    images = texture((90, 80)), texture((90, 80), 1)
    found = [segment(one, Local(), work=tmp_path, **SETTINGS) for one in images]
    for one, labels in zip(images, found, strict=True):
        expected = segment(one, Local(), **SETTINGS)
        np.testing.assert_array_equal(np.asarray(labels), expected)


def test_disk_and_memory_give_the_same(tmp_path, texture) -> None:
    image = texture((2, 3, 90, 110))
    for model, options in ((Local(), {}), (Local(), {"volume": "orthogonal"})):
        kept = {"maps": True, "uncertainty": True, **SETTINGS, **options}
        work = tmp_path / str(len(options))
        *_, stored = segment_iter(image, model, "tzyx", work=work, **kept)
        *_, held = segment_iter(image, model, "tzyx", **kept)
        assert isinstance(stored, Segmented)
        np.testing.assert_array_equal(np.asarray(stored.labels), held.labels)
        np.testing.assert_allclose(stored.maps, held.maps, atol=1e-5)
        np.testing.assert_allclose(stored.uncertainty, held.uncertainty, atol=1e-3)


def test_a_plane_of_a_volume_is_read_by_itself(tmp_path, texture) -> None:
    # Results are written and measured plane by plane: no chunk may be decoded for each.
    kept = {"volume": "orthogonal", "maps": True, "uncertainty": True}
    *_, last = segment_iter(texture((9, 40, 50)), Local(), work=tmp_path, **kept)
    for stored in (last.labels, last.maps, last.uncertainty):
        assert stored.chunks[-3:] == (1, 40, 50)


def test_axes_in_any_order_come_back_from_disk(tmp_path) -> None:
    truth = crowd((6, 50, 40), 9, ((3, 4), (6, 8), (6, 8)))
    image = perfect_maps(truth).transpose(3, 0, 1, 2)
    *_, last = segment_iter(image, Perfect(), "xczy", work=tmp_path / "w", block=64)
    np.testing.assert_array_equal(
        np.asarray(last.labels), segment(image, Perfect(), "xczy")
    )


def test_another_image_model_or_setting_starts_anew(tmp_path, texture) -> None:
    image = texture((150, 150))
    other = Local()
    other.key = "another"
    changes = [
        (image, Local(), SETTINGS),
        (image + 0.1 * texture((150, 150), 1), Local(), SETTINGS),
        (image, other, SETTINGS),
        (image, Local(), {**SETTINGS, "min_size": 40}),
    ]
    for pixels, model, settings in changes:
        list(segment_iter(pixels, model, work=tmp_path / "w", **settings))
        assert len(model.calls) > 0
    again = Local()
    events = list(segment_iter(image, again, work=tmp_path / "w", **changes[-1][2]))
    assert not again.calls
    assert not any(isinstance(e, TileDone | BlockDone) for e in events)
    free = {**changes[-1][2], "memory": 999, "batch": 3}
    list(segment_iter(image, again, work=tmp_path / "w", **free))
    assert not again.calls  # what changes no label does not count


def _differing() -> list[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Give changes that a model's key does not tell."""
    low = Normalisation(low=30, high=100)
    return [
        ("decoding", {"decoding": Decoding(foreground=0.9)}, {}),
        ("normalisation", {"normalisation": low}, {}),
        ("options", {"options": {"head": "plain"}}, {}),
        ("size", {"diameter": 99.0}, {}),
        ("whole", {}, {"of": Image.of(np.array([[0.0, 9.0]]))}),
    ]


@pytest.mark.parametrize(("what", "about", "more"), _differing())
def test_leftovers_of_what_has_the_same_key_are_not_taken(
    tmp_path, texture, what, about, more
) -> None:
    image, settings = texture((150, 150)), {**SETTINGS, "diameter": None}
    first, second = Local(), Local()
    second.config = first.config.but(**about)
    list(segment_iter(image, first, work=tmp_path / "w", **settings))
    *_, last = segment_iter(image, second, work=tmp_path / "w", **settings, **more)
    assert len(second.calls) > 0
    *_, alone = segment_iter(image, second, **settings, **more)
    np.testing.assert_array_equal(np.asarray(last.labels), alone.labels)


def test_leftovers_of_another_version_are_not_taken(tmp_path, monkeypatch) -> None:
    model, image = Local(), np.ones((20, 20))
    segment(image, model, work=tmp_path / "w")
    monkeypatch.setattr("napari_cihm.segmentation.manifest.VERSION", "99")
    segment(image, model, work=tmp_path / "w")
    assert len(model.calls) == 2


@pytest.mark.parametrize("name", ["thesis.txt", "labels/1.tif", "lock"])
def test_what_others_put_into_a_folder_stays(tmp_path, local: Local, name) -> None:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("three years")
    segment(np.zeros((9, 9)), local, work=tmp_path)
    remove_work(tmp_path)
    assert path.read_text() == "three years"
    assert [*tmp_path.iterdir()] == [tmp_path / Path(name).parts[0]]


def test_classes_are_kept_on_disk_too(tmp_path) -> None:
    image = np.zeros((150, 90), np.float32)
    image[40:90] = 1
    *_, last = segment_iter(image, Semantic(2), work=tmp_path / "w", block=64)
    np.testing.assert_array_equal(np.asarray(last.labels), image.astype(int))


def test_unfinished_work_may_lie_in_the_home_folder(home, local: Local) -> None:
    segment(np.zeros((9, 9)), local, work="~/w")
    assert [*(home / "w").iterdir()]
