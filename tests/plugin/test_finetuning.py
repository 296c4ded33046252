"""Fine-tuning in the window: what is learnt, the verdict, what follows, history."""

import gc
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from napari.layers import Labels
from qtpy.QtCore import QObject, Qt
from qtpy.QtGui import QFontMetrics
from qtpy.QtWidgets import QFileDialog, QInputDialog, QLabel, QMessageBox

from napari_cihm.data.apart import WORDS
from napari_cihm.events import Finetuned, FinetuneStarted, Kept, StepDone, Version
from napari_cihm.models import load_model
from napari_cihm.plugin.flows.learning import Learning
from napari_cihm.plugin.preferences import RecentModels, models_home
from napari_cihm.plugin.signing import id_of
from napari_cihm.plugin.views.history_rows import ACTIONS
from napari_cihm.training.history import History

QUICK = {"steps": 3, "patch": 32, "batch": 2, "replay": 0.0}


class Tuning:
    """The section, and the ways a test drives it."""

    def __init__(self, shown, monkeypatch) -> None:
        self.shown = shown
        self.flow = shown.coordinator.finetune
        self.section = self.flow._section
        real = self.section.values
        monkeypatch.setattr(self.section, "values", lambda: {**real(), **QUICK})

    @property
    def pairs(self) -> list[str]:
        rows = range(self.section.pairs.count())
        return [self.section.pairs.item(row).text() for row in rows]

    def press(self):
        self.shown.press(self.section.finetune)

    def run(self):
        self.press()
        self.shown.press(self.section.unmarked.yes)
        assert self.flow.learning is not None
        self.shown.rest()

    def keep(self, checkpoint) -> Version:
        """Put a model into the history, as a run would."""
        tuned = Finetuned(load_model(checkpoint), 0.4, 0.5, True, "better", {}, {})
        version = History(models_home()).add(tuned, "spots")
        self.flow.history.refresh()
        self.listed(1)
        return version

    def versions(self) -> list[Version]:
        return list(self.flow.history._versions)

    def listed(self, count):
        self.shown.until(lambda: len(self.versions()) == count)
        return self.versions()


@pytest.fixture
def truth(blobs):
    """Number the spots."""
    from skimage.measure import label

    return label(blobs).astype(np.int32)


@pytest.fixture
def tuning(shown, blobs, truth, monkeypatch):
    shown.viewer.add_image(blobs, name="spots")
    shown.viewer.add_labels(truth, name="mine")
    shown.ready()
    return Tuning(shown, monkeypatch)


def test_labels_are_listed_with_what_may_be_believed(tuning):
    assert tuning.pairs == ["mine · not reviewed"]
    tuning.shown.viewer.add_labels(np.zeros((5, 5), int), name="alone")
    assert tuning.pairs == ["mine · not reviewed"]  # no image lies below those
    correct = tuning.shown.coordinator.correct
    tuning.shown.viewer.layers.selection.active = tuning.shown.viewer.layers["mine"]
    correct._on_pressed("review_all")
    assert tuning.pairs == ["mine · all reviewed"]
    mending = correct.bench.mending
    mending.mark(mending.session.reviewed.erase((slice(0, 1), slice(0, 1))))
    assert tuning.pairs == ["mine · reviewed part"]


def test_labels_of_pixels_that_are_gone_are_not_listed(tuning, blobs, said):
    image, pairs = tuning.shown.viewer.layers["spots"], tuning.pairs
    tuning.shown.coordinator.correct.bench.begin(tuning.shown.viewer.layers["mine"])
    image.data = blobs[:50]
    assert tuning.pairs == [] and not tuning.section.finetune.isEnabled()
    assert tuning.flow.finetune() is None  # as once the model is loaded
    assert said[-1][1].startswith("Open the image that")
    image.data = blobs[None]
    assert tuning.pairs == []
    image.data = blobs
    assert tuning.pairs == pairs and tuning.section.finetune.isEnabled()


def test_all_that_was_reviewed_is_ticked_unless_the_user_says_else(tuning, truth):
    viewer, correct = tuning.shown.viewer, tuning.shown.coordinator.correct
    first = viewer.layers["mine"]
    second = viewer.add_labels(truth, name="other")
    assert tuning.section.ticked == [str(second.unique_id)]  # it is selected
    mending = correct.bench.begin(first)
    mending.mark(mending.session.reviewed.mark_all())
    ids = [str(second.unique_id), str(first.unique_id)]
    assert tuning.section.ticked == ids
    tuning.section.pairs.item(1).setCheckState(Qt.CheckState.Unchecked)
    viewer.layers.selection.active = first
    assert tuning.section.ticked == []
    assert not tuning.section.finetune.isEnabled()


