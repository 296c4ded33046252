"""Figures of segmentation: memory, time, seams, stacks, resuming, workers.

>>> python benchmarks/segmentation.py memory linear seams stack resume workers

Each prints one Markdown table. Large images are mosaics that are never whole in
memory. ``--network MODEL`` takes a real network where a light filter would do.
"""

import argparse
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_cihm.config import ModelConfig, Normalisation
from napari_cihm.data.synthetic import nuclei
from napari_cihm.events import Segmented, TileDone

GIB = 2**30
TILE = 1024


class Mosaic:
    """A made image repeated to any size, each part made when it is read."""

    def __init__(self, side: int, seed: int = 0) -> None:
        self.one, self.truth = nuclei((TILE, TILE), seed)
        self.shape, self.dtype, self.ndim = (side, side), self.one.dtype, 2

    def __getitem__(self, where: tuple[slice, slice]) -> NDArray[Any]:
        """Read a part."""
        rows, columns = (
            np.arange(*s.indices(n)) % TILE
            for s, n in zip(where, self.shape, strict=True)
        )
        return self.one[np.ix_(rows, columns)]


class Filter:
    """A local filter as a predictor: what is around the network, without it."""

    key = "filter"
    config = ModelConfig(
        recipe="filter",
        classes=3,
        task="instance",
        normalisation=Normalisation(low=5, high=99.8),
    )

    def __call__(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """Take smoothed brightness for foreground and distance."""
        fine = ndimage.gaussian_filter(batch, (0, 0, 2, 2))
        coarse = ndimage.gaussian_filter(batch, (0, 0, 5, 5))
        return np.concatenate([2 * fine, 0 * fine, 1.6 * coarse], 1).clip(0, 1)


class Loaded(Filter):
    """The network at work, for its time and memory; the filter's maps, for objects."""

    key = "loaded"

    def __init__(self) -> None:
        from napari_cihm.models import Model

        config = ModelConfig(recipe="cihm", classes=3, task="instance")
        self.model = Model.untrained(config, "cpu")

    def __call__(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """Run both."""
        self.model.predict(batch)
        return super().__call__(batch)


def predictor(network: str) -> Any:
    """Return the filter, a network without training, or a model by name or file."""
    if not network:
        return Filter()
    if network == "untrained":
        return Loaded()
    from napari_cihm.models import load_model

    return load_model(network, "cpu")


def large(side: int, network: str) -> None:
    """Segment one mosaic on disk and print its figures, in a process of its own."""
    from napari_cihm.segmentation import segment_iter

    model, image = predictor(network), Mosaic(side)
    with tempfile.TemporaryDirectory() as scratch:
        work = Path(scratch, "work")
        begun, before = time.perf_counter(), time.process_time()
        for event in segment_iter(image, model, work=work, diameter=None):
            last: Any = event  # and no other: events hold pixels
        seconds = time.perf_counter() - begun
    used = resource.getrusage(resource.RUSAGE_SELF)
    figures = {
        "seconds": seconds,
        "processor": used.ru_utime + used.ru_stime - before,
        "peak": used.ru_maxrss * 1024,
        "objects": last.objects,
    }
    print(json.dumps(figures))


def _apart(side: int, network: str) -> dict[str, float]:
    command = [sys.executable, __file__, "large", "--side", str(side)]
    run = subprocess.run(
        [*command, "--network", network], capture_output=True, text=True, check=True
    )
    figures: dict[str, float] = json.loads(run.stdout.splitlines()[-1])
    return figures


def memory(options: argparse.Namespace) -> Iterator[tuple[object, ...]]:
    """Peak memory of the whole process, by size of the image."""
    yield "side", "objects", "peak GiB"
    for side in (1024, 4096, options.side):
        figures = _apart(side, options.network)
        yield side, figures["objects"], f"{figures['peak'] / GIB:.2f}"


def linear(options: argparse.Namespace) -> Iterator[tuple[object, ...]]:
    """Time by size of the image; processor time says less of a busy machine."""
    yield "side", "seconds", "processor seconds", "the same per megapixel"
    for side in (1024, 2048, 4096, 8192, 16384):
        if side <= options.side:
            figures = _apart(side, options.network)
            used = figures["processor"]
            per_pixel = f"{used * 1e6 / side**2:.3f}"
            yield side, f"{figures['seconds']:.1f}", f"{used:.1f}", per_pixel


def seams(options: argparse.Namespace) -> Iterator[tuple[object, ...]]:
    """Tiled against whole: pixels that change, and objects at IoU .9."""
    from stardist.matching import matching

    from napari_cihm.segmentation import segment

    yield "tile", "overlap", "pixels that differ %", "objects alike (AP at IoU .9)"
    image, _ = nuclei((TILE, TILE), 3)
    model = predictor(options.network)
    whole = segment(image, model, diameter=None, tile=TILE).astype(np.int32)
    for tile, overlap in ((512, 32), (512, 64), (512, 128), (256, 64)):
        cut = segment(image, model, diameter=None, tile=tile, overlap=overlap)
        differ = 100 * ((cut > 0) != (whole > 0)).mean()
        alike = matching(whole, cut.astype(np.int32), thresh=0.9).accuracy
        yield tile, overlap, f"{differ:.4f}", f"{alike:.4f}"


def stack(options: argparse.Namespace) -> Iterator[tuple[object, ...]]:
    """Five hundred touching ellipsoids, perfect 2-D labels, linked over depth."""
    from stardist.matching import matching

    sys.path.insert(0, str(Path(__file__).parents[1]))
    from tests.segmentation.conftest import crowd
    from tests.segmentation.test_linking import _apart as unlinked
    from tests.segmentation.test_linking import _linked

    yield "volume", "objects", "filled %", "AP .5", "AP .75", "seconds"
    for shape in ((64, 256, 256), (56, 208, 208)):
        truth = crowd(shape, 500, ((5, 9), (9, 15), (9, 15)), squeeze=0.65)
        slices = unlinked(truth)
        begun = time.perf_counter()
        found = _linked(slices).astype(np.int32)
        seconds = time.perf_counter() - begun
        scores = [matching(truth, found, thresh=t).accuracy for t in (0.5, 0.75)]
        size = " x ".join(map(str, shape))
        filled = f"{100 * (truth > 0).mean():.0f}"
        yield size, truth.max(), filled, *(f"{s:.3f}" for s in scores), f"{seconds:.2f}"


def resume(options: argparse.Namespace) -> Iterator[tuple[object, ...]]:
    """Kill a run and go on: tiles saved, and the bytes of the result."""
    from napari_cihm.segmentation import segment_iter

    yield "killed after", "tiles in all", "predicted anew", "bytes are the same"
    image = Mosaic(2048)
    with tempfile.TemporaryDirectory() as scratch:
        whole = Path(scratch, "whole")
        list(segment_iter(image, Filter(), work=whole, tile=256, block=512, batch=1))
        for after in (5, 40, 90):
            work = Path(scratch, f"cut{after}")
            command = [sys.executable, __file__, "victim", "--work", str(work)]
            with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as run:
                assert run.stdout is not None
                for _, _ in zip(range(after), run.stdout, strict=False):
                    pass
                os.kill(run.pid, signal.SIGKILL)
            rest = list(
                segment_iter(image, Filter(), work=work, tile=256, block=512, batch=1)
            )
            tiles = [event for event in rest if isinstance(event, TileDone)]
            same = _bytes(whole / "final") == _bytes(work / "final")
            yield after, tiles[0].total, len(tiles), same


def victim(work: str) -> None:
    """Segment and say each tile, to be killed."""
    from napari_cihm.segmentation import segment_iter

    settings = {"tile": 256, "block": 512, "batch": 1}
    for event in segment_iter(Mosaic(2048), Filter(), work=work, **settings):
        if isinstance(event, TileDone):
            print(event.done, flush=True)


def workers(options: argparse.Namespace) -> Iterator[tuple[object, ...]]:
    """One and two worker processes of one thread each, against none."""
    from napari_cihm.segmentation import segment_iter
    from napari_cihm.segmentation.cluster import connected

    yield "workers", "seconds", "speed-up over one", "labels are the same"
    image = Mosaic(min(options.side, 4096))
    model = predictor(options.network)
    settings: dict[str, Any] = {"tile": 512, "block": 1024, "diameter": None}
    *_, here = segment_iter(image, model, **settings)
    yield "none", f"{here.seconds:.1f}", "", ""
    first = 0.0
    for count in (1, 2):
        with connected(workers=count) as client:
            list(segment_iter(Mosaic(1024), model, client=client, **settings))
            *_, last = segment_iter(image, model, client=client, **settings)
        assert isinstance(last, Segmented)
        first = first or last.seconds
        same = bool((last.labels == here.labels).all())
        yield count, f"{last.seconds:.1f}", f"{first / last.seconds:.2f}", same


def _bytes(folder: Path) -> dict[str, bytes]:
    files = (p for p in folder.rglob("*") if p.is_file())
    return {str(p.relative_to(folder)): p.read_bytes() for p in files}


Table = Callable[[argparse.Namespace], Iterator[tuple[object, ...]]]
TABLES: dict[str, Table] = {
    f.__name__: f for f in (memory, linear, seams, stack, resume, workers)
}


def main() -> None:
    """Print the tables asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tables", nargs="*", default=list(TABLES))
    parser.add_argument("--side", type=int, default=8192, help="of the largest image")
    parser.add_argument("--network", default="", help="a model, or untrained")
    parser.add_argument("--work", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.tables == ["large"]:
        return large(options.side, options.network)
    if options.tables == ["victim"]:
        return victim(options.work)
    for name in options.tables:
        print(f"\n{TABLES[name].__doc__}\n")
        for number, row in enumerate(TABLES[name](options)):
            print("| " + " | ".join(map(str, row)) + " |", flush=True)
            if number == 0:
                print("|" + " --- |" * len(row))
    return None


if __name__ == "__main__":
    main()
