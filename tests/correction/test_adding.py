"""Adding an object from a click: by maps, by intensities, by a disc."""

import numpy as np
import pytest
from scipy import ndimage
from skimage.draw import disk

from napari_cihm.config import Decoding
from napari_cihm.correction.adding import add_object
from napari_cihm.correction.label_index import LabelIndex
from napari_cihm.errors import InputError, ShapeError


def iou(one: np.ndarray, other: np.ndarray) -> float:
    return float((one & other).sum() / (one | other).sum())


def touching_pair() -> tuple[np.ndarray, np.ndarray]:
    """Two discs that touch, as masks."""
    left, right = np.zeros((2, 60, 90), bool)
    left[disk((30, 30), 14)] = True
    right[disk((30, 56), 14)] = True
    return left, right & ~left


def ideal_maps(*masks: np.ndarray) -> np.ndarray:
    """The maps that a perfect model would give for some objects."""
    foreground = np.any(masks, axis=0).astype(np.float32)
    distance = np.zeros_like(foreground)
    border = np.zeros_like(foreground)
    for rank, mask in enumerate(masks):
        depth = ndimage.distance_transform_edt(mask)
        distance += (depth / depth.max()).astype(np.float32)
        others = np.zeros_like(mask)
        for other in (*masks[:rank], *masks[rank + 1 :]):
            others |= other
        border[mask & ndimage.binary_dilation(others, iterations=2)] = 1
    return np.stack([foreground, border, distance])


def test_maps_outline_the_object_clicked_and_not_its_neighbour(make, after) -> None:
    left, right = touching_pair()
    maps = ideal_maps(left, right)
    labels = make(np.zeros(left.shape, np.int32))
    edit = add_object(labels, [(30, 24)], maps=maps)
    assert edit.what == "Add object 1"
    assert edit.note == ""
    assert iou(after(labels, edit) == 1, left) > 0.97
    edit = add_object(labels, [(28, 60)], maps=maps)
    both = after(labels, edit)
    assert iou(both == 1, left) > 0.97
    assert iou(both == 2, right) > 0.97


def test_a_click_beside_the_top_takes_the_whole_object(after) -> None:
    left, right = touching_pair()
    maps = ideal_maps(left, right)
    for click in ((30, 18), (20, 30), (41, 32)):  # near the rim, where no seed is
        assert maps[2][click] < 0.4
        labels = np.zeros(left.shape, np.int32)
        edit = add_object(labels, [click], maps=maps)
        assert iou(after(labels, edit) == 1, left) > 0.97


def test_maps_that_take_all_for_one_object_give_way_to_the_image(after) -> None:
    left, _ = touching_pair()
    image = 50.0 * np.pad(left, 150)
    labels = np.zeros(image.shape, np.int32)
    maps = np.zeros((3, *image.shape), np.float32)
    maps[0] = maps[2] = 0.95
    alone = add_object(labels, [(180, 180)], maps=maps, diameter=28)
    assert alone.note == ""  # without an image, the maps are all there is
    edit = add_object(labels, [(180, 180)], maps=maps, image=image, diameter=28)
    assert edit.note == "The model sees no object there; the outline is from the image."
    assert iou(after(labels, edit) == 1, np.pad(left, 150)) > 0.9


def test_a_scribble_over_two_peaks_makes_one_object(after) -> None:
    left, right = touching_pair()
    labels = np.zeros(left.shape, np.int32)
    edit = add_object(labels, [(30, 24), (30, 62)], maps=ideal_maps(left, right))
    assert iou(after(labels, edit) == 1, left | right) > 0.97


def test_a_faint_object_lowers_the_threshold(after) -> None:
    left, right = touching_pair()
    maps = ideal_maps(left, right)
    maps[:, left] *= 0.3
    labels = np.zeros(left.shape, np.int32)
    assert (
        iou(after(labels, add_object(labels, [(30, 25)], maps=maps)) == 1, left) > 0.9
    )


def test_one_map_alone_will_do(after) -> None:
    left, _ = touching_pair()
    labels = np.zeros(left.shape, np.int32)
    maps = left[None].astype(np.float32)
    edit = add_object(labels, [(30, 30)], maps=maps, decoding=Decoding(foreground=0.4))
    assert np.array_equal(after(labels, edit) == 1, left)


