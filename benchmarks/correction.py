"""Time the tools of correction on a large volume, and the journal beside them.

    python benchmarks/correction.py

A volume of 64 x 2048 x 2048 int32 labels (1 GiB) holds 3,200 ellipsoids of
20 x 40 x 40 pixels, every second one overlapping its neighbour's box. Each tool
proposes its edit; "undoable" is the time of napari's `data_setitem` for it.
Medians of several objects; the first call of each is left out.
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import zarr

from napari_cihm.config import CorrectSettings
from napari_cihm.correction.adding import add_object
from napari_cihm.correction.chunked import ChunkedArray
from napari_cihm.correction.depth import interpolate
from napari_cihm.correction.edits import Edit
from napari_cihm.correction.erasing import delete
from napari_cihm.correction.joining import merge
from napari_cihm.correction.journal import ImageIdentity, Journal, recover
from napari_cihm.correction.label_index import LabelIndex
from napari_cihm.correction.reviewed import Reviewed
from napari_cihm.correction.shaping import fill_holes, grow, smooth
from napari_cihm.correction.splitting import split_along, split_at

SHAPE = (64, 2048, 2048)
STEP = 50
Point = tuple[int, ...]


def volume() -> np.ndarray:
    """Make the labels."""
    labels = np.zeros(SHAPE, np.int32)
    z, y, x = np.ogrid[:20, :40, :40]
    ball = ((z - 10) / 9) ** 2 + ((y - 20) / 19) ** 2 + ((x - 20) / 19) ** 2 <= 1
    number = 0
    for first in (2, 30):
        for top in range(0, 2000, STEP):
            for left in range(0, 2000, STEP):
                number += 1
                corner = labels[first : first + 20, top : top + 40, left : left + 40]
                corner[ball] = number
    return labels


def centres(count: int) -> list[Point]:
    """Return centres of objects all over the volume."""
    rng = np.random.default_rng(0)
    places = rng.integers(1, 38, (count, 2)) * STEP + 20
    return [(12, int(y), int(x)) for y, x in places]


TOOLS: dict[str, Callable[[Any, Point, LabelIndex], Edit]] = {
    "delete": lambda x, p, i: delete(x, p, index=i),
    "merge two": lambda x, p, i: merge(x, [p, (p[0], p[1], p[2] + STEP)], index=i),
    "split by a line, whole depth": lambda x, p, i: split_along(
        x, [(p[0], p[1] - 25, p[2] - 5), (p[0], p[1] + 25, p[2] + 5)], index=i
    ),
    "split by a line, one slice": lambda x, p, i: split_along(
        x,
        [(p[0], p[1] - 25, p[2] - 5), (p[0], p[1] + 25, p[2] + 5)],
        axes=(1, 2),
        index=i,
    ),
    "split between two clicks": lambda x, p, i: split_at(
        x, [(p[0], p[1], p[2] - 8), (p[0], p[1], p[2] + 8)], index=i
    ),
    "fill holes": lambda x, p, i: fill_holes(x, p),
    "smooth": lambda x, p, i: smooth(x, p, 1.5),
    "grow by 2": lambda x, p, i: grow(x, p, 2),
    "add a disc in a slice": lambda x, p, i: add_object(
        x, [(p[0], p[1] + 23, p[2] + 23)], axes=(1, 2), diameter=10, index=i
    ),
    "interpolate 16 slices": lambda x, p, i: interpolate(
        x, (4, p[1], p[2]), (20, p[1], p[2]), 0
    ),
}


def timed(call: Callable[[], Any]) -> tuple[float, Any]:
    """Return milliseconds and the result."""
    started = time.perf_counter()
    result = call()
    return 1e3 * (time.perf_counter() - started), result


def time_tools(labels: Any, index: LabelIndex, places: list[Point]) -> dict[str, Any]:
    """Time each tool and its undoable application, and undo each."""
    from napari.layers import Labels

    layer = Labels(labels)
    figures = {}
    for name, tool in TOOLS.items():
        proposed, undoable = [], []
        for place in places:
            took, edit = timed(lambda t=tool, p=place: t(labels, p, index))
            proposed.append(took)
            took, _ = timed(
                lambda e=edit: layer.data_setitem(e.indices, e.new) if e else None
            )
            undoable.append(took)
            if edit:
                layer.undo()
        figures[name] = {
            "ms": round(statistics.median(proposed[1:]), 1),
            "best_ms": round(min(proposed[1:]), 1),
            "worst_ms": round(max(proposed[1:]), 1),
            "undoable_ms": round(statistics.median(undoable[1:]), 1),
        }
    return figures


def time_index(labels: Any) -> tuple[dict[str, float], LabelIndex]:
    """Time the scan, and the number of a new object without it."""
    quick, _ = timed(lambda: LabelIndex(labels).fresh())
    whole, index = timed(lambda: LabelIndex.of(labels))
    return {"scan_ms": round(whole), "first_new_number_ms": round(quick)}, index


def time_journal(labels: np.ndarray, places: list[Point]) -> dict[str, Any]:
    """Time strokes on the window's thread while the first snapshot is written."""
    with tempfile.TemporaryDirectory() as home:
        reviewed = Reviewed(labels.shape)
        journal = Journal(
            labels,
            ImageIdentity.of(labels),
            reviewed=reviewed,
            settings=CorrectSettings(journal_folder=Path(home)),
        )
        snapshot = journal.path / "snapshot-000000.cihm"
        started = time.perf_counter()
        during: list[float] = []
        while not snapshot.exists():
            during += _strokes(labels, journal, reviewed, places[:1])
        snapshot_s = time.perf_counter() - started
        journal.flush(60)
        log = journal.path / "log-000000.cihm"
        before = log.stat().st_size
        quiet = _strokes(labels, journal, reviewed, places)
        journal.flush(60)
        stroke_bytes = (log.stat().st_size - before) / len(quiet)
        recovered_ms, found = timed(lambda: recover(journal.path))
        assert np.array_equal(found.labels, labels)
        figures = {
            "record_ms_median": round(statistics.median(quiet), 4),
            "record_ms_p99": round(float(np.quantile(quiet, 0.99)), 3),
            "record_during_snapshot_ms_median": round(statistics.median(during), 4),
            "record_during_snapshot_ms_p99": round(float(np.quantile(during, 0.99)), 3),
            "bytes_a_stroke": round(stroke_bytes),
            "snapshot_s": round(snapshot_s, 1),
            "snapshot_mb": round(snapshot.stat().st_size / 2**20, 2),
            "recover_s": round(recovered_ms / 1e3, 1),
        }
        journal.close(finished=True)
        return figures


