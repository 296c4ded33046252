"""Kill a process that edits as fast as it can, again and again, and count the loss.

    python tests/fire/journal_kills.py --kills 200 --jobs 2 --json kills.json

A child paints, undoes, marks as reviewed and forces new snapshots in an endless
seeded sequence, and notes in shared memory when each action was handed over. At a
random moment it gets SIGKILL. The parent reads the journal back and plays the
same sequence: for each pixel, the recovered value must be one it had at some
moment not more than two seconds before the kill.
"""

import argparse
import json
import mmap
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from napari_cihm.config import CorrectSettings
from napari_cihm.correction.edits import Edit, changed, edit_of
from napari_cihm.correction.journal import (
    ImageIdentity,
    Journal,
    journals,
    recover,
    unfinished,
)
from napari_cihm.correction.marking import ReviewChange
from napari_cihm.correction.reviewed import Reviewed

SHAPE = (3, 192, 160)
SIDE = 24
MOST = 2_000_000
ALLOWED = 2.0


@dataclass
class Outcome:
    """What one kill left behind."""

    seed: int
    after: float
    actions: int
    recovered: int
    lost_age: float
    generation: int
    unfinished: int
    in_snapshot: bool
    notes: list[str]

    def right(self, allowed: float) -> bool:
        """Whether nothing older than allowed was lost and nothing unreadable."""
        return self.lost_age <= allowed and self.unfinished == 1


