"""Training folders: added to, never replaced, whole or not at all."""

import json
import os

import numpy as np
import pytest
import tifffile

from napari_cihm.correction.export import export_training
from napari_cihm.correction.reviewed import Reviewed
from napari_cihm.correction.training_folder import TrainingFolder
from napari_cihm.data.image import Image
from napari_cihm.data.pairs import folder_pairs
from napari_cihm.errors import InputError, ShapeError, WriteError
from napari_cihm.events import Exported, SliceExported


def stack(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    image = rng.integers(0, 4000, (4, 30, 40)).astype(np.uint16)
    labels = np.zeros((4, 30, 40), np.int32)
    labels[:, 5:15, 5:15] = 100
    labels[:, 18:28, 20:35] = 7
    return image, labels


def reviewed_slices(*slices: int) -> Reviewed:
    reviewed = Reviewed((4, 30, 40))
    for at in slices:
        reviewed.mark((slice(at, at + 1), slice(0, 30), slice(0, 40)))
    return reviewed


def export(folder, *given, **more) -> Exported:
    *_, last = export_training(folder, *given, **more)
    assert isinstance(last, Exported)
    return last


def test_reviewed_slices_of_a_stack_go_into_the_folder(tmp_path) -> None:
    image, labels = stack()
    reviewed = reviewed_slices(1)
    reviewed.mark((slice(3, 4), slice(0, 10), slice(0, 40)))
    events = list(
        export_training(
            tmp_path,
            Image.of(image, "zyx", name="My cells.tif"),
            labels,
            reviewed,
            facts={"model": "abc"},
        )
    )
    assert [type(e) for e in events] == [SliceExported, SliceExported, Exported]
    assert events[-1].names == ("My-cells_z0001", "My-cells_z0003")
    assert events[-1].text == f"Added 2 slices to {tmp_path}."
    pairs = [source.read() for source in folder_pairs(tmp_path)]
    assert [pair.name for pair in pairs] == list(events[-1].names)
    assert np.array_equal(pairs[0].image, image[1:2])
    assert pairs[0].reviewed.all()
    assert np.array_equal(pairs[1].labels, labels[3])  # a number may name a class
    assert np.array_equal(
        pairs[1].reviewed,
        reviewed.read((slice(3, 4), slice(0, 30), slice(0, 40)))[0],
    )
    mask = tifffile.imread(tmp_path / "masks" / "My-cells_z0003.tif")
    assert mask.dtype == np.uint16
    lines = (tmp_path / "index.jsonl").read_text().splitlines()
    told = [json.loads(line) for line in lines]
    assert told[1]["name"] == "My-cells_z0003"
    assert told[1]["plane"] == {"z": 3}
    assert told[1]["objects"] == 2
    assert told[1]["reviewed"] == pytest.approx(1 / 3, abs=1e-4)
    assert told[1]["model"] == "abc"


@pytest.mark.parametrize(
    ("axes", "first", "then"),
    [
        ("tyx", "4 frames", "Added 1 frame to {}; 3 were already there."),
        ("yx", "1 image", "Added 0 images to {}; 1 was already there."),
    ],
)
def test_planes_are_called_what_they_are(tmp_path, axes, first, then) -> None:
    image, labels = stack()
    if axes == "yx":
        image, labels = image[0], labels[0]
    given = Image.of(image, axes, name="a"), labels
    assert export(tmp_path, *given).text == f"Added {first} to {tmp_path}."
    if axes == "tyx":
        labels[0, 5, 5] = 0
    assert export(tmp_path, *given).text == then.format(tmp_path)


def test_the_same_is_not_added_twice_and_nothing_is_replaced(tmp_path) -> None:
    image, labels = stack()
    given = Image.of(image, "zyx", name="a"), labels, reviewed_slices(0, 2)
    first = export(tmp_path, *given)
    before = {p: p.read_bytes() for p in tmp_path.rglob("*.tif")}
    again = export(tmp_path, *given)
    assert again.names == ()
    assert again.present == first.names
    assert again.text == f"Added 0 slices to {tmp_path}; 2 were already there."
    labels[2, 5, 5] = 0
    third = export(tmp_path, *given)
    assert third.names == ("a_z0002_2",)
    assert third.present == ("a_z0000",)
    assert all(p.read_bytes() == kept for p, kept in before.items())
    assert len(folder_pairs(tmp_path)) == 3
    (tmp_path / "images" / "a_z0000.tif").unlink()  # by who wants it anew
    fourth = export(tmp_path, *given)
    assert (fourth.names, fourth.present) == (("a_z0000_2",), ("a_z0002_2",))


def test_names_that_others_took_are_left_alone(tmp_path) -> None:
    image, labels = stack()
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "A_Z0000.png").write_bytes(b"somebody's")
    (tmp_path / "reviewed").mkdir()
    (tmp_path / "reviewed" / "a_z0000_2.tif").write_bytes(b"another's")
    done = export(
        tmp_path, Image.of(image, "zyx", name="A"), labels, reviewed_slices(0)
    )
    assert done.names == ("A_z0000_3",)
    assert (tmp_path / "images" / "A_Z0000.png").read_bytes() == b"somebody's"


