"""A form shows what settings take, and refuses what they refuse, saying why."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field
from qtpy.QtCore import QLocale, QPoint, QPointF, Qt
from qtpy.QtGui import QWheelEvent
from qtpy.QtWidgets import QApplication, QComboBox, QLabel

from napari_cihm.config import (
    CorrectSettings,
    FolderSettings,
    SegmentSettings,
    Settings,
    TrainSettings,
)
from napari_cihm.config.fields import fields_of
from napari_cihm.errors import sentence
from napari_cihm.plugin.forms import Form
from napari_cihm.plugin.forms.numbers import number_from
from napari_cihm.plugin.forms.titles import expected, title_of, tooltip_of

MODELS = [SegmentSettings, TrainSettings, FolderSettings]


@pytest.fixture
def form(qtbot):
    form = Form(SegmentSettings)
    qtbot.addWidget(form)
    return form


@pytest.mark.parametrize("model", MODELS)
def test_a_fresh_form_holds_the_defaults(qtbot, model):
    form = Form(model)
    qtbot.addWidget(form)
    assert form.settings() == model()
    assert not form.problems()


@pytest.mark.parametrize("model", MODELS)
def test_every_control_is_named_and_explained(qtbot, model):
    form = Form(model)
    qtbot.addWidget(form)
    for name in form.facts:
        control = form.control(name)
        assert control.toolTip(), name
        assert (control.focusProxy() or control).accessibleName(), name
    assert len({label.text() for label in form.labels}) == len(form.facts)
    assert all(label.buddy() is not None for label in form.labels)


def test_words_and_numbers_are_both_taken(form):
    control = form.control("diameter")
    for text, value in [("auto", "auto"), ("as in the image", None), ("23.5", 23.5)]:
        control.setEditText(text)
        assert form.settings().diameter == value
    form.set_values({"diameter": None})
    assert control.currentText() == "as in the image"
    form.set_values({"diameter": 40.0})
    assert control.currentText() == "40"


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("diameter", "big", "a number above 1, “auto” or “as in the image”"),
        ("diameter", "-3", "a number above 1"),
        ("foreground", "1.5", "a number from 0 to 1 or “auto”"),
        ("tile", "31", "a whole number from 32 to 8192 or “auto”"),
        ("tile", "64.5", "a whole number"),
        ("diameter", "nan", "a number above 1"),
    ],
)
def test_a_refused_field_turns_red_and_says_why(form, name, text, reason):
    control = form.control(name)
    control.setEditText(text)
    assert control.property("refused") is True
    assert reason in form.problems()[name]
    shown = [x.text() for x in form.findChildren(QLabel, "problem") if x.text()]
    assert shown == [form.problems()[name]] == [sentence(*shown)]
    assert reason in control.toolTip()
    assert form.settings() is None
    control.setEditText("auto")
    assert control.property("refused") is False
    assert form.settings() == SegmentSettings()


def test_a_spin_box_shows_what_was_typed_even_when_it_is_refused(form):
    control = form.control("gap")
    control.setValue(11)
    assert control.value() == 11
    assert "from 0 to 10" in form.problems()["gap"]


@pytest.mark.parametrize("typed", ["1.5", "1,5"])
def test_a_fraction_is_not_taken_for_a_larger_whole_number(form, qtbot, typed):
    control = form.control("gap")
    assert (control.text(), repr(control.value())) == ("1", "1")
    control.selectAll()
    qtbot.keyClicks(control, typed)
    assert "a whole number from 0 to 10" in form.problems()["gap"]
    qtbot.keyClick(control, Qt.Key.Key_Return)
    assert float(control.text()) == 1.5
    control.selectAll()
    qtbot.keyClicks(control, "3")
    assert repr(form.settings().gap) == "3"


def test_defaults_come_back(qtbot, form):
    form.control("diameter").setEditText("nonsense")
    form.control("tta").setChecked(True)
    form.control("volume").setCurrentIndex(2)
    with qtbot.waitSignal(form.changed):
        form.restore_defaults()
    assert form.settings() == SegmentSettings()


def test_words_on_offer_can_change_and_what_is_chosen_stays(form):
    form.control("channels").setEditText("1")
    form.offer("channels", [("auto", "auto"), ("nuclei", 0), ("membrane", 1)])
    assert form.settings().channels == 1
    form.control("channels").setCurrentText("nuclei")
    assert form.settings().channels == 0


def test_a_hidden_field_keeps_its_value(form):
    form.set_values({"volume": "slices"})
    form.set_shown("volume", False)
    assert not form.control("volume").isVisibleTo(form)
    assert form.settings().volume == "slices"


def test_the_wheel_scrolls_the_panel_and_not_a_control(form, qtbot):
    form.show()
    for control in (form.control("volume"), form.control("gap")):
        before = form.values()
        event = QWheelEvent(
            QPointF(3, 3), QPointF(3, 3), QPoint(0, -120), QPoint(0, -120),
            Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier,
            Qt.ScrollPhase.NoScrollPhase, False,
        )  # fmt: skip
        control.clearFocus()
        QApplication.sendEvent(control, event)
        assert form.values() == before
        assert not event.isAccepted()


def test_a_form_may_show_some_fields(qtbot):
    form = Form(SegmentSettings, ["volume", "diameter"])
    qtbot.addWidget(form)
    assert list(form.facts) == ["volume", "diameter"]
    assert form.settings() == SegmentSettings()


class Mixed(Settings):
    """Settings with one field of each kind."""

    whole: int = Field(3, ge=1, le=9, description="A number.")
    mapping: dict[str, int] = Field(default_factory=dict, description="No control.")
    text: str = Field("word", description="Any text.")


def test_what_no_control_can_hold_is_left_out(qtbot):
    form = Form(Mixed)
    qtbot.addWidget(form)
    assert list(form.facts) == ["whole", "text"]
    assert form.settings() == Mixed()


def test_descriptions_speak_of_the_words_that_are_shown():
    facts = {f.name: f for f in fields_of(SegmentSettings)}
    assert tooltip_of(facts["foreground"]).endswith("auto takes the model's.")
    assert "as in the image" in tooltip_of(facts["diameter"])
    assert tooltip_of(facts["channels"]).count("merge all") == 1
    assert "all all" not in tooltip_of(facts["channels"])
    assert title_of(facts["min_size"]) == "Smallest object"
    assert expected(facts["gap"]) == "a whole number from 0 to 10"


@pytest.mark.parametrize("language", ["de_DE", "en_US", "fr_FR"])
def test_a_point_and_a_comma_mean_the_same_in_every_language(qtbot, language):
    usual = QLocale()
    QLocale.setDefault(QLocale(language))
    try:
        form = Form(CorrectSettings, ["smooth", "patch"])
    finally:
        QLocale.setDefault(usual)
    qtbot.addWidget(form)
    smooth, patch = form.control("smooth"), form.control("patch")
    for typed in ("1.5", "1,5"):
        smooth.setValue(3)
        smooth.selectAll()
        qtbot.keyClicks(smooth, typed)
        assert form.values()["smooth"] == 1.5
        qtbot.keyClick(smooth, Qt.Key.Key_Return)
        assert smooth.text() == "1.50"
    patch.setValue(1234)
    assert patch.text() == "1234"


@given(st.floats(allow_nan=False, allow_infinity=False, width=32))
def test_numbers_are_read_with_point_or_comma(number):
    assert number_from(str(number)) == number
    assert number_from(str(number).replace(".", ",")) == number


def test_choices_show_words_a_person_grasps(form):
    control = form.control("volume")
    assert isinstance(control, QComboBox)
    shown = [control.itemText(i) for i in range(control.count())]
    assert shown == ["link across slices", "each slice separately", "three directions"]