@pytest.mark.parametrize("sign", [1, -1])
def test_intensities_outline_bright_and_dark_objects(make, after, sign) -> None:
    left, right = touching_pair()
    rng = np.random.default_rng(0)
    image = 100 + sign * 60 * (left | right) + rng.normal(0, 6, left.shape)
    image = ndimage.gaussian_filter(image, 1).astype(np.float32)
    labels = make(np.zeros(left.shape, np.int32))
    edit = add_object(labels, [(30, 28)], image=make(image))
    assert edit.note == "The outline is from the image."
    assert iou(after(labels, edit) == 1, left) > 0.85


def test_where_the_model_sees_nothing_the_image_is_asked(after) -> None:
    left, _ = touching_pair()
    labels = np.zeros(left.shape, np.int32)
    edit = add_object(
        labels,
        [(30, 30)],
        maps=np.zeros((3, *left.shape), np.float32),
        image=left.astype(np.float32),
    )
    assert edit.note == "The model sees no object there; the outline is from the image."
    assert iou(after(labels, edit) == 1, left) > 0.9


def test_without_anything_it_is_a_disc_on_the_background(draw, after) -> None:
    labels = np.zeros((40, 40), np.int32)
    labels[:, 24:] = 5
    edit = add_object(labels, [(20, 20)], diameter=10)
    left = after(labels, edit)
    y, x = np.mgrid[:40, :40]
    expected = ((y - 20) ** 2 + (x - 20) ** 2 <= 25) & (x < 24)
    assert np.array_equal(left == 6, expected)
    assert "disc" in edit.note


def test_an_object_larger_than_expected_is_found_whole(after) -> None:
    mask = np.zeros((400, 400), bool)
    mask[disk((200, 200), 150)] = True
    labels = np.zeros(mask.shape, np.int32)
    edit = add_object(labels, [(200, 200)], maps=ideal_maps(mask), diameter=20)
    assert iou(after(labels, edit) == 1, mask) > 0.98


def test_in_a_plane_or_through_depth(make, after) -> None:
    volume = np.zeros((9, 40, 40), bool)
    z, y, x = np.mgrid[:9, :40, :40]
    volume[((z - 4) / 3) ** 2 + ((y - 20) / 9) ** 2 + ((x - 20) / 9) ** 2 <= 1] = True
    maps = volume[None].astype(np.float32)
    labels = make(np.zeros(volume.shape, np.int32))
    flat = after(labels, add_object(labels, [(4, 20, 20)], maps=maps, axes=(1, 2)))
    assert np.array_equal(flat[4] == 1, volume[4])
    assert flat.any(axis=(1, 2)).tolist() == [n == 4 for n in range(9)]
    labels = make(np.zeros(volume.shape, np.int32))
    deep = after(labels, add_object(labels, [(4, 20, 20)], maps=maps))
    assert np.array_equal(deep == 1, volume)


def test_the_number_is_the_index_es(draw) -> None:
    labels = np.zeros((30, 30), np.int32)
    labels[0, 0] = 41
    edit = add_object(labels, [(15, 15)], index=LabelIndex.of(labels), diameter=4)
    assert edit.what == "Add object 42"


@pytest.mark.parametrize(
    ("scribble", "more", "error", "said"),
    [
        ([(0, 0)], {}, InputError, "object 1 is already there"),
        ([], {}, InputError, "empty scribble"),
        ([(3, 3)], {"maps": np.zeros((3, 4, 6))}, ShapeError, "maps of shape"),
        ([(3, 3)], {"image": np.zeros((4, 6))}, ShapeError, "image of shape"),
    ],
)
def test_what_cannot_be_added_says_why(draw, scribble, more, error, said) -> None:
    with pytest.raises(error, match=said):
        add_object(draw("11...", ".....", ".....", "....."), scribble, **more)


def test_a_scribble_stays_in_its_slice() -> None:
    volume = np.zeros((3, 9, 9), np.int32)
    with pytest.raises(InputError, match="several slices"):
        add_object(volume, [(0, 2, 2), (1, 4, 4)], axes=(1, 2))