def test_a_name_taken_at_the_last_moment_is_not_overwritten(tmp_path) -> None:
    image, labels = stack()
    place = TrainingFolder(tmp_path)
    (tmp_path / "masks" / "a.tif").write_bytes(b"came in between")
    name = place.add("a", image[0], labels[0].astype(np.uint16), None, {"content": "x"})
    assert name == "a_2"
    assert (tmp_path / "masks" / "a.tif").read_bytes() == b"came in between"


def test_a_flat_image_without_marks_counts_as_reviewed(tmp_path) -> None:
    image, labels = stack()
    done = export(tmp_path, Image.of(image[0], name="flat"), labels[0])
    assert done.names == ("flat",)
    assert list((tmp_path / "reviewed").iterdir()) == []
    (pair,) = [source.read() for source in folder_pairs(tmp_path)]
    assert pair.reviewed is None


@pytest.mark.parametrize(
    ("axes", "kind"), [("zyx", np.float64), ("yxz", np.uint8), ("tzxy", np.int64)]
)
def test_axes_and_types_are_brought_into_form(tmp_path, axes, kind) -> None:
    planes = np.random.default_rng(0).integers(0, 200, (3, 10, 12)).astype(kind)
    labels = np.zeros((3, 10, 12), np.int32)
    labels[1, 2:5, 2:9] = 4
    # Both come as (z, y, x) and are turned to the axes under test.
    order = ["zyx".index(a) for a in axes if a != "t"]
    turned = [x.transpose(order) for x in (planes, labels)]
    if "t" in axes:
        turned = [x[None] for x in turned]
    image = Image.of(turned[0], axes, name="x")
    reviewed = Reviewed(image.label_shape)
    reviewed.mark_all()
    names = export(tmp_path, image, turned[1], reviewed).names
    assert len(names) == 3
    pairs = [source.read() for source in folder_pairs(tmp_path)]
    assert np.array_equal(np.concatenate([p.image for p in pairs]), planes)
    assert np.array_equal([p.labels for p in pairs], labels)


@pytest.mark.parametrize("value", [-5, 2**16, 2**16 - 1])
def test_light_of_any_number_is_kept_and_negative_labels_are_none(
    tmp_path, value
) -> None:
    image, labels = (planes[0].astype(np.int32) for planes in stack())
    image[0, 0], labels[0, 0] = value, -1
    export(tmp_path, Image.of(image, "yx", name="a"), labels)
    (pair,) = [source.read() for source in folder_pairs(tmp_path)]
    np.testing.assert_array_equal(pair.image[0], image)
    np.testing.assert_array_equal(pair.labels, np.maximum(labels, 0))


def test_huge_numbers_become_those_of_masks(tmp_path) -> None:
    image, labels = stack()
    labels = np.where(labels == 100, np.uint64(2**63 + 100), labels.astype(np.uint64))
    export(tmp_path, Image.of(image[0], "yx", name="a"), labels[0])
    (pair,) = [source.read() for source in folder_pairs(tmp_path)]
    expected = np.where(labels[0] > 100, 2, labels[0] > 0)
    np.testing.assert_array_equal(pair.labels, expected)