class Sequence:
    """The same endless edits for child and parent."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.labels = np.zeros(SHAPE, np.int32)
        self.reviewed = Reviewed(SHAPE)
        self.done: list[tuple[Edit, ReviewChange]] = []
        self.number = 0

    def step(self) -> tuple[str, Edit | None, ReviewChange | None]:
        """Make one action in the living arrays and return it."""
        self.number += 1
        chance = self.rng.random()
        if chance < 0.15 and self.done:
            edit, review = self.done.pop()
            return self._made("undo", edit.inverse(), review.inverse())
        if chance < 0.2:
            start = [int(self.rng.integers(0, n)) for n in SHAPE]
            box = tuple(
                slice(s, min(s + SIDE, n)) for s, n in zip(start, SHAPE, strict=True)
            )
            erase = self.rng.random() < 0.3
            change = self.reviewed.erase(box) if erase else self.reviewed.mark(box)
            return "mark", None, change
        if chance < 0.2005:
            return "resync", None, None
        start = [int(self.rng.integers(0, max(1, n - SIDE))) for n in SHAPE]
        box = tuple(
            slice(s, min(s + SIDE, n)) for s, n in zip(start, SHAPE, strict=True)
        )
        before = self.labels[box]
        brush = self.rng.random(before.shape) < 0.7
        after = np.where(brush, self.number, before)
        edit = edit_of([changed(start, before, after)], self.labels)
        edit.apply(self.labels)
        review = self.reviewed.mark_around(edit, 4, (1, 2))
        self.done = [*self.done[-99:], (edit, review)]
        return "paint", edit, review

    def _made(
        self, what: str, edit: Edit, review: ReviewChange
    ) -> tuple[str, Edit, ReviewChange]:
        edit.apply(self.labels)
        self.reviewed.apply(review)
        return what, edit, review


def settings_for(home: Path) -> CorrectSettings:
    """Compact early and often, so that kills fall into snapshots too."""
    return CorrectSettings(journal_folder=home, journal_compact_mb=0.3)


def identity() -> ImageIdentity:
    """The image that all children pretend to correct."""
    return ImageIdentity.of(np.arange(60, dtype=np.uint8).reshape(3, 4, 5), "cells")


def child(home: Path, seed: int, clock: Path) -> None:
    """Edit until killed."""
    with clock.open("r+b") as file:
        times = np.frombuffer(mmap.mmap(file.fileno(), 0), np.float64)
    sequence = Sequence(seed)
    journal = Journal(
        sequence.labels,
        identity(),
        reviewed=sequence.reviewed,
        settings=settings_for(home),
    )
    for rank in range(MOST):
        what, edit, review = sequence.step()
        if what == "resync":
            journal.resync()
        else:
            journal.record(edit, review)
        times[rank] = time.monotonic()


def kill_once(seed: int, home: Path, longest: float, allowed: float) -> Outcome:
    """Start a child, kill it, read its journal, play it back and compare."""
    home.mkdir(parents=True)
    clock = home.with_suffix(".clock")
    with clock.open("wb") as file:
        file.truncate(MOST * 8)
    command = [sys.executable, __file__, "--child", str(home), str(seed), str(clock)]
    running = subprocess.Popen(command, env={**os.environ, "OMP_NUM_THREADS": "1"})
    times = np.memmap(clock, np.float64, "r")
    while not times[0]:
        if running.poll() is not None:
            raise RuntimeError(f"the child ended with {running.returncode}")
        time.sleep(0.005)
    after = random.Random(seed).uniform(0.02, longest)
    time.sleep(after)
    killed = time.monotonic()
    running.send_signal(signal.SIGKILL)
    running.wait()
    made = np.array(times[: int(np.count_nonzero(times))])
    clock.unlink()
    return _judge(seed, after, home, made, killed, allowed)


def _judge(
    seed: int,
    after: float,
    home: Path,
    made: np.ndarray,
    killed: float,
    allowed: float,
) -> Outcome:
    settings = settings_for(home)
    found = journals(settings)
    lost, strokes, notes, generation = float("inf"), 0, ["no journal"], -1
    in_snapshot = any(home.rglob("*.part"))
    if not found and len(made) and killed - made[0] <= allowed:
        # Killed before the first byte: nothing was old enough to be there.
        return Outcome(seed, after, len(made), 0, killed - made[0], -1, 1, False, notes)
    if found:
        back = recover(found[0].path)
        lost = lost_age(seed, back, made, killed)
        strokes, notes = back.strokes, back.notes
        names = [p.name for p in found[0].path.glob("log-*")]
        generation = max(int(n[4:10]) for n in names)
    offered = len(unfinished(identity(), settings))
    if not strokes and generation <= 0 and killed - made[0] <= allowed:
        offered = 1
    return Outcome(
        seed, after, len(made), strokes, lost, generation, offered, in_snapshot, notes
    )


def lost_age(seed: int, back, made: np.ndarray, killed: float) -> float:
    """Return how long before the kill the oldest lost change was made."""
    sequence = Sequence(seed)
    recovered = [back.labels, back.reviewed.person[...], back.reviewed.edits[...]]
    # When each pixel last held what was recovered; -inf where it never did.
    ends = [np.full(SHAPE, -np.inf) for _ in recovered]
    # The action under way may be on disk though its time was not noted.
    for moment in [*made, killed]:
        _, edit, review = sequence.step()
        edits = [edit, review and review.person, review and review.edits]
        for end, target, change in zip(ends, recovered, edits, strict=True):
            for block in change.blocks if change else ():
                before = np.broadcast_to(block.old, (block.size,))
                held = target[block.box][block.where] == before
                region = end[block.box]
                region[block.where] = np.where(held, moment, region[block.where])
    marks = sequence.reviewed
    final = [sequence.labels, marks.person[...], marks.edits[...]]
    for end, target, state in zip(ends, recovered, final, strict=True):
        end[state == target] = killed
    return float(killed - min(end.min() for end in ends))


def main() -> int:
    """Run the kills and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--longest", type=float, default=6.0, help="s to a kill")
    parser.add_argument("--allowed", type=float, default=ALLOWED, help="s lost")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--child", nargs=3)
    given = parser.parse_args()
    if given.child:
        child(Path(given.child[0]), int(given.child[1]), Path(given.child[2]))
        return 0
    home = Path(tempfile.mkdtemp(prefix="cihm-kills-"))
    seeds = range(given.seed, given.seed + given.kills)
    with ThreadPoolExecutor(given.jobs) as pool:
        outcomes = list(
            pool.map(
                lambda seed: kill_once(
                    seed, home / str(seed), given.longest, given.allowed
                ),
                seeds,
            )
        )
    shutil.rmtree(home)
    figures = summary(outcomes, given.allowed)
    print(json.dumps(figures, indent=2))
    if given.json:
        each = [asdict(outcome) for outcome in outcomes]
        given.json.write_text(json.dumps({**figures, "each": each}, indent=1))
    return 0 if figures["wrong"] == 0 else 1


def summary(outcomes: list[Outcome], allowed: float) -> dict[str, object]:
    """Count what the kills did."""
    ages = np.array([o.lost_age for o in outcomes])
    seconds = sum(o.after for o in outcomes)
    return {
        "kills": len(outcomes),
        "wrong": sum(not o.right(allowed) for o in outcomes),
        "edited_longer_than_allowed": sum(o.after > allowed for o in outcomes),
        "lost_age_median_s": round(float(np.median(ages)), 3),
        "lost_age_max_s": round(float(ages.max()), 3),
        "actions": sum(o.actions for o in outcomes),
        "actions_per_s": round(sum(o.actions for o in outcomes) / seconds),
        "killed_in_generation": [
            min(o.generation for o in outcomes),
            max(o.generation for o in outcomes),
        ],
        "killed_in_snapshot": sum(o.in_snapshot for o in outcomes),
        "torn_tails": sum("being written" in " ".join(o.notes) for o in outcomes),
    }


if __name__ == "__main__":
    sys.exit(main())
