"""Segment a whole slide on a SLURM cluster, or on this machine's processes.

On a cluster, with ``pip install "napari-cihm[distributed]"``::

    python examples/slurm.py slide.ome.zarr labels.zarr --jobs 8 --queue normal

Image, output and the model's file must lie where all nodes see them; without an
output, labels go beside the image. Without a cluster, ``--here 2`` starts two worker
processes instead. Without an image it makes one. A run that was stopped goes on when
it is started again.
"""

import argparse
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from napari_cihm.data.listing import name_of
from napari_cihm.data.reading import read_image
from napari_cihm.data.synthetic import nuclei
from napari_cihm.events import Segmented, TileDone
from napari_cihm.segmentation import segment_iter
from napari_cihm.segmentation.cluster import connected
from napari_cihm.segmentation.folder import remove_work, work_beside
from napari_cihm.segmentation.output import Layout, write_array


@contextmanager
def slurm(jobs: int, queue: str | None, memory: str, time: str) -> Iterator[Any]:
    """Ask SLURM for jobs of one worker each and give their client."""
    from dask.distributed import Client
    from dask_jobqueue import SLURMCluster

    with (
        SLURMCluster(
            queue=queue, cores=1, processes=1, memory=memory, walltime=time
        ) as cluster,
        Client(cluster) as client,
    ):
        cluster.scale(jobs=jobs)
        client.wait_for_workers(1)
        yield client


def segment(image: Path, output: Path, model: str, client: Any) -> None:
    """Segment an image on a client's workers and write its labels."""
    opened = read_image(image)
    work = work_beside(output)
    for event in segment_iter(opened, model, work=work, client=client):
        if isinstance(event, TileDone) and event.done % max(1, event.total // 10) == 0:
            print(f"{event.done} of {event.total} tiles")
        elif isinstance(event, Segmented):
            write_array(output, event.labels, Layout.of(opened))
            remove_work(work)
            print(f"{event.objects} objects in {event.seconds:.0f} s: {output}")


def main() -> None:
    """Read the options and run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("image", type=Path, nargs="?", help="OME-Zarr or tiled TIFF")
    parser.add_argument("output", type=Path, nargs="?", help="a .zarr or .tif")
    parser.add_argument("--model", default="cihm-dsb18", help="a name or a file")
    parser.add_argument("--here", type=int, metavar="N", help="processes, no SLURM")
    parser.add_argument("--jobs", type=int, default=4, help="SLURM jobs")
    parser.add_argument("--queue", help="SLURM partition")
    parser.add_argument("--memory", default="4GB", help="of a job")
    parser.add_argument("--time", default="01:00:00", help="of a job")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        image = options.image
        if image is None:
            image = Path(scratch, "slide.zarr")
            write_array(image, nuclei((300, 300))[0], Layout("yx"))
        beside = image.resolve().with_name(f"{name_of(image)}_labels.zarr")
        output = options.output or beside
        workers = (
            connected(workers=options.here)
            if options.here
            else slurm(options.jobs, options.queue, options.memory, options.time)
        )
        with workers as client:
            segment(image, output, options.model, client)


if __name__ == "__main__":
    main()