def test_colours_and_single_channels(tmp_path) -> None:
    rng = np.random.default_rng(0)
    colours = rng.integers(0, 255, (20, 22, 3)).astype(np.uint8)
    labels = np.zeros((20, 22), np.int32)
    export(tmp_path / "rgb", Image.of(colours, "yxc", name="rgb"), labels)
    (pair,) = [source.read() for source in folder_pairs(tmp_path / "rgb")]
    assert np.array_equal(pair.image, np.moveaxis(colours, -1, 0)) and pair.colour
    three = np.moveaxis(colours, -1, 0)
    export(tmp_path / "three", Image.of(three, "cyx", name="three"), labels)
    (pair,) = [source.read() for source in folder_pairs(tmp_path / "three")]
    assert np.array_equal(pair.image, three) and not pair.colour
    four = rng.integers(0, 255, (4, 20, 22)).astype(np.uint8)
    image = Image.of(four, "cyx", name="four")
    with pytest.raises(InputError, match="channel that was segmented"):
        export(tmp_path / "four", image, labels)
    export(tmp_path / "four", image, labels, channels=(2,))
    (pair,) = [source.read() for source in folder_pairs(tmp_path / "four")]
    assert np.array_equal(pair.image, four[2:3])


def test_nothing_reviewed_is_nothing_to_export(tmp_path) -> None:
    image, labels = stack()
    given = Image.of(image, "zyx"), labels, Reviewed(labels.shape)
    with pytest.raises(InputError, match="nothing is reviewed yet"):
        export(tmp_path, *given)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ShapeError, match="labels of shape"):
        export(tmp_path, Image.of(image, "zyx"), labels[:2])


def test_a_write_that_fails_leaves_no_half_pair(tmp_path, monkeypatch) -> None:
    image, labels = stack()
    given = Image.of(image, "zyx", name="a"), labels, reviewed_slices(0, 1)
    replace = os.replace
    calls = []

    def full(one, other) -> None:
        calls.append(other)
        if len(calls) == 5:
            raise OSError(28, "No space left on device", str(other))
        replace(one, other)

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(WriteError, match=r"No space left.*Free some space"):
        export(tmp_path, *given)
    names = sorted(p.name for p in tmp_path.rglob("*") if p.is_file())
    assert names == ["a_z0000.tif"] * 3 + ["index.jsonl"]
    monkeypatch.undo()
    assert export(tmp_path, *given).names == ("a_z0001",)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (OSError(28, "No space left on device"), WriteError),
        (KeyboardInterrupt(), KeyboardInterrupt),
    ],
)
def test_what_the_index_cannot_tell_of_is_not_added(
    tmp_path, monkeypatch, error, told
) -> None:
    def full(self, entry) -> None:
        raise error

    given = Image.of(np.zeros((4, 4), np.uint8), name="a"), np.ones((4, 4), int)
    monkeypatch.setattr(TrainingFolder, "_note", full)
    with pytest.raises(told):
        export(tmp_path, *given)
    assert not [p for p in tmp_path.rglob("*") if p.is_file()]
    monkeypatch.undo()
    export(tmp_path, *given)
    assert export(tmp_path, *given).names == ()  # it is known now


def test_a_path_that_is_no_text_is_spelled_in_the_index(tmp_path) -> None:
    name = "caf\udce9.png"
    image = Image.of(np.zeros((4, 4), np.uint8), name=name, path=tmp_path / name)
    assert len(export(tmp_path / "data", image, np.ones((4, 4), int)).names) == 1
    (line,) = (tmp_path / "data" / "index.jsonl").read_text("utf-8").splitlines()
    entry = json.loads(line)
    assert entry["image"] == r"caf\xe9.png"
    assert entry["source"] == str(tmp_path / entry["image"])


def test_a_torn_line_of_the_index_spoils_no_other(tmp_path) -> None:
    image, labels = stack()
    given = Image.of(image, "zyx", name="a"), labels
    export(tmp_path, *given, reviewed_slices(0))
    with (tmp_path / "index.jsonl").open("ab") as file:
        file.write(b'{"name": "a_z00')
    export(tmp_path, *given, reviewed_slices(0, 1))
    done = export(tmp_path, *given, reviewed_slices(0, 1))
    assert done.present == ("a_z0000", "a_z0001")
