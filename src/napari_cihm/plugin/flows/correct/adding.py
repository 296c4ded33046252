"""Adding an object: the model looks around the click, and its maps give the outline."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from napari.layers import Image as ImageLayer
from qtpy.QtCore import QObject

from napari_cihm.config import Channels
from napari_cihm.correction.adding import add_object
from napari_cihm.correction.edits import Edit
from napari_cihm.data.sizes import widths
from napari_cihm.errors import CihmError
from napari_cihm.events import Event, Segmented
from napari_cihm.plugin import notices
from napari_cihm.plugin.flows.correct.bench import Bench
from napari_cihm.plugin.flows.correct.mending import Mending
from napari_cihm.plugin.padded import Padded
from napari_cihm.plugin.pictures import array_of, picture_of
from napari_cihm.plugin.region import Region, region_of
from napari_cihm.plugin.runner import QUICK, Run
from napari_cihm.plugin.signing import record_of
from napari_cihm.plugin.tools import Ground

LEAST = 96  # pixels around a click that the model is shown
USUAL = 24.0  # pixels across an object of which nothing is known
PLANE = 2**22  # a plane of more pixels is not looked through for its contrast

Point = tuple[float, ...]
Apply = Callable[[Mending, Edit, Sequence[int]], None]


class Adding(QObject):
    """Proposes objects where the user points."""

    def __init__(self, bench: Bench, apply: Apply, parent: QObject) -> None:
        super().__init__(parent)
        self._bench, self._apply = bench, apply

    def add(self, mending: Mending, ground: Ground, points: Sequence[Point]) -> None:
        """Add the object that some points lie in, once the model has looked."""
        pairing = self._bench.pairing
        image = pairing.image_of(mending.layer)
        region = None if image is None else self._around(mending, image, points)
        if image is None or region is None:
            self._add(mending, ground, points, None, None)
            return
        settings = pairing.run_settings(image, mending.layer)
        grey = _grey(image, region, settings["channels"])
        seen = Padded(grey, region.shown_box, region.shown_shape)

        def add(maps: Padded | None) -> None:
            self._add(mending, ground, points, maps, seen)

        model = self._bench.desk.session.model
        if model is None or model.config is None or model.config.task != "instance":
            add(None)
            return
        settings["diameter"] = record_of(mending.layer).get("diameter")
        self._look(
            image,
            region,
            settings,
            lambda maps: mending.after_stroke(partial(add, maps)),
        )

    def _look(
        self,
        image: ImageLayer,
        region: Region,
        settings: Mapping[str, Any],
        take: Callable[[Padded | None], None],
    ) -> None:
        """Have the model look at a region; `take` gets its maps, or None."""
        maps: list[Padded] = []

        def hear(event: Event) -> None:
            if isinstance(event, Segmented):
                found = np.asarray(event.maps)
                part = found.reshape((len(found), *region.shown_part))
                maps.append(Padded(part, region.shown_box, region.shown_shape))

        def end(run: Run) -> None:
            if run.failure:
                notices.report(run.failure)
            take(maps[0] if maps else None)

        desk = self._bench.desk
        desk.runner.start(
            "segment",
            hear,
            end,
            lane=QUICK,
            image=picture_of(image, region),
            model=desk.session.source,
            settings={**settings, "maps": True},
            whole=self._plane(image, region),
        )

    def _add(
        self,
        mending: Mending,
        ground: Ground,
        points: Sequence[Point],
        maps: Padded | None,
        image: Padded | None,
    ) -> None:
        if self._bench.begun(mending.layer) is not mending:
            return  # the layer went while the model looked
        mending.settle()
        if mending.session.labels is not ground.labels:
            notices.tell("nothing was added: the labels have changed since the click")
            return
        config = getattr(self._bench.desk.session.model, "config", None)
        shape = tuple(mending.layer.data.shape)
        if image is not None and image.shape != shape:
            maps = image = None
        try:
            edit = add_object(
                ground.labels,
                points,
                maps=maps,
                image=image,
                diameter=_diameter_of(mending),
                decoding=None if config is None else config.decoding,
                axes=ground.plane,
                index=mending.session.index,
            )
        except CihmError as error:
            notices.explain(error)
            return
        self._apply(mending, edit, ground.plane)

    def _around(
        self, mending: Mending, image: ImageLayer, points: Sequence[Point]
    ) -> Region | None:
        """Return the part of the image around some points, in the plane on screen."""
        pairing, shape = self._bench.pairing, array_of(image).shape
        letters, axes = pairing.axes_of(mending.layer), pairing.axes_of_image(image)
        plane = self._bench.desk.scene.screen.plane(mending.layer)
        if len(axes) != len(shape) or len(letters) != len(points[0]):
            return None
        if {letters[a] for a in plane} != {"y", "x"}:
            return None
        reach = max(LEAST, 3 * _diameter_of(mending))
        spots = dict(zip(letters, np.transpose(points), strict=True))
        at = {a: round(float(spots[a][0])) for a in "tz" if a in spots}
        window = {
            a: (int(spots[a].min() - reach), int(spots[a].max() + reach)) for a in "yx"
        }
        return region_of(axes, shape, "view", at, window)

    def _plane(self, image: ImageLayer, region: Region) -> Any:
        """Return the plane that a region lies in, which tells dark from bright."""
        box = dict(zip(region.axes, region.box, strict=True))
        at = {a: box[a].start for a in "tz" if a in box}
        plane = region_of(region.axes, region.shape, "slice", at)
        few = np.prod(plane.shown_part, dtype=np.int64) <= PLANE
        return picture_of(image, plane) if few else None


def _grey(image: ImageLayer, region: Region, channels: Channels) -> Any:
    """Return the intensities of a region, of one channel or of all on average."""
    part = np.asarray(array_of(image)[region.box])
    if "c" in region.axes:
        axis = region.axes.index("c")
        if isinstance(channels, int) and channels < part.shape[axis]:
            part = part.take([channels], axis)
        part = part.mean(axis, keepdims=True)
    return part.reshape(region.shown_part)


def _diameter_of(mending: Mending) -> float:
    """Return how many pixels objects are usually across."""
    known = record_of(mending.layer).get("diameter")
    if known:
        return float(known)
    counts = mending.session.index.counts() if mending.session.index.ready else {}
    if not counts or mending.layer.ndim > 2:
        return USUAL
    return float(widths(np.median(list(counts.values()))))
