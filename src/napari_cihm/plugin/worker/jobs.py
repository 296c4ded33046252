"""What a worker can be asked to do: generators of events, by name."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_cihm.config import SegmentSettings
from napari_cihm.correction.scores import disagreement
from napari_cihm.data.image import Image
from napari_cihm.events import (
    Doubted,
    Event,
    Machine,
    Measured,
    Networks,
    Segmented,
    TileDone,
)
from napari_cihm.models import Model
from napari_cihm.models.bundled import bundled_names
from napari_cihm.models.catalogue import bundled_configs, catalogue
from napari_cihm.models.devices import available_devices, pick_device
from napari_cihm.plugin.worker.learning import learn, versions
from napari_cihm.plugin.worker.loaded import LOADED
from napari_cihm.segmentation import segment_iter
from napari_cihm.segmentation.batch import Batch
from napari_cihm.segmentation.inputs import find_inputs
from napari_cihm.segmentation.measurements import measure_columns

Job = Callable[..., Iterator[Event]]


FLIPS = ("", "y", "x", "yx")


def look(model: str, device: str) -> Iterator[Event]:
    """Examine a model, and warm up what a run with it needs."""
    yield Machine(available_devices(), str(pick_device()), bundled_names())
    yield LOADED.look_at(model, device)


def networks() -> Iterator[Event]:
    """List the networks that can be trained."""
    yield Networks(catalogue(bundled_configs()))


def segment(
    image: Image,
    model: str,
    settings: dict[str, Any],
    whole: Image | None = None,
    work: str | None = None,
) -> Iterator[Event]:
    """Segment an image.

    Parameters
    ----------
    model : str
        Name or file of a model.
    settings : mapping
        Of `SegmentSettings`.
    whole : Image, optional
        What `image` is a part of.
    work : str, optional
        A folder for the labels, where they are too many for memory.
    """
    chosen = SegmentSettings.of(**settings)
    loaded = LOADED.get(model, chosen.device)
    yield from segment_iter(image, loaded, of=whole, work=work, **chosen.model_dump())


def doubt(
    image: Image, model: str, settings: dict[str, Any], order: str
) -> Iterator[Event]:
    """Find where a model is unsure of an image, or of its flips among each other."""
    chosen = SegmentSettings.of(**settings)
    loaded = LOADED.get(model, chosen.device)
    find = _uncertainty if order == "uncertainty" else _disagreement
    yield from find(image, loaded, chosen)


def _uncertainty(
    image: Image, model: Model, settings: SegmentSettings
) -> Iterator[Event]:
    kept = settings.but(maps=False, uncertainty=True).model_dump()
    for event in segment_iter(image, model, **kept):
        if isinstance(event, Segmented):
            yield Doubted(np.asarray(event.uncertainty))
        elif isinstance(event, TileDone):
            yield event


def _disagreement(
    image: Image, model: Model, settings: SegmentSettings
) -> Iterator[Event]:
    kept = settings.but(maps=True, uncertainty=False, tta=False).model_dump()
    seen = []
    for number, flip in enumerate(FLIPS):
        for event in segment_iter(flipped(image, flip), model, **kept):
            if isinstance(event, Segmented):
                maps, axes = np.asarray(event.maps)[0], event.axes
                seen.append(np.flip(maps, tuple(axes.index(a) for a in flip)))
            elif isinstance(event, TileDone):
                done, total = event.done + number * event.total, event.total
                yield replace(event, done=done, total=total * len(FLIPS))
    yield Doubted(disagreement(seen))


def flipped(image: Image, axes: str) -> Image:
    """Turn an image round along some axes."""
    if not axes:
        return image
    places = tuple(image.axes.index(axis) for axis in axes)
    return replace(image, data=np.flip(np.asarray(image.data), places))


def measure_labels(
    labels: Any,
    image: Image,
    by_slice: bool = False,
    only: NDArray[np.integer[Any]] | None = None,
) -> Iterator[Event]:
    """Measure the objects of labels, all or only those of some numbers."""
    chosen = labels if only is None else Only(labels, only)
    columns = measure_columns(chosen, image, by_slice)
    yield Measured(columns if len(columns["label"]) else {})


class Only:
    """Some objects of labels, which are read when they are asked for."""

    def __init__(self, labels: Any, numbers: NDArray[np.integer[Any]]) -> None:
        self._labels, self._numbers = labels, numbers

    def __getitem__(self, index: Any) -> NDArray[np.integer[Any]]:
        part = np.asarray(self._labels[index])
        return np.where(np.isin(part, self._numbers), part, 0)


def segment_files(
    inputs: tuple[str, ...],
    output: str,
    model: str,
    settings: dict[str, Any],
    suffix: str = "",
    table: str | None = None,
) -> Iterator[Event]:
    """Segment files and folders into a folder."""
    chosen = SegmentSettings.of(**settings)
    batch = Batch(
        Path(output),
        LOADED.get(model, chosen.device),
        chosen,
        suffix=suffix,
        table=None if table is None else Path(table),
    )
    yield from batch.run(find_inputs(inputs))


JOBS: dict[str, Job] = {
    "learn": learn,
    "versions": versions,
    "doubt": doubt,
    "look": look,
    "measure": measure_labels,
    "networks": networks,
    "segment": segment,
    "segment_files": segment_files,
}

FINISHING = {"learn"}  # jobs that can be asked for the best they have so far
