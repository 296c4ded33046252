"""The table of measurements of one layer of labels."""

from typing import Any

import numpy as np
from napari.layers import Image as ImageLayer
from napari.layers import Labels
from numpy.typing import NDArray
from qtpy.QtCore import QObject, QTimer

from napari_cihm.correction.edits import Edit
from napari_cihm.events import Event, Measured
from napari_cihm.plugin import notices
from napari_cihm.plugin.flows.correct.bench import Bench
from napari_cihm.plugin.pictures import array_of, picture_of
from napari_cihm.plugin.region import Region, region_of
from napari_cihm.plugin.runner import Run
from napari_cihm.plugin.signing import id_of, record_of, sign
from napari_cihm.plugin.steps import is_painted
from napari_cihm.plugin.wording import quoted

CALM = 200  # milliseconds without a change, after which labels are measured
MANY = 1 << 20  # pixels of an edit through which nobody looks for its objects
LANE = "tables"  # a lane of their own: nobody waits for them

Columns = dict[str, NDArray[Any]]
Objects = set[int] | None  # None for all of them


class Table(QObject):
    """The table of one layer: emptied as its labels change, filled when it is calm.

    Of edits of which it is known what they changed, only those objects are measured
    anew. A table that someone else put in its place, or added to, is theirs until
    the next run.
    """

    def __init__(self, layer: Labels, bench: Bench, parent: QObject) -> None:
        super().__init__(parent)
        self._layer, self._bench = layer, bench
        self._region: Region | None = None
        self._columns: Columns | None = None  # as measured last
        self._seen: Any = None  # on which image, and what was said of it
        self._due: Objects = set()  # what is not right in them
        self._asked: Objects = set()
        self._run: Run | None = None
        self._calm = QTimer(self, singleShot=True, interval=CALM)
        self._calm.timeout.connect(self._measure)
        self._steps = self._history
        self._links = (
            (layer.events.paint, self._on_edited),
            (layer.events.data, self._on_edited),
            (layer.events.set_data, self._on_set_data),
        )
        for emitter, callback in self._links:
            emitter.connect(callback)
        self._know()

    def begin(self, region: Region | None) -> None:
        """Measure all of the labels, whoever filled the table before."""
        self._region = region
        self._know()
        self.change(None)
        self._calm.stop()
        self._measure()

    def change(self, edit: Edit | None) -> None:
        """Show nothing that may be wrong by now, and measure it when it is calm.

        Where it is not known what changed there is no edit.
        """
        if not self._is_ours:
            return
        objects = _objects_of(edit)
        if self._due is None or self._columns is None or objects is None:
            self._due = None
        else:
            self._due |= objects
        if len(self._layer.features):
            self._show({})
        self._calm.start()

    def close(self) -> None:
        """Hear no more."""
        self._run = None
        self._calm.stop()
        for emitter, callback in self._links:
            emitter.disconnect(callback)

    @property
    def possible(self) -> bool:
        """Whether the labels can be measured."""
        return self._subject() is not None

    @property
    def _is_ours(self) -> bool:
        now = self._layer.features
        return now is self._shown and list(now) == self._names

    @property
    def _history(self) -> tuple[int, int]:
        """How many steps can be undone and redone."""
        layer = self._layer
        return len(layer._undo_history), len(layer._redo_history)

    def _on_edited(self, event: Any = None) -> None:
        self._steps = self._history
        if self._bench.begun(self._layer) is None:  # else it says what was edited
            self.change(None)

    def _on_set_data(self, event: Any = None) -> None:
        if self._history != self._steps:  # undone or redone, which is told thus alone
            self._on_edited()

    def _show(self, columns: Columns) -> None:
        """Fill the features table, one row an object, or empty it."""
        layer = self._layer
        layer.features = {
            "index" if name == "label" else name: column
            for name, column in columns.items()
        }
        sign(layer, {**record_of(layer), "measured": True})
        self._know()

    def _know(self) -> None:
        self._shown = self._layer.features
        self._names = list(self._shown)

    def _measure(self) -> None:
        if self._run is not None:
            return  # its end comes back here
        if is_painted(self._layer):
            self._calm.start()
            return
        subject = self._subject()
        if subject is None:
            return
        image, region = subject
        picture = picture_of(image, region)
        seen = id_of(image), picture.axes, picture.scale, picture.units
        self._asked = self._due if seen == self._seen else None
        self._due, self._seen = set(), seen
        settings = record_of(self._layer).get("settings", {})
        self._run = self._bench.desk.runner.start(
            "measure",
            self._on_event,
            self._on_end,
            LANE,
            labels=region.fed_labels(self._layer.data),
            image=picture,
            by_slice=settings.get("volume") == "slices",
            only=None if self._asked is None else np.array(sorted(self._asked)),
        )

    def _subject(self) -> tuple[ImageLayer, Region] | None:
        """Return what the labels are of; None where they cannot be measured.

        Those on disk are not: it takes too long.
        """
        layer = self._layer
        image = self._bench.pairing.image_of(layer)
        if image is None or not isinstance(layer.data, np.ndarray):
            return None
        if self._region is not None:
            return image, self._region
        shape = array_of(image).shape
        axes = record_of(layer).get("axes")
        axes = axes or self._bench.pairing.axes_of_image(image)
        if len(axes) != len(shape):
            return None
        region = region_of(axes, shape)
        return (image, region) if layer.data.shape == region.shown_shape else None

    def _on_event(self, event: Event) -> None:
        if self._run is None or not isinstance(event, Measured):
            return
        if self._due is None or not self._is_ours:
            return  # all of it may be wrong by now
        fresh = dict(event.columns)
        if self._asked is not None and self._columns is not None:
            fresh = merged(self._columns, fresh, self._asked)
        self._columns, self._asked = fresh, set()
        if not self._due:
            self._show(fresh)

    def _on_end(self, run: Run) -> None:
        if run is not self._run:
            return
        self._run = None
        if run.failure:
            self._due = None
            name, why = quoted(self._layer.name), run.failure.text
            notices.warn(f"{name} was not measured: {why}", run.failure.remedy)
        elif self._due != set():
            self._calm.start()


def merged(columns: Columns, fresh: Columns, objects: set[int]) -> Columns:
    """Put rows of some objects in place of those they had, in the order of all."""
    if not columns:
        return fresh
    kept = ~np.isin(columns["label"], list(objects))
    whole = {
        name: np.concatenate([column[kept], fresh[name]]) if fresh else column[kept]
        for name, column in columns.items()
    }
    keys = [whole[name] for name in ("label", "z", "t") if name in whole]
    order = np.lexsort(keys)  # the last key counts most
    return {name: column[order] for name, column in whole.items()}


def _objects_of(edit: Edit | None) -> Objects:
    """Return which objects an edit took pixels from or gave them; None if unknown."""
    if edit is None:
        return None
    held = [np.ravel(v) for block in edit.blocks for v in (block.old, block.new)]
    if sum(values.size for values in held) > MANY:
        return None
    # Neighbours are mostly alike: without them few numbers are left to sort.
    ends = [v[np.append(v[1:] != v[:-1], True)] for v in held]
    return {int(n) for values in ends for n in np.unique(values)} - {0}
