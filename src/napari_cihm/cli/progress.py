"""Progress in a terminal, made from the events of a long run."""

from collections.abc import Iterator
from contextlib import nullcontext
from functools import singledispatch
from math import isfinite
from typing import Protocol, TypeVar, runtime_checkable

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

from napari_cihm import events
from napari_cihm.config import said_figures
from napari_cihm.errors import counted
from napari_cihm.events import Event

E = TypeVar("E", bound=Event)

BARS: dict[type[Event], str] = {
    events.BlockDone: "objects",
    events.ImageScored: "images",
    events.LabelsScanned: "labels",
    events.SliceExported: "slices",
    events.TileDone: "tiles",
}


@runtime_checkable
class Counted(Protocol):
    """An event that says how much of the work is done."""

    @property
    def done(self) -> int:
        """Parts done."""

    @property
    def total(self) -> int:
        """Parts in all."""


def follow(
    run: Iterator[E],
    console: Console | None = None,
    unsaid: tuple[type[Event], ...] = (),
) -> E:
    """Show a run's events until it ends.

    Parameters
    ----------
    run : iterator of Event
        A long engine call; where the keyboard interrupts it, it is closed.
    console : rich.console.Console, optional
        Where to show them; standard error by default, so that standard output
        holds results alone.
    unsaid : tuple of type
        Kinds of events that move bars and have no line.

    Returns
    -------
    Event
        The last event, which carries the result.
    """
    console = console or Console(stderr=True, soft_wrap=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    last: E | None = None
    bars = Progress(*columns, console=console, transient=True)
    try:
        with bars if console.is_terminal else nullcontext():
            tasks: dict[str, TaskID] = {}
            for last in run:
                _advance(bars, tasks, last)
                if not isinstance(last, unsaid) and (text := line(last)):
                    console.print(text, markup=False, highlight=False)
    finally:
        if close := getattr(run, "close", None):
            close()
    if last is None:
        raise RuntimeError("the run ended without an event")
    return last


@singledispatch
def line(event: Event) -> str:
    """Put an event into one line; nothing where a bar says enough."""
    return str(getattr(event, "text", ""))


@line.register
def _(event: events.BatchDone) -> str:
    files = event.segmented + len(event.failed)
    return event.text if files > 1 else ""  # of one file its own line says enough


@line.register
def _(event: events.TrainingStarted) -> str:
    return (
        f"training on {counted(event.images, 'image')}, validating on "
        f"{event.validation_images}, {event.parameters:,} parameters"
    )


@line.register
def _(event: events.FinetuneStarted) -> str:
    return (
        f"learning from {counted(event.objects, 'object')} in "
        f"{counted(event.images, 'image')}. {event.sure}"
    )


@line.register
def _(event: events.EpochDone) -> str:
    parts = [f"epoch {event.epoch}  step {event.step}"]
    if isfinite(event.loss):
        parts.append(f"loss {event.loss:.4f}")
    elif not event.step:
        parts.append("ended before the first step")
    if isfinite(event.validation_loss):  # else nothing was held out to be scored
        parts.append(f"validation {event.validation_loss:.4f}")
        parts += said_figures(event.figures)
        parts += ["best so far"] if event.best and event.step else []
    return "  ".join(parts)


@line.register
def _(event: events.Timed) -> str:
    return f"timed: {event.subject}, {event.name}"


@line.register
def _(event: events.SegmentationStarted) -> str:
    size = " x ".join(map(str, event.shape))
    zoom = f", scaled by {event.zoom:.2f}" if event.zoom != 1 else ""
    return f"{event.axes} image of {size}{zoom}"


def _advance(bars: Progress, tasks: dict[str, TaskID], event: Event) -> None:
    """Move the bar that an event belongs to, opening it where it is the first."""
    if isinstance(event, events.TrainingStarted):
        tasks["steps"] = bars.add_task(
            "steps", total=event.steps, completed=event.first_step
        )
    elif isinstance(event, events.StepDone) and "steps" in tasks:
        said = f"steps, loss {event.loss:.3f}"
        bars.update(tasks["steps"], completed=event.step, description=said)
    elif isinstance(event, Counted):
        name = BARS.get(type(event), "parts")
        if name not in tasks:
            tasks[name] = bars.add_task(name)
        bars.update(tasks[name], completed=event.done, total=event.total)
