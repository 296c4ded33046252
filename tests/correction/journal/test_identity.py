"""An image is known again, however it is held and wherever it lies."""

import dask.array as da
import numpy as np
import pytest
import zarr

from napari_cihm.correction.journal import ImageIdentity
from napari_cihm.correction.journal.identity import WHOLE, _boxes, fingerprint
from napari_cihm.errors import ReadError


@pytest.mark.parametrize("shape", [(40, 50), (3, 900, 1100)])
def test_numpy_zarr_and_dask_are_one_image(shape) -> None:
    image = np.random.default_rng(0).integers(0, 4000, shape).astype(np.uint16)
    chunks = tuple(min(n, 128) for n in shape)
    one = ImageIdentity.of(image, "a.tif", "/here/a.tif")
    for other in (
        zarr.array(image, chunks=chunks),
        da.from_array(image, chunks=chunks),
        image.astype(">u2"),
    ):
        assert ImageIdentity.of(other, "b.tif").matches(one)
    assert ImageIdentity.read(one.document()) == one


def test_other_content_shape_or_type_is_another_image() -> None:
    image = np.random.default_rng(0).integers(0, 255, (40, 50)).astype(np.uint8)
    one = ImageIdentity.of(image)
    changed = image.copy()
    changed[7, 7] ^= 1
    for other in (changed, image[:, :-1], image.astype(np.uint16), image.T):
        assert not ImageIdentity.of(other).matches(one)


def test_a_large_image_costs_a_few_small_reads() -> None:
    class Watched:
        shape = (500, 20_000, 20_000)
        dtype = np.dtype(np.uint16)
        pixels = 0

        def __getitem__(self, box):
            part = np.zeros([s.stop - s.start for s in box], np.uint16)
            self.pixels += part.size
            return part

    image = Watched()
    ImageIdentity.of(image)
    assert 0 < image.pixels <= 256 * 64 * 64


def sparse(seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    image = np.zeros((1024, 1024), np.uint16)
    for y, x in rng.integers(0, 988, (6, 2)):
        image[y : y + 36, x : x + 36] = rng.integers(500, 3000)
    return image


@pytest.mark.parametrize("whole", [WHOLE, 0])
def test_sparse_images_are_told_apart(whole) -> None:
    seen = {fingerprint(sparse(seed), whole) for seed in range(30)}
    assert len(seen) == 30


@pytest.mark.parametrize(
    "shape", [(9000, 9000), (40, 30, 1100, 1100), (9000, 9000, 3), (2, 1, 6000, 6000)]
)
def test_samples_lie_from_one_end_to_the_other(shape) -> None:
    boxes = list(_boxes(shape, 1 << 20))
    assert len(boxes) <= 256
    for axis, size in enumerate(shape):
        assert min(box[axis].start for box in boxes) == 0
        assert max(box[axis].stop for box in boxes) == size


def test_a_document_that_says_nothing_is_refused() -> None:
    with pytest.raises(ReadError, match="no image's identity"):
        ImageIdentity.read({"name": "x"})
