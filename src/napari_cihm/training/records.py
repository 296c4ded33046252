"""What a run leaves to be looked at: its history as a table and as a picture."""

import csv
import platform
from collections.abc import Generator, Mapping, Sequence
from math import isfinite
from pathlib import Path
from typing import TypeVar

import torch

from napari_cihm import __version__
from napari_cihm.data.writing import whole_file, whole_text
from napari_cihm.errors import sentence
from napari_cihm.events import CURVES, EpochDone, Event, Note, StepDone

Result = TypeVar("Result")


class Record:
    """What a run's folder shows of it, written anew at every epoch.

    A run goes on where that fails: a program that shows the table may have locked it.

    Parameters
    ----------
    folder : Path or None
        Nothing is written without one.
    """

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        self.refused = False

    def write(self, history: Sequence[Mapping[str, float]]) -> list[Note]:
        """Write ``history.csv`` and ``curve.png``; return what to say of it, once."""
        if self.folder is None or not history:
            return []
        try:
            write_table(self.folder / "history.csv", history)
            draw_curve(self.folder / "curve.png", history)
        except OSError as error:
            said, self.refused = self.refused, True
            return [] if said else [Note(f"{sentence(str(error))} The run goes on.")]
        return []


def write_table(path: Path, history: Sequence[Mapping[str, float]]) -> None:
    """Write a row for each epoch."""
    with whole_text(path) as file:
        table = csv.DictWriter(file, list(history[0]), lineterminator="\n")
        table.writeheader()
        table.writerows(history)


def draw_curve(path: Path, history: Sequence[Mapping[str, float]]) -> None:
    """Draw the losses and the validation score over the steps."""
    from matplotlib.figure import Figure  # slow to import, and wanted here alone

    steps = [row["step"] for row in history]
    figure = Figure(figsize=(7, 4), layout="constrained")
    left = figure.add_subplot(xlabel="step", ylabel="loss")
    left.plot(steps, [row["loss"] for row in history], label="training loss")
    # EMA weights are validated, so the two losses need not start together
    left.plot(steps, [row["validation_loss"] for row in history], label="validation")
    right = left.twinx()
    right.plot(steps, [row["score"] for row in history], "k--", label="score")
    right.set(ylabel="validation score", ylim=(0, 1))
    figure.legend(loc="outside upper center", ncols=3, frameon=False)
    with whole_file(path) as file:
        figure.savefig(file, dpi=120, format="png")


def versions() -> dict[str, str]:
    """Return the versions that made a model."""
    return {
        "napari-cihm": __version__,
        "torch": torch.__version__,
        "python": platform.python_version(),
    }


class Curves:
    """Losses and scores of runs that follow each other, kept as events go by."""

    def __init__(self) -> None:
        self.lists: dict[str, list[float]] = {name: [] for name in CURVES}

    def watch(
        self, events: Generator[Event, None, Result]
    ) -> Generator[Event, None, Result]:
        """Pass events on, and what they come to; steps are counted through."""
        done = 0
        while True:
            try:
                event = next(events)
            except StopIteration as end:
                result: Result = end.value
                return result
            if isinstance(event, StepDone):
                done += 1
                self._add(step=done, loss=event.loss)
            elif isinstance(event, EpochDone) and isfinite(event.validation_loss):
                score = event.figures["score"]
                loss = event.validation_loss
                self._add(check=done, validation_loss=loss, score=score)
            yield event

    def _add(self, **values: float) -> None:
        for name, value in values.items():
            self.lists[name].append(round(float(value), 5))
