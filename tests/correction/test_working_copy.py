"""Working copies: one scale, editable, the original untouched."""

import dask.array as da
import numpy as np
import pytest
import zarr

from napari_cihm.correction import working_copy as working
from napari_cihm.correction.chunked import ChunkedArray
from napari_cihm.correction.working_copy import working_copy
from napari_cihm.errors import InputError


def scales() -> list[np.ndarray]:
    finest = np.arange(64, dtype=np.int32).reshape(8, 8)
    return [finest, finest[::2, ::2], finest[::4, ::4]]


def test_multiscale_labels_give_their_finest_scale() -> None:
    originals = scales()
    copy, said = working_copy(originals)
    assert said == (
        "Editing a working copy of the finest of 3 scales (8 x 8): the original "
        "stays as it is until you save over it."
    )
    copy[0, 0] = 99
    assert originals[0][0, 0] == 0


def test_naparis_own_multiscale_data_is_understood() -> None:
    layers = pytest.importorskip("napari.layers")
    layer = layers.Labels(scales(), multiscale=True)
    assert not layer.editable
    copy, said = working_copy(layer.data)
    assert np.array_equal(copy, scales()[0])
    assert "3 scales" in said
    assert layers.Labels(copy).editable


@pytest.mark.parametrize("kind", ["zarr", "dask"])
def test_files_and_lazy_labels_are_copied_as_they_are_touched(kind) -> None:
    values = scales()[0]
    original = (
        zarr.array(values.copy(), chunks=(4, 4))
        if kind == "zarr"
        else da.from_array(values.copy(), chunks=(4, 4))
    )
    copy, said = working_copy(original)
    assert isinstance(copy, ChunkedArray)
    assert said.startswith("Editing a working copy of these labels (8 x 8)")
    copy[2:6, 2:6] = 0
    assert np.array_equal(np.asarray(original), values)
    expected = values.copy()
    expected[2:6, 2:6] = 0
    assert np.array_equal(np.asarray(copy), expected)


@pytest.mark.parametrize("size", ["small", "large"])
def test_an_array_that_cannot_be_written_is_copied(monkeypatch, size) -> None:
    if size == "large":
        monkeypatch.setattr(working, "SMALL_MB", 0)
    labels = scales()[0]
    labels.flags.writeable = False  # as of a file that is mapped to be read
    copy, said = working_copy(labels)
    assert said.startswith("Editing a working copy of these labels (8 x 8)")
    copy[0, 0] = 99
    assert labels[0, 0] == 0
    assert isinstance(copy, np.ndarray) == (size == "small")


def test_an_array_in_memory_is_itself() -> None:
    labels = scales()[0]
    copy, said = working_copy(labels)
    assert copy is labels
    assert said == ""
    again, said = working_copy(ChunkedArray.over(labels))
    assert isinstance(again, ChunkedArray)
    assert said == ""


def test_what_are_no_labels_is_refused() -> None:
    with pytest.raises(InputError, match="labels of float64"):
        working_copy(np.zeros((3, 3)))
    with pytest.raises(InputError, match="no labels at all"):
        working_copy([])