def _strokes(
    labels: np.ndarray, journal: Journal, reviewed: Reviewed, places: list[Point]
) -> list[float]:
    """Delete and restore objects, telling the journal; time the telling alone."""
    times = []
    for place in places * 5:
        edit = delete(labels, place)
        for change in (edit, edit.inverse()):
            change.apply(labels)
            review = reviewed.mark_around(change, 4, (1, 2))
            took, _ = timed(lambda c=change, r=review: journal.record(c, r))
            times.append(took)
    return times


def main() -> None:
    """Run all and print JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--objects", type=int, default=15)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    labels, places = volume(), centres(given.objects)
    figures: dict[str, Any] = {}
    figures["index"], index = time_index(labels)
    figures["numpy"] = time_tools(labels, index, places)
    with tempfile.TemporaryDirectory() as folder:
        stored = zarr.create_array(
            folder, shape=SHAPE, chunks=(16, 256, 256), dtype="int32"
        )
        stored[...] = labels
        figures["zarr, chunks of 16 x 256 x 256"] = time_tools(stored, index, places)
        copy = ChunkedArray.over(stored)
        figures["working copy of that zarr"] = time_tools(copy, index, places)
    figures["journal"] = time_journal(labels, places)
    text = json.dumps(figures, indent=2)
    print(text)
    if given.json:
        given.json.write_text(text)


if __name__ == "__main__":
    main()
