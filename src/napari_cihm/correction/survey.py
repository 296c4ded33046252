"""Read labels once, cell by cell, for everyone who keeps something about them."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_cihm.correction.grids import Key, cell, cells, grid_of
from napari_cihm.data.boxes import Box, start_of
from napari_cihm.events import LabelsScanned

# What it finds in the values of a cell, given the cell's first pixel.
Look = Callable[[NDArray[Any], tuple[int, ...]], Any]


class Survey:
    """What a few looks found in each cell of some labels.

    A worker thread may scan them while the user goes on editing: cells that
    anything is heard of are looked at again before what was found is handed out.

    Parameters
    ----------
    labels : array-like of int
        Labels; every change of them is told to `hear`.
    *looks : callable
        What to find out of each cell.
    """

    def __init__(self, labels: Any, *looks: Look) -> None:
        self.labels = labels
        self.shape = tuple(int(n) for n in labels.shape)
        self.grid = grid_of(labels)
        self._looks = looks
        self._found: dict[Key, tuple[Any, ...]] = {}
        self._stale: set[Key] = set()
        self._scanner: object | None = None
        self._lock = threading.Lock()

    @property
    def scanning(self) -> bool:
        """Whether a thread is on its way through the cells."""
        return self._scanner is not None

    @property
    def begun(self) -> bool:
        """Whether any cell was read."""
        return self.scanning or bool(self._found)

    def scan(self) -> Iterator[LabelsScanned]:
        """Look at every cell not known yet, a step a cell; any thread may run it."""
        scanner = self._scanner = object()
        try:
            keys = self._unknown()
            for done, key in enumerate(keys, 1):
                with self._lock:
                    if self._scanner is not scanner:
                        return
                    # What is heard of while it is read makes it stale again.
                    self._stale.discard(key)
                    self._found.pop(key, None)
                found = self._look(key)
                with self._lock:
                    if self._scanner is not scanner:
                        return  # it was completed, and this may be older
                    self._found[key] = found
                yield LabelsScanned(done, len(keys))
        finally:
            if self._scanner is scanner:
                self._scanner = None

    def hear(self, box: Box) -> None:
        """Take into account that labels changed in a box, after it was written."""
        near = {key for key, _ in cells(self.shape, self.grid, box)}
        with self._lock:
            self._stale |= near

    def complete(self) -> None:
        """Finish the scan where it stands; call it where labels are edited."""
        with self._lock:
            self._scanner = None
            for key in self._unknown():
                self._found[key] = self._look(key)
            self._stale.clear()

    def found(self, look: Look) -> dict[Key, Any]:
        """Return what a look finds in every cell; call it where labels are edited."""
        self.complete()
        rank = self._looks.index(look)
        return {key: found[rank] for key, found in self._found.items()}

    def _unknown(self) -> list[Key]:
        every = (key for key, _ in cells(self.shape, self.grid))
        return [k for k in every if k not in self._found or k in self._stale]

    def _look(self, key: Key) -> tuple[Any, ...]:
        place = cell(key, self.shape, self.grid)
        values = np.asarray(self.labels[place])
        return tuple(look(values, start_of(place)) for look in self._looks)
