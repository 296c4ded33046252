"""What a worker can be asked to do: generators of events, by name."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from napari_cihm.config import SegmentSettings
from napari_cihm.data.image import Image
from napari_cihm.events import Event, Machine, Measured, Segmented
from napari_cihm.models import Model, load_model
from napari_cihm.models.bundled import bundled_names, find_model
from napari_cihm.models.devices import available_devices, pick_device
from napari_cihm.models.doctor import examine
from napari_cihm.segmentation import segment_iter
from napari_cihm.segmentation.batch import Batch
from napari_cihm.segmentation.inputs import find_inputs
from napari_cihm.segmentation.measurements import measure

Job = Callable[..., Iterator[Event]]


@dataclass
class Loaded:
    """The model in use, kept so that the next run need not read it again."""

    key: tuple[Any, ...] = ()
    model: Model | None = None

    def get(self, name_or_path: str, device: str) -> Model:
        """Load a model, unless it is the one at hand and its file is unchanged."""
        path = find_model(name_or_path)
        changed = path.stat().st_mtime_ns if path.exists() else 0
        key = (path, changed, str(pick_device(device)))
        if self.model is None or key != self.key:
            self.model, self.key = load_model(name_or_path, device), key
        return self.model


LOADED = Loaded()


def look(model: str, device: str) -> Iterator[Event]:
    """Examine a model, and warm up what a run with it needs."""
    auto = str(pick_device(device))
    yield Machine(available_devices(), auto, bundled_names())
    seen = examine(model)
    if seen.usable:
        LOADED.get(model, device)
    yield seen


def segment(
    image: Image,
    model: str,
    settings: dict[str, Any],
    whole: Image | None = None,
    work: str | None = None,
) -> Iterator[Event]:
    """Segment an image and measure what was found; what lies on disk is not measured.

    Parameters
    ----------
    image : Image
        What is segmented.
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
    run = segment_iter(image, loaded, of=whole, work=work, **chosen.model_dump())
    for event in run:
        yield event
        single = loaded.config.task == "instance" and work is None
        if isinstance(event, Segmented) and single:
            by_slice = chosen.volume == "slices"
            yield Measured(tuple(measure(event.labels, event.image, by_slice)))


def measure_labels(labels: Any, image: Image) -> Iterator[Event]:
    """Measure the objects of labels that were edited."""
    yield Measured(tuple(measure(labels, image)))


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
    "look": look,
    "measure": measure_labels,
    "segment": segment,
    "segment_files": segment_files,
}
