"""Each cell is read once, for all who ask, and again where anything changed."""

import numpy as np
import pytest

from napari_cihm.correction.checksums import Checksums, checksum
from napari_cihm.correction.counting import extents_of
from napari_cihm.correction.label_index import LabelIndex
from napari_cihm.correction.survey import Survey


class Read:
    """Labels in a file of chunks, with a note of each look into it."""

    def __init__(self, labels: np.ndarray, chunks: tuple[int, int]) -> None:
        self.labels, self.places = labels, []
        self.shape, self.dtype, self.chunks = labels.shape, labels.dtype, chunks

    def __getitem__(self, index):
        self.places.append(tuple(s.start for s in index))
        return self.labels[index].copy()


@pytest.fixture
def labels():
    rng = np.random.default_rng(5)
    return Read(rng.integers(-2, 5, (6, 10)).astype(np.int16), (3, 4))


def test_one_scan_feeds_counts_and_sums(labels):
    survey = Survey(labels, extents_of, checksum)
    index, sums = LabelIndex(labels, survey), Checksums(labels, survey)
    steps = list(survey.scan())
    assert [step.done for step in steps] == [1, 2, 3, 4, 5, 6]
    index.complete()
    sums.complete()
    assert len(labels.places) == len(set(labels.places)) == 6
    assert index.counts() == LabelIndex.of(labels.labels).counts()
    assert not sums.settle()


def test_what_changed_is_all_that_is_read_again(labels):
    survey = Survey(labels, extents_of)
    LabelIndex(labels, survey).complete()
    labels.places.clear()
    labels.labels[4, 5] = 9
    survey.hear((slice(4, 5), slice(5, 6)))
    assert list(survey.scan())
    assert LabelIndex(labels, survey).count(9) == 1
    assert labels.places == [(3, 4)]


def test_a_scan_that_was_overtaken_changes_nothing(labels, monkeypatch):
    survey = Survey(labels, extents_of)

    def read(self, index):
        values = self.labels[index].copy()
        if survey.scanning:  # while the thread holds what it read
            self.labels[index] = 7
            survey.hear(index)
            survey.complete()
        return values

    monkeypatch.setattr(Read, "__getitem__", read)
    list(survey.scan())
    assert LabelIndex(labels, survey).counts() == LabelIndex.of(labels.labels).counts()


def test_what_could_not_be_read_is_read_later(labels):
    survey = Survey(labels, extents_of)
    survey.complete()
    labels.labels[0, 0] = 9
    survey.hear((slice(0, 1), slice(0, 1)))
    held, labels.labels = labels.labels, None
    with pytest.raises(TypeError):
        list(survey.scan())
    labels.labels = held
    assert LabelIndex(labels, survey).count(9) == 1
