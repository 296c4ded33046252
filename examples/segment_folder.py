"""Segment a folder of images; labels, a table and a bad file's reason come out.

Run it as it stands::

    python examples/segment_folder.py

It makes three images and one that is broken, segments the folder and prints what
was found. Give your own folder with ``--images``; results go to a folder beside it,
or where ``--output`` says. ``cihm segment FOLDER -o OUT --table OUT/table.csv`` does
the same.
"""

import argparse
import tempfile
from pathlib import Path

from tifffile import imwrite

from napari_cihm.config import SegmentSettings
from napari_cihm.data.synthetic import nuclei
from napari_cihm.events import BatchDone, FileDone, FileFailed, Note
from napari_cihm.segmentation.batch import Batch
from napari_cihm.segmentation.inputs import find_inputs


def make_images(folder: Path, side: int) -> Path:
    """Write three synthetic images, and a file that only looks like one."""
    folder.mkdir(parents=True)
    for seed in range(3):
        image, _ = nuclei((side, side), seed)
        imwrite(folder / f"nuclei_{seed}.tif", image)
    (folder / "broken.tif").write_text("this is no TIFF")
    return folder


def segment(images: Path, output: Path, model: str) -> BatchDone:
    """Segment every image of a folder and print what happens."""
    batch = Batch(output, model, SegmentSettings(), table=output / "measurements.csv")
    for event in batch.run(find_inputs([images])):
        if isinstance(event, FileDone | FileFailed | Note):
            print(event.text)
        elif isinstance(event, BatchDone):
            return event
    raise AssertionError("a batch ends in BatchDone")


def main() -> None:
    """Read the options and run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=Path, help="your folder")
    parser.add_argument("--output", type=Path, help="where results go")
    parser.add_argument("--model", default="cihm-dsb18", help="a name or a file")
    parser.add_argument("--side", type=int, default=256, help="of synthetic images")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        images = options.images or make_images(Path(scratch, "images"), options.side)
        whole = images.resolve()
        output = options.output or whole.with_name(f"{whole.name}_labels")
        done = segment(images, output, options.model)
        print(f"{done.segmented} segmented, {len(done.failed)} failed: see {output}")
        for path in sorted(output.iterdir()):
            print(f"  {path.name}  {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
