"""Reviewed slices, as fine-tuning takes them."""

import numpy as np

from napari_cihm.correction.reviewed import Reviewed
from napari_cihm.correction.slices import reviewed_slices
from napari_cihm.data.image import Image


def test_only_planes_with_a_reviewed_pixel_are_read() -> None:
    rng = np.random.default_rng(0)
    image = Image.of(rng.integers(0, 99, (2, 4, 3, 8, 9)).astype(np.uint16), "tzcyx")
    labels = rng.integers(0, 3, (2, 4, 8, 9)).astype(np.int32)
    reviewed = Reviewed(labels.shape)
    reviewed.mark((slice(1, 2), slice(2, 4), slice(0, 3), slice(0, 9)))
    found = list(reviewed_slices(image, labels, reviewed, channels=(1,)))
    assert [dict(part.plane) for part in found] == [{"t": 1, "z": 2}, {"t": 1, "z": 3}]
    for part, z in zip(found, (2, 3), strict=True):
        assert np.array_equal(part.image, image.data[1, z, 1:2])
        assert np.array_equal(part.labels, labels[1, z])
        assert part.reviewed[:3].all()
        assert not part.reviewed[3:].any()


def test_rows_come_first_whatever_the_axes() -> None:
    values = np.arange(60, dtype=np.uint8).reshape(3, 4, 5)
    image = Image.of(values, "xzy")
    (first, *_) = reviewed_slices(image, values.astype(np.int32))
    assert first.labels.shape == (5, 3)
    assert np.array_equal(first.labels, values[:, 0].T)
    assert np.array_equal(first.image[0], values[:, 0].T)
    assert first.reviewed is None


def test_marks_may_come_as_any_array_and_read_like_one() -> None:
    image = Image.of(np.zeros((2, 3, 8, 9), np.uint8), "zcyx")
    reviewed = Reviewed((2, 8, 9))
    reviewed.mark((slice(1, 2), slice(2, 5), slice(0, 9)))
    kept = reviewed.copy()
    reviewed.mark_all()
    expected = np.zeros((2, 8, 9), bool)
    expected[1, 2:5] = True
    for marks in (kept, expected, expected.astype(np.uint8)):
        (part,) = reviewed_slices(image, np.ones((2, 8, 9), int), marks)
        assert part.plane == {"z": 1}
        assert part.reviewed.dtype == bool
        assert np.array_equal(part.reviewed, expected[1])