def test_an_unmarked_layer_is_asked_about_once(tuning, said):
    tuning.press()
    assert "mine" in tuning.section.unmarked.words.text()
    assert tuning.flow.learning is None
    tuning.shown.press(tuning.section.unmarked.no)
    assert not tuning.section.unmarked.isVisibleTo(tuning.section)
    assert said == [] and tuning.flow.learning is None
    tuning.press()
    tuning.shown.press(tuning.section.unmarked.yes)
    assert tuning.flow.learning is not None
    tuning.shown.press(tuning.shown.bar.cancel)
    tuning.shown.rest()
    assert not tuning.section.unmarked.isVisibleTo(tuning.section)
    assert tuning.pairs == ["mine · all of it"]


def test_what_was_asked_about_is_asked_no_more_once_it_is_marked(tuning):
    banner = tuning.section.unmarked
    correct = tuning.shown.coordinator.correct
    for undone in (
        lambda: tuning.section.tick([]),
        lambda: correct._on_pressed("review_all"),
    ):
        tuning.section.tick([str(tuning.shown.viewer.layers["mine"].unique_id)])
        tuning.press()
        assert banner.words.text().startswith("Nothing in \u201cmine\u201d is marked")
        assert banner.isVisibleTo(tuning.section)
        undone()
        assert not banner.isVisibleTo(tuning.section)


def test_a_run_says_what_it_does_and_past_its_time_not_how_far_it_is(qapp):
    said, steps = [], []
    curves = SimpleNamespace(
        begin=list, draw=list, lists={"step": steps}, add_step=steps.append
    )
    tasks = SimpleNamespace(
        begin=lambda _: None, progress=lambda _, *what: said.append(what)
    )
    runner = SimpleNamespace(start=lambda *_, **__: None)
    desk = SimpleNamespace(tasks=tasks, runner=runner)
    owner = QObject()
    learning = Learning(desk, curves, 60.0, lambda _: None, owner)
    learning._refresh.stop()
    learning._clock = SimpleNamespace(elapsed=lambda: 15_000)
    learning._on_refresh()
    learning._on_event(FinetuneStarted(1, 12, 4, 1, "surely"))
    learning._on_refresh()
    learning._on_event(StepDone(1, 0.5, 1e-3, 0.1))
    learning._on_refresh()
    learning._clock = SimpleNamespace(elapsed=lambda: 61_000)
    learning._on_refresh()
    assert [words for words, *_ in said] == [
        "Reading the labels, 45 s left",
        "Judging the old model, 45 s left",
        "Learning from 12 objects, 45 s left",
        "Judging the new model…",
    ]
    assert [total for *_, total in said] == [600, 600, 600, 0]


def test_the_verdict_is_shown_and_the_better_model_used(tuning, said):
    source = tuning.shown.session.source
    tuning.run()
    (version,) = tuning.listed(1)
    verdict = tuning.section.verdict
    assert verdict.isVisibleTo(tuning.section)
    if version.accepted:
        tuning.shown.until(lambda: tuning.shown.session.source == str(version.path))
        assert "better" in verdict.title.text()
    else:
        assert tuning.shown.session.source == source
        assert "than the old one" in verdict.warnings.text()
    assert version.objects == 12
    told = {label.text(): label.toolTip() for label in verdict.findChildren(QLabel)}
    for figure in ("AP .50", "mean AP", "pixel Dice"):
        assert told[figure].endswith("; 1 is best")
    assert len(tuning.section.curves.lists["loss"]) >= QUICK["steps"]
    # and either can be chosen at any time
    verdict.use_new.click()  # a card just shown has no place yet for a mouse
    tuning.shown.until(lambda: tuning.shown.session.source == str(version.path))
    assert verdict.use_new.isChecked() and not verdict.use_old.isChecked()
    assert (
        tuning.shown.words == verdict.title.text() and "in use" in verdict.title.text()
    )
    verdict.use_old.click()
    tuning.shown.until(lambda: tuning.shown.session.source == source)
    assert verdict.use_old.isChecked()


