"""The tools of correction as the window knows them: words, gesture, and what is done.

What a tool does is the engine's; here stands which clicks it takes and what it is
given of the viewer.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from napari_cihm.config import CorrectSettings
from napari_cihm.correction.depth import copy_to_slice, interpolate
from napari_cihm.correction.edits import Edit
from napari_cihm.correction.erasing import (
    delete,
    remove_smaller,
    remove_touching_border,
)
from napari_cihm.correction.joining import merge, merge_along
from napari_cihm.correction.label_index import LabelIndex
from napari_cihm.correction.numbering import relabel_consecutively
from napari_cihm.correction.shaping import fill_holes, grow, shrink, smooth
from napari_cihm.correction.splitting import split_along, split_at

Points = Sequence[Sequence[float]]


class Gesture(Enum):
    """What a tool waits for on the canvas."""

    NONE = "nothing"
    CLICK = "a click"
    PAIR = "two clicks, or a line"
    SCRIBBLE = "a click or a scribble"
    ENDS = "a click in each of two slices"
    REGION = "a region drawn around"


@dataclass(frozen=True)
class Ground:
    """Where a tool works.

    Attributes
    ----------
    index : LabelIndex
        Where their objects are.
    settings : CorrectSettings
        Numbers of the tools.
    axes : tuple of int
        Axes along which objects are followed.
    plane : tuple of int
        The two axes on screen.
    depth : int or None
        The axis that numbers slices.
    called : str
        What a slice is called.
    spacing : tuple of float
        Size of a pixel along each axis.
    """

    labels: Any
    index: LabelIndex
    settings: CorrectSettings
    axes: tuple[int, ...]
    plane: tuple[int, ...]
    depth: int | None
    called: str
    spacing: tuple[float, ...]


Run = Callable[[Ground, Points, bool], Edit]


@dataclass(frozen=True)
class Tool:
    """One tool.

    Attributes
    ----------
    name : str
        For the program; its action in napari is ``napari-cihm:<name>``.
    title : str
        On its button; ``{grow}`` and the like stand for a setting.
    key : str
        Its shortcut, unless the user chose another.
    about : str
        Its tooltip.
    prompt : str
        What to do once it was chosen.
    gesture : Gesture
        What it waits for.
    run : callable or None
        Gets the ground, the points and whether they are a drawn line; None for
        what is no edit of the labels at once.
    stacks : bool
        Whether it needs slices.
    """

    name: str
    title: str
    key: str
    about: str
    prompt: str = ""
    gesture: Gesture = Gesture.CLICK
    run: Run | None = None
    stacks: bool = False

    @property
    def action(self) -> str:
        """Its name among napari's actions."""
        return f"napari-cihm:{self.name}"

    @property
    def request(self) -> str:
        """What is said while it waits."""
        return ending(self.prompt)


def ending(prompt: str) -> str:
    """Say too how a tool is put down."""
    return f"{prompt} Esc\N{NO-BREAK SPACE}ends."


def _merge(ground: Ground, points: Points, drawn: bool) -> Edit:
    join = merge_along if drawn else merge
    return join(ground.labels, points, axes=ground.axes, index=ground.index)


def _split(ground: Ground, points: Points, drawn: bool) -> Edit:
    labels, axes, index = ground.labels, ground.axes, ground.index
    if drawn:
        return split_along(labels, points, axes=axes, plane=ground.plane, index=index)
    return split_at(labels, points, axes=axes, spacing=ground.spacing, index=index)


def _copy(step: int) -> Run:
    def run(ground: Ground, points: Points, drawn: bool) -> Edit:
        assert ground.depth is not None
        axis, plane, called = ground.depth, ground.plane, ground.called
        return copy_to_slice(
            ground.labels, points[0], axis, step, axes=plane, called=called
        )

    return run


def _interpolate(ground: Ground, points: Points, drawn: bool) -> Edit:
    assert ground.depth is not None
    (first, last), axis, plane = points, ground.depth, ground.plane
    return interpolate(
        ground.labels, first, last, axis, axes=plane, called=ground.called
    )


