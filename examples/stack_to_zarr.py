"""Segment a stack slice by slice from Zarr to Zarr, in little memory.

Run it as it stands::

    python examples/stack_to_zarr.py

It makes a stack of nuclei as OME-Zarr, segments it with objects linked across
slices and writes OME-Zarr labels. Give your own stack with ``--stack``; labels go
beside it, or where ``--output`` says. What is finished lies in a work folder beside
the labels until they are written, so that the same call goes on where a killed one
was.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np

from napari_cihm.data.image import Image
from napari_cihm.data.listing import name_of
from napari_cihm.data.reading import read_image
from napari_cihm.data.synthetic import nuclei_stack
from napari_cihm.events import BlockDone, Note, Segmented
from napari_cihm.segmentation import segment_iter
from napari_cihm.segmentation.folder import remove_work, work_beside
from napari_cihm.segmentation.measurements import measure
from napari_cihm.segmentation.output import Layout, write_array


def make_stack(path: Path, side: int) -> Path:
    """Write a synthetic stack as OME-Zarr, its slices 1 um apart."""
    image, _ = nuclei_stack((12, side, side), seed=0)
    scale, units = {"z": 1.0, "y": 0.5, "x": 0.5}, dict.fromkeys("zyx", "um")
    return write_array(path, image, Layout("zyx", scale, units, "nuclei"))


def segment(stack: Image, output: Path, model: str) -> int:
    """Segment a stack on disk, write its labels part by part and count objects."""
    work = work_beside(output)
    for event in segment_iter(stack, model, work=work, volume="linked"):
        if isinstance(event, Note):
            print(event.text)
        elif isinstance(event, BlockDone) and event.done == event.total:
            print(f"{event.done} slices done, linking")
        elif isinstance(event, Segmented):
            write_array(output, event.labels, Layout.of(stack))
            remove_work(work)
            return event.objects
    raise AssertionError("a run ends in its labels")


def main() -> None:
    """Read the options and run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--stack", type=Path, help="your OME-Zarr or TIFF")
    parser.add_argument("--output", type=Path, help="a .zarr or .tif")
    parser.add_argument("--model", default="cihm-dsb18", help="a name or a file")
    parser.add_argument("--side", type=int, default=192, help="of the synthetic stack")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        source = options.stack or make_stack(Path(scratch, "stack.zarr"), options.side)
        stack = read_image(source)
        print(f"{source}: {stack.axes} {stack.shape}, {dict(stack.scale)}")
        beside = source.resolve().with_name(f"{name_of(source)}_labels.zarr")
        output = options.output or beside
        objects = segment(stack, output, options.model)
        labels = read_image(output)
        print(f"{output}: {labels.axes} {labels.shape} {labels.dtype}")
        volumes = [row["volume_px"] for row in measure(labels.data, stack)]
        print(f"{objects} objects")
        if volumes:
            print(f"half of them above {np.median(volumes):.0f} voxels")


if __name__ == "__main__":
    main()
