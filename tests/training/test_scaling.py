"""Objects of another size are learnt, and judged, as they are segmented: scaled."""

import numpy as np
import pytest

from napari_cihm import finetune, load_model, segment
from napari_cihm.config import SegmentSettings
from napari_cihm.data.boxes import whole
from napari_cihm.data.image import Image
from napari_cihm.data.synthetic import nuclei
from napari_cihm.events import Note
from napari_cihm.models import Model
from napari_cihm.segmentation.scaling import zooms_for
from napari_cihm.segmentation.source import Source, look_over
from napari_cihm.training import lesson as lessons
from napari_cihm.training import scaling
from napari_cihm.training.doubts import Findings
from napari_cihm.training.exam import Exam
from napari_cihm.training.labelled import gather
from napari_cihm.training.lesson import Lesson
from napari_cihm.training.material import Plane
from napari_cihm.training.metrics import match, mean_ap
from napari_cihm.training.scaling import Scaling, scaled, scalings


def discs(places, radius, shape=(64, 64), source=0):
    y, x = np.indices(shape)
    labels = np.zeros(shape, np.int32)
    for number, (row, column) in enumerate(places, start=1):
        labels[(y - row) ** 2 + (x - column) ** 2 <= radius**2] = number
    image = (labels > 0)[None].astype(np.float32)
    return Plane(image, labels, np.ones(shape, bool), source)


GRID = [(r, c) for r in range(8, 60, 12) for c in range(8, 60, 12)]


def test_images_of_a_size_that_is_segmented_scaled_are_learnt_so():
    small, fitting = discs(GRID, 2), discs(GRID[:4], 10, source=1)
    by = scalings([small, fitting], own=20.0)
    assert list(by) == [0]
    seen, kept = scaled([small, fitting], by)
    assert kept is fitting
    assert np.sqrt(4 * seen.areas / np.pi) == pytest.approx(20, rel=0.1)
    assert seen.image.shape[1:] == seen.labels.shape == seen.reviewed.shape
    assert seen.image[0][seen.labels > 0].mean() > 0.8  # and they lie where they lay
    assert seen.image[0][seen.labels == 0].mean() < 0.05
    assert scalings([small], own=None) == {}


def test_of_what_would_be_huge_a_part_is_learnt(monkeypatch):
    monkeypatch.setattr(scaling, "MOST", 2**16)
    places = [(r, c) for r in range(60, 180, 12) for c in range(120, 240, 12)]
    plane = discs([(5, 5), *places], 2, shape=(256, 256))
    by = Scaling.of([plane, plane], diameter=4.0, own=20.0)
    seen = by.apply(plane)
    assert 0.8 * 2**15 < seen.labels.size <= 2**15
    assert len(seen.objects) > 6 and 1 not in seen.objects


def test_what_is_small_and_far_apart_is_learnt_as_it_is(monkeypatch):
    monkeypatch.setattr(scaling, "MOST", 2**14)
    plane = discs(GRID, 2, shape=(200, 200))
    plane.labels[190:194, 190:194] = 99
    config = load_model("cihm-dsb18", "cpu").config
    given = gather([plane.image[0]], [plane.labels], None)
    lesson = Lesson.of(given, config, 5)
    assert not lesson.scalings and lesson.objects == len(GRID) + 1
    monkeypatch.setattr(lessons, "MANY", 3)
    lesson = Lesson.of(given, config, 5)
    assert lesson.scalings and 3 <= lesson.objects < len(GRID)


def test_models_are_judged_as_they_segment():
    """Nuclei of six pixels are little to a model that is not shown them enlarged."""
    image, labels = nuclei((96, 96), 1, 6.0, 0.25)
    model = load_model("cihm-dsb18", "cpu")
    lesson = Lesson.of(gather([image], [labels], None), model.config, 5)
    exam = Exam.of(lesson, 0.25, seed=0)
    (found,) = exam.label(model, lambda: False)
    judged = exam.score(exam.trials[0], found).mean_ap
    as_it_is, in_use = (
        mean_ap(match(labels, segment(image, model, diameter=d))) for d in (None, 6.0)
    )
    assert as_it_is < 0.3 < 0.45 < in_use
    assert judged == pytest.approx(in_use, abs=0.12)


def test_grain_is_learnt_enlarged_as_it_is_segmented():
    """It is smoothed by less: small objects would go with the grain."""
    image, labels = nuclei((96, 128), 1, 6.0, 0.25)
    rng = np.random.default_rng(0)
    image = image + rng.normal(0, 0.1 * np.ptp(image), image.shape)
    model = load_model("cihm-dsb18", "cpu")
    lesson = Lesson.of(gather([image], [labels], None), model.config, 5)
    (learnt,) = lesson.planes
    assert learnt.zoom > 1 and learnt.smoothed
    other = model.config.but(normalisation={"low": 2.0})
    (of_another,) = lesson.seen_by(other)
    for plane, config in ((learnt, model.config), (of_another, other)):
        shown = Image.of(image, "yx")
        diameter = config.diameter / plane.zoom
        settings = SegmentSettings(diameter=diameter)
        _, channels, ranges, _ = look_over(shown, shown, settings, config)
        source = Source(shown, channels, ranges, zooms_for(shown, config, diameter))
        segmented = source.read(0, 0, whole(plane.labels.shape))
        np.testing.assert_array_equal(plane.image, segmented)


def test_what_was_found_is_moved_as_far_as_it_is_scaled():
    findings = Findings(2.0, ((0, 3),), 0.0, 0.0)
    plane = Plane(np.zeros((1, 40, 40), np.float32), *2 * [np.zeros((40, 40))], 0, 5.0)
    found = np.zeros((40, 40), np.int32)
    found[20, 30] = 1
    (laid,) = findings.lay_beside([plane], [found])
    assert np.argwhere(laid).tolist() == [[20, 15]]


def test_the_user_is_told():
    plane = discs(GRID, 2, shape=(72, 72))
    start = load_model("cihm-dsb18", "cpu")
    start = Model(start.network, start.config.but(diameter=30.0))
    *events, last = finetune(
        start, plane.image[0], plane.labels, seconds=None, steps=1, patch=32, batch=1
    )
    said = [e.text for e in events if isinstance(e, Note)]
    assert any("4 pixels wide and the model knows 30" in text for text in said)
    assert last.model.config.diameter == 30.0