def test_the_channel_that_was_segmented_is_learnt_judged_and_compared(
    shown, blobs, truth, monkeypatch
):
    # On average, which is what nobody asked for, the two are one even grey.
    pair = np.stack([200 - blobs, blobs])
    shown.viewer.add_image(pair, name="pair", axis_labels=("c", "y", "x"))
    tuning, form = Tuning(shown.ready(), monkeypatch), shown.section.form
    form.set_values({"channels": 1})
    shown.segment()
    form.set_values({"channels": "auto"})  # the labels still are of that one
    tuning.run()
    (version,) = tuning.listed(1)
    assert version.base_figures["map"] == 1
    assert load_model(version.path).config.in_channels == 1
    layers = shown.viewer.layers
    tuning.section.verdict.compare_requested.emit()
    shown.until(lambda: len(layers) == 4)
    assert layers["pair by bright"].data.max() == 12
    tuning.section.verdict.old_wanted.emit()
    shown.until(lambda: shown.session.source == tuning.flow.verdict._before)
    again = tuning.section.verdict.again
    again.click()
    assert not again.isEnabled() and "what runs must end" in again.toolTip()
    shown.rest()
    assert again.isEnabled() and "what runs" not in again.toolTip()
    assert form.values()["channels"] == 1
    np.testing.assert_array_equal(shown.labels("pair labels").data > 0, truth > 0)


def test_too_few_objects_are_refused_with_how_many_are_wanted(tuning, truth, said):
    layer = tuning.shown.viewer.layers["mine"]
    layer.data = np.where(truth <= 2, truth, 0)
    tuning.run()
    assert said[-1][0] == "error"
    assert "2 labelled objects" in said[-1][1] and "at least 5" in said[-1][1]
    assert "2 labelled objects" in tuning.shown.words
    assert tuning.versions() == []


def test_spots_painted_with_one_number_are_learnt_one_by_one(tuning, truth):
    layer = tuning.shown.viewer.layers["mine"]
    layer.data = (truth > 0).astype(np.int32)
    tuning.run()
    (version,) = tuning.listed(1)
    assert version.objects == truth.max() == 12
    note = tuning.section.verdict.note
    assert note.isVisibleTo(tuning.section)
    assert "held" in note.text() or "in turn" in note.text()  # how sure it is
    assert note.text().endswith(WORDS)


def test_only_what_was_reviewed_is_learnt(tuning):
    correct = tuning.shown.coordinator.correct
    layer = tuning.shown.viewer.layers["mine"]
    mending = correct.bench.begin(layer)
    box = slice(0, 64), slice(0, 128)
    mending.mark(mending.session.reviewed.mark(box))
    tuning.press()
    tuning.shown.rest()
    (version,) = tuning.listed(1)
    assert version.objects == 8  # of twelve, in the upper two rows


def test_labels_that_were_called_right_are_let_go_of_with_their_layer(tuning):
    tuning.flow.lessons.believe(Labels(np.zeros((4, 4), np.int32)))
    gc.collect()
    assert not tuning.flow.lessons._whole


def test_who_calls_the_whole_layer_right_goes_on_correcting_it(tuning, said):
    layer = tuning.shown.viewer.layers["mine"]
    tuning.flow.lessons.believe(layer)
    mending = tuning.shown.coordinator.correct.bench.begin(layer)
    mending.mark(mending.session.reviewed.mark((slice(0, 8), slice(0, 8))))
    assert tuning.pairs == ["mine · all of it"]
    # but what a run writes into it, nobody has called right
    tuning.shown.desk.layers.rewritten.emit(layer)
    assert tuning.pairs == ["mine · reviewed part"]
    tuning.press()
    tuning.shown.rest()
    assert "all background in the reviewed part" in said[-1][1]
    assert not tuning.section.curves.isVisibleTo(tuning.section)  # nothing to draw
    assert "at least 5" in said[-1][1]


def test_the_menu_does_not_interrupt_what_runs(tuning, said):
    tuning.shown.press(tuning.shown.section.segment)
    mine = tuning.shown.viewer.layers["mine"]
    tuning.flow.finetune_when_ready([mine])
    assert said == [
        ("error", "Something else is running. Wait until it ends, or cancel it.")
    ]
    assert tuning.flow.learning is None
    tuning.shown.rest()


