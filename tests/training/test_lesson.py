"""What there is to learn is what was given when learning began."""

import numpy as np
import pytest

from napari_cihm.config import ModelConfig
from napari_cihm.data.synthetic import nuclei
from napari_cihm.training.labelled import Labelled
from napari_cihm.training.lesson import Lesson
from napari_cihm.training.material import read_planes
from napari_cihm.training.scaling import scaled

GREY = ModelConfig(recipe="unet", classes=3, task="instance", diameter=20.0)


@pytest.mark.parametrize("diameter", [20.0, 6.0], ids=["as it is", "scaled"])
def test_whoever_goes_on_correcting_shows_the_old_model_no_other_planes(diameter):
    planes = [nuclei((96, 96), seed, diameter, 0.2) for seed in range(3)]
    grey, labels = (np.stack(each) for each in zip(*planes, strict=True))
    image = np.stack([grey, 0.5 * grey, grey.max() - grey], axis=-1)
    reviewed = np.zeros(labels.shape, bool)
    reviewed[1:, :, 10:] = True
    labelled = [Labelled.of(image, labels, reviewed, "zyxc")]
    lesson = Lesson.of(labelled, GREY, 5)
    assert lesson.config.in_channels == 3
    assert bool(lesson.scalings) == (diameter < 20)
    expected = scaled(read_planes(labelled, GREY), lesson.scalings)
    reviewed[:] = [[[True]], [[False]], [[True]]]
    labels[:] = 0
    seen = lesson.seen_by(GREY)
    assert len(seen) == len(expected) == 2
    for own, plane, other in zip(lesson.planes, seen, expected, strict=True):
        np.testing.assert_array_equal(plane.image, other.image)
        assert plane.labels is own.labels
