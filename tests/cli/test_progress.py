"""Progress: the last event comes back, lines are told, an interrupted run is closed."""

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from napari_cihm import events
from napari_cihm.cli.progress import follow, line


@dataclass(frozen=True)
class Done(events.Event):
    answer: int


@dataclass(frozen=True)
class PartDone(events.Event):
    done: int
    total: int


def console(terminal: bool = False) -> Console:
    return Console(file=io.StringIO(), force_terminal=terminal, width=100)


def tile(done: int) -> events.TileDone:
    return events.TileDone(done, 3, (slice(0, 8),), np.zeros(8, bool))


def test_the_last_event_is_the_result():
    def run():
        yield events.Note("reading")
        yield tile(1)
        yield Done(42)

    screen = console()
    assert follow(run(), screen) == Done(42)
    assert screen.file.getvalue() == "reading\n"


def test_a_terminal_shows_how_far_each_kind_of_work_is():
    def run():
        for done in (1, 2, 3):
            yield tile(done)
            yield PartDone(done, 7)
        yield Done(1)

    screen = console(terminal=True)
    follow(run(), screen)
    text = screen.file.getvalue()
    assert "tiles" in text
    assert "3/3" in text
    assert "3/7" in text


@pytest.mark.parametrize(
    ("segmented", "failed", "told"),
    [
        (1, [], ""),
        (0, ["a.tif"], ""),
        (500, [], "500 files segmented"),
        (1, ["a.tif"], "1 file segmented, 1 failed: a.tif"),
        (9, ["a.tif", "b.tif"], "9 files segmented, 2 failed: a.tif and others"),
    ],
)
def test_the_end_of_many_files_sums_them_up(segmented, failed, told):
    done = events.BatchDone(segmented, tuple(Path("in") / name for name in failed))
    assert line(done) == told


def test_training_tells_its_start_and_its_epochs():
    def run():
        yield events.TrainingStarted(447, 50, 194071, 20)
        yield events.StepDone(1, 0.5, 0.001, 0.1)
        figures = {"validation_loss": 0.25, "ap0.50": 0.75, "score": 0.75}
        yield events.EpochDone(1, 20, 0.5, 0.25, figures, True, 2.0)

    screen = console()
    follow(run(), screen)
    start, epoch = screen.file.getvalue().splitlines()
    assert start == "training on 447 images, validating on 50, 194,071 parameters"
    assert epoch.split("  ") == [
        "epoch 1", "step 20", "loss 0.5000", "validation 0.2500", "AP .50 0.750",
        "best so far",
    ]  # fmt: skip


def test_what_is_no_number_is_not_told():
    nan = float("nan")
    none = line(events.EpochDone(1, 0, nan, 0.25, {"score": 0.5}, True, 2.0))
    assert none.endswith("ended before the first step  validation 0.2500")
    alone = line(events.EpochDone(1, 20, 0.5, nan, {"score": 0.0}, True, 2.0))
    assert alone == "epoch 1  step 20  loss 0.5000"  # nothing says how good it is


def test_one_is_no_plural():
    training = line(events.TrainingStarted(1, 1, 7, None))
    assert training.startswith("training on 1 image,")
    started = events.FinetuneStarted(1, 1, 1, 1, "Sure.")
    assert line(started) == "learning from 1 object in 1 image. Sure."


def test_an_interrupted_run_is_closed_before_it_is_left():
    closed = []

    def run():
        try:
            yield tile(1)
            raise KeyboardInterrupt
        finally:
            closed.append(True)

    with pytest.raises(KeyboardInterrupt):
        follow(run(), console())
    assert closed == [True]


def test_a_failure_to_print_closes_the_run_too():
    closed = []

    def run():
        try:
            yield events.Note("one")
            yield events.Note("two")
        finally:
            closed.append(True)

    screen = console()
    screen.file.close()
    with pytest.raises(ValueError, match="closed file"):
        follow(run(), screen)
    assert closed == [True]


def test_text_in_brackets_is_not_taken_for_markup():
    screen = console()
    follow(iter([events.Note("kept [all] of it")]), screen)
    assert screen.file.getvalue() == "kept [all] of it\n"


def test_a_run_without_events_is_a_fault():
    with pytest.raises(RuntimeError, match="without an event"):
        follow(iter(()), console())


def test_an_event_without_words_has_no_line():
    assert line(Done(1)) == ""
