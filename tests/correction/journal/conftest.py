"""A session whose journal lies in a folder of the test."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from napari_cihm.config import CorrectSettings
from napari_cihm.correction.edits import Edit, changed, edit_of
from napari_cihm.correction.journal import ImageIdentity, Journal
from napari_cihm.correction.reviewed import Reviewed
from napari_cihm.events import Event

SHAPE = (3, 40, 50)


def image() -> np.ndarray:
    """The image that is corrected."""
    return np.arange(np.prod(SHAPE), dtype=np.uint16).reshape(SHAPE)


@dataclass
class Session:
    """Labels, marks and a journal, edited together as the window does it."""

    settings: CorrectSettings
    labels: np.ndarray = field(default_factory=lambda: np.zeros(SHAPE, np.int32))
    reviewed: Reviewed = field(default_factory=lambda: Reviewed(SHAPE))
    heard: list[Event] = field(default_factory=list)
    journal: Any = None

    def begin(self, **more: Any) -> "Session":
        """Open the journal."""
        self.journal = Journal(
            self.labels,
            ImageIdentity.of(image(), "cells.tif"),
            reviewed=self.reviewed,
            settings=self.settings,
            tell=self.heard.append,
            **more,
        )
        return self

    def paint(self, start: tuple[int, ...], side: int, value: int) -> Edit:
        """Paint a square, mark its surroundings, and tell the journal."""
        z, y, x = start
        box = (slice(z, z + 1), slice(y, y + side), slice(x, x + side))
        before = self.labels[box].copy()
        edit = edit_of([changed(start, before, np.full_like(before, value))], before)
        edit.apply(self.labels)
        self.journal.record(edit, self.reviewed.mark_around(edit, 2, (1, 2)))
        return edit

    def paint_many(self, count: int, seed: int = 0) -> None:
        """Paint squares all over, each with its own number."""
        rng = np.random.default_rng(seed)
        for value in range(1, count + 1):
            place = [int(rng.integers(0, n - 9)) for n in SHAPE[1:]]
            self.paint((int(rng.integers(0, 3)), *place), 8, value)


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Callable[..., Session]]:
    """Return what makes sessions, and close their journals in the end."""
    made: list[Session] = []

    def make(**settings: Any) -> Session:
        home = {"journal_folder": tmp_path / "journals", **settings}
        made.append(Session(CorrectSettings(**home)))
        return made[-1]

    yield make
    for one in made:
        if one.journal is not None:
            one.journal.close(finished=True, timeout=1.0)


@pytest.fixture
def same() -> Callable[[Any, Session], bool]:
    """Return what compares a recovered journal with the living arrays."""

    def compare(found: Any, living: Session) -> bool:
        return (
            np.array_equal(np.asarray(found.labels), living.labels)
            and np.array_equal(found.reviewed.person[...], living.reviewed.person[...])
            and np.array_equal(found.reviewed.edits[...], living.reviewed.edits[...])
        )

    return compare
