"""ISIC's and Synapse's folders, made here by their official names."""

import numpy as np
import pytest
from PIL import Image

from napari_cihm.data.layouts import find_pairs, layout_of
from napari_cihm.errors import DataError, ReadError
from napari_cihm.training.split import pairs_to_judge, split_pairs

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
    judged, words = pairs_to_judge(tmp_path)
    assert [s.name for s in judged] == ["ISIC_0000002"]
    assert "ISIC holds out" in words
    pair = training[0].read()
    assert pair.image.shape == (3, 24, 32)
    assert np.unique(pair.labels).tolist() == [0, 255]


def test_an_isic_image_without_mask_is_named(tmp_path, rng):
    names = ("ISIC-2017_Training_Data", "ISIC-2017_Training_Part1_GroundTruth")
    put_isic(tmp_path, *names, "ISIC_0000001", rng)
    (tmp_path / names[1] / "ISIC_0000001_segmentation.png").unlink()
    with pytest.raises(DataError, match=r"ISIC_0000001\.jpg has no mask"):
        find_pairs(tmp_path)


NAMES = {
    2017: ("ISIC-2017_{}_Data", "ISIC-2017_{}_Part1_GroundTruth"),
    2018: ("ISIC2018_Task1-2_{}_Input", "ISIC2018_Task1_{}_GroundTruth"),
}


def put_part(folder, year, part, name, rng):
    put_isic(folder, *(n.format(part) for n in NAMES[year]), name, rng)


@pytest.mark.parametrize(
    ("year", "others"),
    [
        (2017, ["ISIC-2017_Training_Part2_GroundTruth"]),
        (2018, ["ISIC2018_Task2_Training_GroundTruth_v3"]),
        (
            2018,
            ["ISIC2018_Task3_Training_Input", "ISIC2018_Task3_Training_GroundTruth"],
        ),
    ],
)
def test_archives_of_other_tasks_may_lie_beside(tmp_path, rng, year, others):
    put_part(tmp_path, year, "Training", "ISIC_0000001", rng)
    for other in others:
        (tmp_path / other).mkdir()
    assert [s.name for s in find_pairs(tmp_path)] == ["ISIC_0000001"]


def test_two_years_are_not_mixed(tmp_path, rng):
    put_part(tmp_path, 2017, "Training", "ISIC_0000001", rng)
    put_part(tmp_path, 2018, "Validation", "ISIC_0000001", rng)
    with pytest.raises(DataError, match="holds ISIC 2017 and 2018"):
        find_pairs(tmp_path)


def test_validation_is_not_learnt_in_place_of_training_without_a_word(tmp_path, rng):
    for name in ("ISIC_0000001", "ISIC_0000002"):
        put_part(tmp_path, 2018, "Validation", name, rng)
    training, held_out, words = split_pairs(tmp_path, 0.1, 0)
    assert len(training) == len(held_out) == 1 and "no training part" in words[0]
    (tmp_path / NAMES[2018][0].format("Training")).mkdir()
    with pytest.raises(DataError, match=r"Training_Input has no ground truth"):
        split_pairs(tmp_path, 0.1, 0)


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


def test_a_volume_without_all_its_labels_is_named(synapse):
    with h5py.File(synapse / "test_vol_h5" / "case0001.npy.h5", "w") as file:
        file["image"], file["label"] = np.zeros((3, 9, 9)), np.zeros((2, 9, 9))
    with pytest.raises(DataError, match=r"case0001\.npy\.h5: the image is \(3, 9, 9\)"):
        split_pairs(synapse, 0.1, 0)


def put_slices(folder, case, rng, count=4):
    (folder / "train_npz").mkdir(exist_ok=True)
    for z in range(count):
        image, label = rng.random((16, 16)), rng.integers(0, 9, (16, 16))
        file = folder / "train_npz" / f"case{case:04d}_slice{z:03d}.npz"
        np.savez(file, image=image, label=label)


def test_a_blank_slice_may_be_among_those_to_learn(tmp_path, rng):
    put_slices(tmp_path, 5, rng, count=1)
    nothing = np.zeros((16, 16))
    file = tmp_path / "train_npz" / "case0005_slice001.npz"
    np.savez(file, image=nothing, label=nothing)
    assert [s.read().objects for s in find_pairs(tmp_path)] == [8, 0]


def test_slices_of_one_case_stay_together(tmp_path, rng):
    for case in range(5):
        put_slices(tmp_path, case, rng)
    for seed in range(4):
        training, held_out, words = split_pairs(tmp_path, 0.2, seed)
        assert len(held_out) == 4 and len(training) == 16 and not words
        learnt, unseen = ({s.name[:8] for s in p} for p in (training, held_out))
        assert len(unseen) == 1 and not learnt & unseen


def test_the_last_slices_of_a_single_case_are_held_out_with_a_word(tmp_path, rng):
    put_slices(tmp_path, 5, rng, count=8)
    _, held_out, (word,) = split_pairs(tmp_path, 0.25, 0)
    assert [s.name[-3:] for s in held_out] == ["006", "007"]
    assert "from one volume" in word


def test_a_folder_with_nothing_in_it_is_refused(synapse):
    for file in synapse.rglob("*.*"):
        file.unlink()
    with pytest.raises(DataError, match="is empty"):
        find_pairs(synapse)