def test_layers_may_go_while_it_learns(tuning, said):
    tuning.press()
    tuning.shown.press(tuning.section.unmarked.yes)
    tuning.shown.viewer.layers.clear()
    tuning.shown.rest()
    tuning.listed(1)
    verdict = tuning.section.verdict
    assert verdict.isVisibleTo(tuning.section)
    assert not tuning.section.finetune.isEnabled()
    verdict.both.click()
    assert said[-1] == (
        "error",
        "There is no image to compare the models on. Open one first.",
    )
    verdict.again.click()
    assert said[-1][1].startswith("Open an image first")


def test_cancel_keeps_the_best_so_far(tuning, monkeypatch):
    monkeypatch.setitem(QUICK, "steps", 5000)
    tuning.press()
    tuning.shown.press(tuning.section.unmarked.yes)
    tuning.shown.until(lambda: len(tuning.section.curves.lists["step"]) > 2)
    tuning.shown.press(tuning.shown.bar.cancel)
    tuning.shown.rest()
    (version,) = tuning.listed(1)
    assert len(version.curves["step"]) < 5000


def test_cancel_before_anything_is_learnt_judges_and_keeps_nothing(tuning):
    tuning.press()
    tuning.shown.press(tuning.section.unmarked.yes)
    tuning.shown.press(tuning.shown.bar.cancel)
    tuning.shown.rest()
    assert tuning.shown.words == "Stopped. The model is unchanged."
    assert not tuning.section.verdict.isVisibleTo(tuning.section)
    assert not tuning.section.curves.isVisibleTo(tuning.section)
    assert list(models_home().glob("*.safetensors")) == []


def test_a_second_press_stops_at_once_and_keeps_nothing(tuning, monkeypatch):
    monkeypatch.setitem(QUICK, "steps", 5000)
    # Nobody asks a job whether it is to finish while it reads, predicts or judges.
    monkeypatch.setattr(tuning.shown.desk.runner, "finish", lambda run: None)
    source, cancel = tuning.shown.session.source, tuning.shown.bar.cancel
    tuning.press()
    tuning.shown.press(tuning.section.unmarked.yes)
    tuning.shown.until(lambda: len(tuning.section.curves.lists["step"]) > 2)
    tuning.shown.press(cancel)
    assert not cancel.isEnabled()  # a double click is one press
    assert cancel.text() == "Stop now" and "discard it" in tuning.shown.words
    tuning.shown.until(cancel.isEnabled)
    assert tuning.flow.learning is not None
    tuning.shown.press(cancel)
    tuning.shown.rest()
    assert tuning.shown.words == "Stopped. The model is unchanged."
    assert tuning.shown.session.source == source
    assert tuning.versions() == []
    assert cancel.text() == "Cancel"


def test_segmenting_again_leaves_what_was_reviewed(shown, blobs, truth):
    shown.viewer.add_image(blobs, name="spots")
    shown.ready().segment()
    layer = shown.labels("spots labels")
    correct = shown.coordinator.correct
    mending = correct.bench.begin(layer)
    layer.fill((16, 16), 77)  # renumbered by hand, and the spot beside removed
    layer.data_setitem(np.nonzero(truth == truth[16, 48]), 0)
    mending.mark(mending.session.reviewed.mark((slice(0, 32), slice(0, 128))))
    before = layer.data.copy()
    shown.viewer.layers.selection.active = shown.viewer.layers["spots"]
    shown.segment()
    np.testing.assert_array_equal(layer.data[:32], before[:32])
    assert (layer.data[16, 16], layer.data[16, 48]) == (77, 0)
    assert len(np.unique(layer.data)) == 12  # eleven spots and the ground
    layer.undo()
    np.testing.assert_array_equal(layer.data, before)


