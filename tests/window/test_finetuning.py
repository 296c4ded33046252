"""From a model that knows nothing of a kind of image to one that does, by hand."""

import numpy as np
import pytest

from napari_cihm.training.metrics import match

pytestmark = [pytest.mark.pixels, pytest.mark.slow, pytest.mark.window]

SAMPLE = ("Open Sample", "CIHM Segment", "Stained tissue")
LONG = 3
STEPS = {"steps": 8, "patch": 96, "replay": 0.0}


def test_a_quarter_of_stained_tissue_teaches_the_rest(window, monkeypatch):
    window.menu(window.viewer.window.file_menu, *SAMPLE)
    panel = window.open_panel()
    window.ready()
    coordinator, layers = panel.coordinator, window.viewer.layers
    truth = np.asarray(layers["tissue truth"].data)
    quarter = truth.shape[0] // 2, truth.shape[1] // 2
    rest = np.ones(truth.shape, bool)
    rest[: quarter[0], : quarter[1]] = False

    def figure():
        """Say how good the labels are where nobody mended them."""
        found = np.asarray(layers["tissue labels"].data)
        return match(np.where(rest, truth, 0), np.where(rest, found, 0))[0].ap

    _choose(window, "cihm-fluo")
    window.press(coordinator.segment._section.segment)
    window.until(lambda: "tissue labels" in layers)
    window.rest()
    before = figure()
    assert before < 0.1
    labels = layers["tissue labels"]
    _draw(labels, np.where(rest, labels.data, truth))
    _review(window, quarter, labels.scale)
    window.picture("tissue_corrected")

    marks = coordinator.correct.bench.mending.session.reviewed
    marked = np.asarray(marks.view()).copy()
    assert marked.any() and not marked[rest].any()
    mended = np.where(marked, labels.data, 0)
    section = coordinator.finetune._section
    section.times.button(LONG).click()
    # As many steps on a slow machine as on a fast one.
    chosen = section.values()
    monkeypatch.setattr(section, "values", lambda: chosen | STEPS)
    window.press(section.finetune)
    verdict = section.verdict
    window.until(lambda: verdict.isVisibleTo(section))
    window.rest()
    panel._scroll.ensureWidgetVisible(verdict)
    window.picture("tissue_verdict")
    assert "better" in verdict.title.text()
    window.press(verdict.use_new)
    window.until(lambda: coordinator.desk.session.source != "cihm-fluo")
    window.press(verdict.again)
    window.until(lambda: figure() != before)
    window.rest()
    window.picture("tissue_again")
    assert figure() > before + 0.25
    np.testing.assert_array_equal(np.where(marked, labels.data, 0), mended)
    np.testing.assert_array_equal(marks.view(), marked)  # nobody looked at the rest


def _choose(window, name):
    """Pick a model from the list, as the mouse would."""
    session = window.panel.coordinator.desk.session
    models = window.panel.coordinator.model._section.models
    models.setCurrentIndex(models.findData(name))
    models.activated.emit(models.currentIndex())
    window.until(lambda: session.source == name)


def _draw(labels, wanted):
    """Paint each object that differs, as a brush does it."""
    for number in np.unique(wanted[wanted != labels.data]):
        labels.data_setitem(np.nonzero(wanted == number), number)


def _review(window, quarter, scale):
    """Draw a frame around what was mended."""
    window.viewer.reset_view()
    window.tool("review_region")
    bottom, right = (np.array(quarter) - 1) * scale[-2:]
    corners = [(0, 0), (0, right), (bottom, right), (bottom, 0), (0, 0)]
    window.drag(*corners)
