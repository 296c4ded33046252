"""ISIC's and Synapse's folders, made here by their official names."""

import numpy as np
import pytest
from PIL import Image

from napari_cihm.data.layouts import find_pairs, layout_of
from napari_cihm.errors import DataError, ReadError
from napari_cihm.training.split import split_pairs

h5py = pytest.importorskip("h5py")


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def put_isic(folder, inputs, truths, name, rng):
    (folder / inputs).mkdir(exist_ok=True)
    (folder / truths).mkdir(exist_ok=True)
    colour = rng.integers(0, 255, (24, 32, 3), np.uint8)
    mask = np.zeros((24, 32), np.uint8)
    mask[4:9, 4:9] = 255
    Image.fromarray(colour).save(folder / inputs / f"{name}.jpg")
    Image.fromarray(mask).save(folder / truths / f"{name}_segmentation.png")


@pytest.mark.parametrize(
    ("inputs", "truths"),
    [
        ("ISIC-2017_{}_Data", "ISIC-2017_{}_Part1_GroundTruth"),
        ("ISIC2018_Task1-2_{}_Input", "ISIC2018_Task1_{}_GroundTruth"),
    ],
)
def test_isic_parts_are_the_split(tmp_path, rng, inputs, truths):
    for part, name in {
        "Training": "ISIC_0000001",
        "Validation": "ISIC_0000002",
    }.items():
        put_isic(tmp_path, inputs.format(part), truths.format(part), name, rng)
    pixels = Image.fromarray(np.zeros((24, 32), np.uint8))
    pixels.save(tmp_path / inputs.format("Training") / "ISIC_0000001_superpixels.png")
    assert layout_of(tmp_path).name == "ISIC"
    training, held_out, _ = split_pairs(tmp_path, 0.1, 0)
    assert [s.name for s in training] == ["ISIC_0000001"]
    assert [s.name for s in held_out] == ["ISIC_0000002"]
    pair = training[0].read()
    assert pair.image.shape == (3, 24, 32)
    assert np.unique(pair.labels).tolist() == [0, 255]


def test_an_isic_image_without_mask_is_named(tmp_path, rng):
    names = ("ISIC-2017_Training_Data", "ISIC-2017_Training_Part1_GroundTruth")
    put_isic(tmp_path, *names, "ISIC_0000001", rng)
    (tmp_path / names[1] / "ISIC_0000001_segmentation.png").unlink()
    with pytest.raises(DataError, match=r"ISIC_0000001\.jpg has no mask"):
        find_pairs(tmp_path)


@pytest.fixture
def synapse(tmp_path, rng):
    (tmp_path / "train_npz").mkdir()
    (tmp_path / "test_vol_h5").mkdir()
    image, label = rng.random((16, 16)), rng.integers(0, 9, (16, 16)).astype(float)
    np.savez(tmp_path / "train_npz" / "case0005_slice000.npz", image=image, label=label)
    with h5py.File(tmp_path / "test_vol_h5" / "case0001.npy.h5", "w") as file:
        file["image"] = np.stack([image] * 3)
        file["label"] = np.stack([label] * 3)
    return tmp_path


def test_synapse_slices_are_learnt_and_volumes_held_out(synapse):
    training, held_out, _ = split_pairs(synapse, 0.1, 0)
    assert [s.name for s in training] == ["case0005_slice000"]
    assert [s.name for s in held_out] == [f"case0001_slice{z:03d}" for z in range(3)]
    np.testing.assert_array_equal(training[0].read().labels, held_out[2].read().labels)


def test_what_systems_leave_beside_synapse_files_is_not_read(synapse):
    for file in ("train_npz/._case0005_slice000.npz", "test_vol_h5/._case0001.npy.h5"):
        (synapse / file).write_bytes(b"no archive")
    training, held_out, _ = split_pairs(synapse, 0.1, 0)
    assert len(training) == 1 and len(held_out) == 3


def test_a_broken_synapse_file_is_named(synapse):
    file = synapse / "train_npz" / "case0005_slice000.npz"
    file.write_bytes(b"nonsense")
    with pytest.raises(ReadError, match=r"case0005_slice000\.npz cannot be read"):
        find_pairs(synapse)[0].read()
    (synapse / "test_vol_h5" / "case0001.npy.h5").write_bytes(b"nonsense")
    with pytest.raises(ReadError, match=r"case0001\.npy\.h5 cannot be read"):
        layout_of(synapse).held_out(synapse)
