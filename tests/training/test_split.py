"""What is held out is no neighbour of what is learnt, and of strangers pure chance."""

import numpy as np
import pytest

from napari_cihm.correction.export import export_training
from napari_cihm.data.image import Image
from napari_cihm.data.listing import place_of
from napari_cihm.data.pairs import Pair
from napari_cihm.training.split import split_pairs


@pytest.mark.parametrize(
    ("name", "stack", "place"),
    [
        ("cells_z012", "cells_z", (12,)),
        ("cells_z012_2", "cells_z", (12,)),  # the same slice, saved again
        ("cells_t003_z012", "cells_t_z", (3, 12)),
        ("Z7", "_Z", (7,)),
        ("cells-t1.z2", "cells_t_z", (1, 2)),
        ("cells_12", "", ()),
        ("jazz2_fritz3", "", ()),
        ("0123abcd_z", "", ()),
    ],
)
def test_names_tell_the_slices_of_a_stack(name, stack, place):
    assert place_of(name) == (stack, place)


def _save(folder, name, slices, seed=0):
    """Save a stack as the window does."""
    image = np.random.default_rng(seed).integers(0, 255, (slices, 8, 9), np.uint8)
    labels = np.ones(image.shape, np.int32)
    list(export_training(folder, Image.of(image, "zyx", name=name), labels))


def _names(sources):
    return [source.name for source in sources]


def test_a_saved_stack_is_held_out_as_a_whole(tmp_path):
    for number in range(5):
        _save(tmp_path, f"s{number}", slices=3, seed=number)
    for seed in range(4):
        training, held_out, words = split_pairs(tmp_path, 0.2, seed)
        assert len(held_out) == 3 and len(training) == 12 and not words
        assert len({name.partition("_")[0] for name in _names(held_out)}) == 1


def test_of_a_single_saved_stack_the_last_slices_are_held_out(tmp_path):
    _save(tmp_path, "s", slices=12)
    _save(tmp_path, "s", slices=12, seed=1)  # corrected, and saved again
    training, held_out, (word,) = split_pairs(tmp_path, 0.25, 0)
    learnt, unseen = ({name[:7] for name in _names(p)} for p in (training, held_out))
    assert unseen == {f"s_z00{z:02d}" for z in (9, 10, 11)}
    assert not learnt & unseen and "from one volume" in word
    training, held_out, _ = split_pairs(tmp_path, 0.99, 0)
    assert (len(training), len(held_out)) == (2, 22)  # never all


def test_numbers_need_no_zeros_to_be_in_order(tmp_path):
    _save(tmp_path, "s", slices=11)
    for folder in ("images", "masks"):
        for path in (tmp_path / folder).iterdir():
            path.rename(path.with_name(f"s_z{int(path.stem[-4:])}.tif"))
    assert _names(split_pairs(tmp_path, 0.2, 0)[1]) == ["s_z9", "s_z10"]


def test_a_stack_is_not_drawn_where_pictures_are_enough(tmp_path):
    _save(tmp_path, "s", slices=12)
    for number in range(4):
        _save(tmp_path, f"p{number}", slices=1, seed=number)
    for seed in range(4):
        _, held_out, words = split_pairs(tmp_path, 0.1, seed)
        assert len(held_out) == 2 and not words
        assert not any(name.startswith("s") for name in _names(held_out))


def test_of_two_stacks_the_smaller_is_held_out_with_a_word(tmp_path):
    _save(tmp_path, "large", slices=7)
    _save(tmp_path, "small", slices=5, seed=1)
    _, held_out, (word,) = split_pairs(tmp_path, 0.1, 0)
    assert len(held_out) == 5 and "5 of 12 images are held out" in word


@pytest.mark.parametrize("share", [0.01, 0.1, 0.25, 0.9, 0.99])
def test_pictures_that_are_no_slices_are_drawn_by_chance_alone(share):
    pairs = [Pair.of(str(n), np.eye(4), np.ones((4, 4), int)) for n in range(20)]
    for seed in range(3):
        training, held_out, _ = split_pairs(pairs, share, seed)
        order = np.random.default_rng(seed).permutation(20)
        count = min(max(1, round(share * 20)), 19)
        learnt, unseen = (
            sorted(map(str, part), key=int) for part in (order[count:], order[:count])
        )
        assert (_names(training), _names(held_out)) == (learnt, unseen)
