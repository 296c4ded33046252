"""How often a reader is asked for a plane that it gives to dask as one chunk.

    python benchmarks/dask_planes.py [--side 4096] [--delay 0.05] [--threads 2]

The plane is made noise, and the reader sleeps as long as it would decode. Beside it
the same pixels are segmented from memory.
"""

import argparse
import time

import dask
import dask.array as da
import numpy as np
import torch
from timing import machine, print_table

from napari_cihm import load_model, segment


def main() -> None:
    """Segment a plane from dask and from memory and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--side", type=int, default=4096)
    parser.add_argument("--delay", type=float, default=0.05)
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    print(machine())
    model = load_model("cihm-fluo", "cpu")
    shape = given.side, given.side
    pixels = np.random.default_rng(0).integers(0, 255, shape, np.uint8)
    asked = []

    @dask.delayed(pure=False)
    def read() -> np.ndarray:
        asked.append(True)
        time.sleep(given.delay)
        return pixels

    lazy = da.from_delayed(read(), shape, pixels.dtype)
    rows = []
    for name, image in (("dask", lazy), ("memory", pixels)):
        asked.clear()
        began = time.perf_counter()
        segment(image, model=model)
        seconds = time.perf_counter() - began
        rows.append((name, str(len(asked)), f"{seconds:.1f}"))
    print_table("One plane", ("read from", "times read", "seconds"), rows)


if __name__ == "__main__":
    main()