def test_versions_are_renamed_exported_and_deleted(
    tuning, checkpoint, tmp_path, monkeypatch
):
    tuning.keep(checkpoint)
    history = tuning.section.history
    history.opened = True
    use, compare = history.buttons["use"], history.buttons["compare"]
    assert use.toolTip().endswith(".\nChoose one in the list first.")
    assert compare.toolTip().endswith(".\nChoose one or two in the list first.")
    history.list.item(0).setSelected(True)
    assert use.isEnabled() and use.toolTip() == ACTIONS["use"][1]
    chosen = []
    history.chosen.connect(chosen.append)
    history.show_versions(list(history._versions.values()), "")
    assert history.now and not chosen  # again, by nobody
    monkeypatch.setattr(QInputDialog, "getText", lambda *a, **k: ("good one", True))
    tuning.shown.press(history.buttons["rename"])
    tuning.shown.until(lambda: tuning.versions()[0].name == "good one")
    target = tmp_path / "shared.safetensors"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *a: (str(target), ""))
    history.list.item(0).setSelected(True)
    tuning.shown.press(history.buttons["export"])
    tuning.shown.until(target.exists)
    assert load_model(target).config.training.objects == 345
    yes = QMessageBox.StandardButton.Yes
    monkeypatch.setattr(QMessageBox, "question", lambda *a: yes)
    history.list.item(0).setSelected(True)
    tuning.shown.press(history.buttons["delete"])
    tuning.listed(0)
    assert not history.list.isVisibleTo(history)


def test_a_renamed_model_stays_in_use(tuning, checkpoint, monkeypatch, said):
    version = tuning.keep(checkpoint)
    shown, session = tuning.shown, tuning.shown.session
    flow, history = tuning.flow.verdict, tuning.section.history
    flow._before, flow._after = session.source, str(version.path)
    shown.coordinator.model.choose(str(version.path))
    shown.until(lambda: session.source == str(version.path))
    history.opened = True
    history.list.item(0).setSelected(True)
    monkeypatch.setattr(QInputDialog, "getText", lambda *a, **k: ("good one", True))
    shown.press(history.buttons["rename"])
    shown.until(lambda: session.model.name.endswith("good one"))
    (renamed,) = tuning.versions()
    assert session.source == str(renamed.path) == flow._after != str(version.path)
    assert shown.models.models.currentText() == renamed.path.stem
    assert RecentModels().files[0] == str(renamed.path)
    assert history.list.item(0).text().endswith(" · in use")
    assert tuning.section.verdict.use_new.isChecked()
    history.list.item(0).setSelected(True)
    shown.press(history.buttons["delete"])
    assert "is in use" in said[-1][1]
    shown.segment()
    assert shown.words.startswith("12 objects")


def test_labels_without_an_image_are_said_to_lack_one(shown, truth):
    section = shown.ready().coordinator.finetune._section
    assert "open an image with labels" in section.reason.text()
    shown.viewer.add_labels(truth, name="of another tool")
    assert "Open the image that the labels belong to" in section.reason.text()
    shown.viewer.add_image(np.zeros(truth.shape, np.uint8))
    assert not section.reason.text()


def test_a_stroke_or_a_choice_looks_for_the_image_of_no_other_labels(
    shown, truth, monkeypatch
):
    """It takes a while where there are fifty layers."""
    for n in range(5):
        shown.viewer.add_image(np.zeros(truth.shape, np.uint8), name=f"site {n}")
        shown.viewer.add_labels(truth.copy(), name=f"site {n} labels")
    lessons, looked = shown.coordinator.finetune.lessons, []
    real = lessons._pairing.image_of

    def image_of(layer):
        looked.append(layer)
        return real(layer)

    monkeypatch.setattr(lessons._pairing, "image_of", image_of)
    bench = shown.coordinator.correct.bench
    rows, mending = shown.coordinator.finetune_section.pairs, bench.begin(bench.labels)
    mending.mark(mending.session.reviewed.mark_all())  # with the first comes a tint
    assert rows.item(0).text() == "site 4 labels · all reviewed"
    looked.clear()
    mending.unmark()
    assert looked == [bench.labels]
    assert rows.item(0).text() == "site 4 labels · not reviewed"
    assert rows.count() == 5
    looked.clear()
    layers, session, section = shown.viewer.layers, shown.session, shown.section
    layers.selection.active = layers["site 1"]
    assert session.image.name == "site 1" and looked == []
    layers.selection.active = layers["site 2 labels"]
    assert shown.coordinator.finetune_section.ticked == [id_of(bench.labels)]
    assert len(looked) <= 2  # the chosen ones: what they are of, and their axes
    shown.qtbot.keyClicks(section.axes, "q")  # no axes are read so
    looked.clear()
    section.axes.clear()
    shown.qtbot.keyClicks(section.axes, "xy")
    assert {layer.name for layer in looked} == {f"site {n} labels" for n in range(5)}