TOOLS = (
    Tool(
        "delete", "Delete", "Shift-D", "Delete the object under the cursor",
        "Click the object to delete.",
        run=lambda g, p, _: delete(g.labels, p[0], axes=g.axes, index=g.index),
    ),
    Tool(
        "merge", "Merge", "Shift-M",
        "Merge objects into one: click two, or draw a line across several",
        "Click two, or draw a line across several.", Gesture.PAIR, _merge,
    ),
    Tool(
        "split", "Split", "Shift-S",
        "Split an object in two: draw a line through it, or click both parts",
        "Draw a line through it, or click both parts.", Gesture.PAIR, _split,
    ),
    Tool(
        "add", "Add", "Shift-N",
        "Add an object: click or scribble inside it; the model finds its outline",
        "Click or scribble on the missing object.", Gesture.SCRIBBLE,
    ),
    Tool(
        "fill_holes", "Fill holes", "Shift-H", "Fill the holes of an object",
        "Click an object with holes.",
        run=lambda g, p, _: fill_holes(g.labels, p[0], axes=g.axes),
    ),
    Tool(
        "smooth", "Smooth", "Shift-O", "Smooth the outline of an object",
        "Click an object with a rough outline.",
        run=lambda g, p, _: smooth(g.labels, p[0], g.settings.smooth, axes=g.axes),
    ),
    Tool(
        "grow", "Grow {grow:g} px", "Shift-G", "Grow an object into the background",
        "Click an object that is too small.",
        run=lambda g, p, _: grow(g.labels, p[0], g.settings.grow, axes=g.axes),
    ),
    Tool(
        "shrink", "Shrink {grow:g} px", "Shift-K", "Shrink an object",
        "Click an object that is too large.",
        run=lambda g, p, _: shrink(g.labels, p[0], g.settings.grow, axes=g.axes),
    ),
    Tool(
        "copy_previous", "Copy to prev.", "Shift-U",
        "Copy an object's outline to the previous slice",
        "Click the object that the previous slice lacks.", run=_copy(-1), stacks=True,
    ),
    Tool(
        "copy_next", "Copy to next", "Shift-C",
        "Copy an object's outline to the next slice",
        "Click the object that the next slice lacks.", run=_copy(1), stacks=True,
    ),
    Tool(
        "interpolate", "Interpolate", "Shift-I",
        "Fill in an object between two slices",
        "Click it in one slice, then in another.",
        Gesture.ENDS, _interpolate, stacks=True,
    ),
)  # fmt: skip

RULES = (
    Tool(
        "relabel", "Renumber", "", "Number objects 1, 2, 3 … without gaps",
        gesture=Gesture.NONE,
        run=lambda g, p, _: relabel_consecutively(g.labels, index=g.index),
    ),
    Tool(
        "remove_small", "Drop < {min_size} px", "",
        "Remove objects and specks below this size, everywhere in the image",
        gesture=Gesture.NONE,
        run=lambda g, p, _: remove_smaller(
            g.labels, g.settings.min_size, pieces=True, index=g.index
        ),
    ),
    Tool(
        "remove_border", "Drop border", "",
        "Remove objects cut by the image's edge, everywhere in the image",
        gesture=Gesture.NONE,
        run=lambda g, p, _: remove_touching_border(
            g.labels, axes=g.plane, index=g.index
        ),
    ),
)  # fmt: skip

REVIEWS = (
    Tool(
        "review_slice", "This slice", "Shift-R",
        "Mark all of this slice as reviewed, also what is not on screen",
        gesture=Gesture.NONE, stacks=True,
    ),
    Tool(
        "review_region", "Region", "Shift-E",
        "Mark a region as reviewed: draw around it; with Alt, unmark it",
        "Draw around it; with Alt, unmark it.",
        Gesture.REGION,
    ),
    Tool(
        "review_all", "All", "", "Mark everything as reviewed", gesture=Gesture.NONE
    ),
    Tool(
        "unreview", "Undo mark", "", "Undo the last mark", gesture=Gesture.NONE
    ),
)  # fmt: skip

STEPS = (
    Tool("previous_stop", "◀", "Shift-B", "Go back to the previous one",
         gesture=Gesture.NONE),
    Tool("next_stop", "Next ▶", "Shift-J", "Show the next one that is not checked yet",
         gesture=Gesture.NONE),
    Tool("looks_right", "Looks right ✓", "Shift-Y",
         "Mark this one as checked and go to the next", gesture=Gesture.NONE),
)  # fmt: skip

ALL = {tool.name: tool for tool in (*TOOLS, *RULES, *REVIEWS, *STEPS)}
