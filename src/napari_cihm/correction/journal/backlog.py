"""What is still to be written: recent changes, or else where changes were made."""

import threading
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from napari_cihm.correction.edits import Block, Edit
from napari_cihm.correction.grids import Key, cell, cells, grid_of
from napari_cihm.correction.journal.codec import Changes, Target
from napari_cihm.data.boxes import Box, overlap, whole

# More changes than these are written faster as what their cells hold now: one by
# one they could take longer than the two seconds that may be lost.
MANY = 512

Entry = list[tuple[Target, tuple[Block, ...]]]


class Backlog:
    """Changes handed from the window's thread to the one that writes.

    It never makes the window wait and never forgets: where changes pile up faster
    than they are written, or could not be written, their places are kept instead,
    cell by cell, and the values there are read again when it is time.

    Of the arrays that are changed it has to know the shapes and chunks.
    """

    def __init__(self, arrays: Mapping[Target, Any]) -> None:
        self.limit = 64 << 20  # bytes that waiting changes may take
        self.changed = threading.Condition()
        self._entries: deque[Entry] = deque()
        self._bytes = 0
        self._stale: dict[Target, set[Key]] = {}
        self.grids: dict[Target, tuple[Key, Key]] = {}
        self.lay(arrays)

    def lay(self, arrays: Mapping[Target, Any]) -> None:
        """Take other arrays, and forget what waits for the ones before."""
        with self.changed:
            self._entries.clear()
            self._bytes = 0
            self._stale = {target: set() for target in Target}
            self.grids = {
                target: (tuple(int(n) for n in array.shape), grid_of(array))
                for target, array in arrays.items()
            }

    def put(self, edits: Iterable[tuple[Target, Edit]]) -> None:
        """Add changes that belong together.

        The window's thread takes no lock and wakes nobody here: either could cost
        it a turn of the interpreter, five milliseconds.
        """
        entry = [(t, edit.blocks) for t, edit in edits if edit and t in self.grids]
        if not entry:
            return
        self._entries.append(entry)
        self._bytes += sum(_bytes(block) for _, blocks in entry for block in blocks)
        if self._bytes > self.limit:
            self.spill()

    def spill(self) -> None:
        """Keep only the places of what waits, to be read as they are by then."""
        with self.changed:
            self._spill(self._drained())

    def keep(self, target: Target, box: Box) -> None:
        """Keep a place alone, as all before: what waits must not undo what is there."""
        with self.changed:
            self._spill(self._drained())
            self._mark(target, box)

    def take(self) -> tuple[list[tuple[Target, Box]], list[Changes]]:
        """Take all there is: cells to read again, then changes made since."""
        with self.changed:
            if len(self._entries) > MANY:
                self.spill()
            stale = [
                (target, key) for target, keys in self._stale.items() for key in keys
            ]
            for keys in self._stale.values():
                keys.clear()
            entries = self._drained()
        boxes = [(target, cell(key, *self.grids[target])) for target, key in stale]
        return boxes, entries

    def give_back(
        self, boxes: Sequence[tuple[Target, Box]], entries: Iterable[Changes]
    ) -> None:
        """Take back what could not be written: its places are kept."""
        with self.changed:
            self._spill(entries)
            for target, box in boxes:
                self._mark(target, box)

    def __bool__(self) -> bool:
        return bool(self._entries) or any(self._stale.values())

    def _drained(self) -> list[Changes]:
        """Empty the queue, to which the window may add at the same time."""
        entries: list[Changes] = []
        while self._entries:
            entries.append(self._entries.popleft())
        self._bytes = 0
        return entries

    def _spill(self, entries: Iterable[Changes]) -> None:
        for entry in entries:
            for target, blocks in entry:
                for block in blocks:
                    self._mark(target, block.box)

    def _mark(self, target: Target, box: Box) -> None:
        shape, chunk = self.grids[target]
        # What was meant for arrays of another shape may lie outside these.
        here = overlap(box, whole(shape)) if len(box) == len(shape) else None
        if here is not None:
            self._stale[target].update(key for key, _ in cells(shape, chunk, here))


def _bytes(block: Block) -> int:
    mask = 0 if block.mask is None else block.mask.nbytes
    return 512 + mask + block.old.nbytes + block.new.nbytes