def test_two_models_are_compared_on_the_image(tuning, checkpoint):
    version = tuning.keep(checkpoint)
    tuning.flow.comparing.show(str(checkpoint), str(version.path))
    layers = tuning.shown.viewer.layers
    tuning.shown.until(lambda: len(layers) == 4)
    first, second = (x for x in layers if x.name.startswith("spots by"))
    assert first.name == "spots by bright"
    assert second.name == "spots by spots (1)"
    assert first.contour and not first.editable
    assert first.data.max() == 12
    assert tuning.pairs == ["mine · not reviewed"]  # those are no one's labels


def test_the_verdict_speaks_of_the_model_in_use(tuning, checkpoint):
    """It says which of the two is used, and goes with either of them."""
    version = tuning.keep(checkpoint)
    shown, flow, verdict = tuning.shown, tuning.flow.verdict, tuning.section.verdict
    source, model = shown.session.source, shown.coordinator.model
    figures = {"map": 0.4, "ap0.50": 0.6, "dice": 0.8, "objects": 9, "found": 8}
    version = replace(version, accepted=True, base_figures=figures, new_figures=figures)
    flow._before, flow._after = source, str(version.path)
    verdict.show_verdict(Kept(version))
    assert verdict.title.text() == "The new model is better and is in use."
    flow._show_used()
    assert verdict.title.text() == "The new model is better; the old one is in use."
    verdict.use_new.click()
    shown.until(lambda: shown.session.source == flow._after)
    assert verdict.title.text() == "The new model is better and is in use."
    assert shown.words == verdict.title.text()
    model.choose("cihm-dsb18")
    shown.until(lambda: shown.session.source == "cihm-dsb18")
    assert not verdict.isVisibleTo(tuning.section)
    assert shown.words == "Ready"  # the foot speaks of no model that is gone
    model.choose(source)
    shown.until(lambda: shown.session.source == source)
    assert verdict.isVisibleTo(tuning.section) and verdict.use_old.isChecked()
    tuning.flow.history.removed.emit(str(version.path))
    assert not verdict.isVisibleTo(tuning.section)


def test_a_question_and_the_history_are_scrolled_to(tuning, monkeypatch):
    looked = []
    monkeypatch.setattr(tuning.shown.panel, "show_part", looked.append)
    tuning.press()
    assert looked == [tuning.section.unmarked]
    tuning.section.history.title.click()
    assert looked[1:] == [tuning.section.history]


def test_the_chart_takes_the_colours_of_another_theme(tuning):
    tuning.section.curves.begin()
    chart = tuning.section.curves._chart
    for theme in ("light", "dark"):
        tuning.shown.viewer.theme = theme
        colour = chart.backgroundBrush().color()
        assert (colour.lightness() > 128) == (theme == "light")


def test_the_numbers_of_the_chart_are_whole_at_any_size_of_letters(tuning):
    curves = tuning.section.curves
    curves.begin()
    curves.add_step(1.0)
    curves.add_check(1.0, 1.0)
    curves.draw()
    item = curves._chart.getPlotItem()
    for points in (9, 18):
        font = curves._legend.font()
        font.setPointSize(points)
        curves._legend.setFont(font)
        item.layout.activate()
        line = QFontMetrics(font).height()
        # The highest number stands beside the top of the field, half of it above.
        assert item.vb.geometry().top() >= line / 2
        assert item.getAxis("bottom").height() >= line
        assert curves._chart.height() > 6 * line
    below = item.getAxis("bottom")
    assert below.labelText == "steps"
    said = {
        text
        for gap, at in below.tickValues(-2, 3.5, 200)
        for text in below.tickStrings(at, 1, gap)
    }
    assert said == {"0", "1", "2", "3"}


def test_a_refused_model_carries_its_warnings_to_the_card_alone(tuning, said):
    figures = {"map": 0.4, "ap0.50": 0.6, "dice": 0.8, "objects": 9, "found": 8}
    version = Version(
        tuning.section and __file__,
        4,
        "x",
        "",
        1,
        9,
        "",
        False,
        "",
        figures,
        figures,
        {},
    )
    kept = Kept(version, ("the labels look wrong",))
    tuning.flow.verdict.show(SimpleNamespace(kept=kept, notes=[], sure=""))
    verdict = tuning.section.verdict
    assert said == []
    assert verdict.title.text() == "The old model stays in use."
    assert verdict.warnings.text() == "The labels look wrong."
