"""Many files in one run: one that is bad is reported, and the rest are done."""

import logging
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from napari_cihm.config import SegmentSettings
from napari_cihm.data.image import Image
from napari_cihm.data.reading import read_image
from napari_cihm.data.writing import ready_folder
from napari_cihm.errors import CihmError, ReadError
from napari_cihm.events import (
    BatchDone,
    Event,
    FileDone,
    FileFailed,
    Note,
    Segmented,
)
from napari_cihm.segmentation.destinations import (
    check_output,
    check_results,
    labels_path,
    path_beside,
)
from napari_cihm.segmentation.folder import remove_work, work_beside
from napari_cihm.segmentation.inputs import Input
from napari_cihm.segmentation.output import Layout, write_array
from napari_cihm.segmentation.planning import AnyModel, as_predictor
from napari_cihm.segmentation.predictor import Predictor
from napari_cihm.segmentation.reports import Reports
from napari_cihm.segmentation.run import segment_iter

LARGE = 2**22  # label pixels from which a run is made on disk, to be resumed
HUGE = 2**29  # label pixels from which the result is a Zarr

log = logging.getLogger(__name__)


@dataclass
class Batch:
    """What to do with every file.

    Parameters
    ----------
    output : Path
        A folder; for a single input, a ``.tif`` or ``.zarr`` file will do.
    model : Model, str or Path, optional
        The bundled one by default.
    settings : SegmentSettings
        Of every file.
    axes : str, optional
        Of every file; by default what each says, or a guess.
    level : int
        Of multiscale images.
    suffix : str
        ``.tif``, ``.zarr``, or nothing to take what suits the size.
    table, runs : Path, optional
        Where to write measurements, and run lengths as the Data Science Bowl
        wants them, of flat images alone.
    client : dask.distributed.Client, optional
        Workers.
    """

    output: Path
    model: AnyModel = None
    settings: SegmentSettings = field(default_factory=SegmentSettings)
    axes: str | None = None
    level: int = 0
    suffix: str = ""
    table: Path | None = None
    runs: Path | None = None
    client: Any = None

    def __post_init__(self) -> None:
        """Start with empty tables."""
        self._reports = Reports(self.table, self.runs)
        self._failed: list[Path] = []
        self._work: Path | None = None
        self.kept: list[str] = []  # by a run that was stopped, in words

    def run(self, inputs: Iterable[Input]) -> Iterator[Event]:
        """Segment files one after another, yielding what happens.

        Yields
        ------
        Event
            Those of each file, `FileDone` or `FileFailed` after it, and
            `BatchDone` in the end.

        Raises
        ------
        InputError
            If a result would be written over an image to read.
        ReadError
            If none of the files exists.
        WriteError
            If nothing can be written where results are to go; all before anything
            is computed.
        """
        inputs = list(inputs)
        self._prepare(inputs)
        predictor = as_predictor(self.model, self.settings)
        try:
            for number, one in enumerate(inputs, start=1):
                try:
                    yield from self._file(one, predictor, number, len(inputs))
                except Exception as error:  # the other files are to have their turn
                    log.debug("%s failed", one.path, exc_info=True)
                    self._failed.append(one.path)
                    yield FileFailed(number, len(inputs), one.path, _reason(error))
        except BaseException:  # stopped: what is done is kept
            self.kept = self._reports.write_unfinished(len(inputs))
            if self._work is not None and self._work.exists():
                goes_on = "the same command goes on with it"
                self.kept.append(f"{self._work} holds what was begun; {goes_on}")
            raise
        self._reports.write()
        yield BatchDone(len(inputs) - len(self._failed), tuple(self._failed))

    def _prepare(self, inputs: Sequence[Input]) -> None:
        """Refuse what cannot end well before hours go by, or anything is made."""
        if inputs and not any(one.path.exists() for one in inputs):
            raise ReadError(f"{inputs[0].path} does not exist", "an image or a folder")
        check_output(self.output, self.suffix, inputs)
        kinds = [k for k in ("maps", "uncertainty") if getattr(self.settings, k)]
        check_results(self.output, self.suffix, inputs, kinds, self._reports.paths)
        self._reports.prepare()
        for folder in {labels_path(self.output, one, "").parent for one in inputs}:
            ready_folder(folder)

    def _file(
        self, one: Input, predictor: Predictor, number: int, total: int
    ) -> Iterator[Event]:
        begun = time.perf_counter()
        if one.note:
            yield Note(one.note)
        image = read_image(one.source, self.axes, self.level)
        target = self._target(one, image)
        flat = image.size("t") == image.size("z") == 1
        if self.runs is not None and not flat:
            yield Note(
                f"{one.path.name} is a stack, for which there are no run lengths"
            )
        work = work_beside(target)
        big = work.exists() or int(np.prod(image.label_shape)) > LARGE
        self._work = work if big else None
        run = segment_iter(
            image,
            predictor,
            work=work if big else None,
            client=self.client,
            **self.settings.model_dump(),
        )
        with closing(run):
            for event in run:
                if not isinstance(event, Segmented):
                    yield event
                    continue
                objects = event.objects
                self._write(target, event)  # while the run holds its folder
                by_slice = self.settings.volume == "slices"
                self._reports.add(one.name, event, by_slice)
                remove_work(work)
        seconds = time.perf_counter() - begun
        yield FileDone(number, total, one.path, target, objects, seconds)

    def _write(self, target: Path, result: Segmented) -> None:
        image = result.image
        write_array(target, result.labels, Layout.of(image))
        if result.maps is not None:
            layout = Layout.of(image, "c" + result.axes)
            write_array(path_beside(target, "maps"), result.maps, layout)
        if result.uncertainty is not None:
            path = path_beside(target, "uncertainty")
            write_array(path, result.uncertainty, Layout.of(image))

    def _target(self, one: Input, image: Image) -> Path:
        stored = one.path.suffix == ".zarr" or np.prod(image.label_shape) > HUGE
        suffix = self.suffix or (".zarr" if stored else ".tif")
        return labels_path(self.output, one, suffix)


def _reason(error: Exception) -> str:
    text = " ".join(str(error).split())
    if isinstance(error, CihmError | OSError) and text:
        return text
    if isinstance(error, MemoryError):
        return text or "out of memory"
    return f"{type(error).__name__}: {text}"
