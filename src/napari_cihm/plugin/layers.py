"""Layers of labels that last: what runs found, and copies that the user edits."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Image as ImageLayer
from napari.layers import Labels
from qtpy.QtCore import QObject, Signal

from napari_cihm.config import SegmentSettings
from napari_cihm.correction.chunked import ChunkedArray
from napari_cihm.correction.edits import Edit, changed, edit_of
from napari_cihm.correction.keeping import keep_reviewed, kind_for
from napari_cihm.data.boxes import start_of
from napari_cihm.plugin import notices
from napari_cihm.plugin.pictures import array_of
from napari_cihm.plugin.placing import add, lay, place_over
from napari_cihm.plugin.previews import DTYPE, Previews
from napari_cihm.plugin.region import Region
from napari_cihm.plugin.scene import Scene
from napari_cihm.plugin.signing import (
    id_of,
    is_of,
    is_passing,
    is_signed,
    sign,
    sign_for,
)
from napari_cihm.plugin.splicing import spliced
from napari_cihm.plugin.steps import write
from napari_cihm.plugin.wording import quoted

if TYPE_CHECKING:
    from napari_cihm.correction.reviewed import Reviewed


@dataclass(frozen=True, eq=False)
class Found:
    """What a run found in a region of an image.

    Attributes
    ----------
    region : Region
        Where the run looked, and what of it was asked for.
    labels : array-like of int
        Of the region, with the axes of a labels layer.
    about : mapping
        What is known of them, to be written into their layer.
    linking : SegmentSettings, optional
        How objects are linked; None for classes.
    """

    image: ImageLayer
    region: Region
    labels: Any
    about: Mapping[str, Any]
    linking: SegmentSettings | None

    @property
    def stale(self) -> bool:
        """Whether the image has become another meanwhile."""
        return bool(array_of(self.image).shape != self.region.shape)


class ResultLayers(QObject):
    """Puts results into the viewer, never into a layer that is not ours.

    Attributes
    ----------
    made
        Emitted with labels whose objects a run told apart, and with the region they
        are of if it is not all of their image.
    rewritten
        Emitted with labels that were there already and that a run has changed.
    reviewed_of : callable
        Says what was reviewed of some labels; set by whoever keeps the marks.
    writing : bool
        Whether labels are being changed by a run, at which nobody has looked yet.
    """

    made = Signal(object, object)
    rewritten = Signal(object)

    def __init__(self, scene: Scene, previews: Previews, parent: QObject) -> None:
        super().__init__(parent)
        self._scene, self._previews = scene, previews
        self.reviewed_of: Callable[[Labels], Reviewed | None] = lambda layer: None
        self.writing = False

    def own(self, image: ImageLayer) -> Labels | None:
        """Return the labels that an earlier run made of an image, if they are there.

        A copy that the user made of them is the user's.
        """
        for layer in self._scene.labels:
            if is_signed(layer) and is_of(layer, image) and not is_passing(layer):
                return layer
        return None

    def settle(self, live: Labels, found: Found) -> Labels:
        """Turn what was shown while it ran into the result.

        Labels that an earlier run made are changed by an edit that can be undone,
        save for what was reviewed. Otherwise the result is a layer of its own.
        Labels of an image that has become another meanwhile stay where it lay.
        """
        image, region = found.image, found.region
        if found.stale:
            live.data = found.labels.astype(DTYPE)
            _leave(live, image)
            return live
        follow, own = self._scene.active in (image, None), self.own(image)
        if own is not None and _fits(own, region):
            self._previews.remove(live)
            self._rewrite(own, found)
            result = own
        elif region.whole:
            live.data = found.labels.astype(DTYPE)
            lay(live, place_over(image, region))
            _give(live, f"{image.name} labels")
            result = live
        else:
            self._previews.remove(live)
            _tell_beside(own)
            data = np.zeros(region.shown_shape, DTYPE)
            data[region.shown_box] = spliced(
                data, region, found.labels, None, found.linking
            )
            name, place = f"{image.name} labels", place_over(image, region)
            result = Labels(data, name=name, **place)
            add(self._scene.layers, result)
        sign_for(result, image, found.about)
        self._previews.drop(image)
        if follow:
            self._scene.layers.selection.active = result
        return result

    def add_large(self, found: Found, preview: bool) -> Labels:
        """Add labels that lie on disk; what is edited is kept apart, in memory.

        They change no earlier ones, which are hidden by a run over all of the image.
        """
        image, region = found.image, found.region
        follow, before = self._scene.active in (image, None), self.own(image)
        self._previews.drop(image)
        place = {} if found.stale else place_over(image, region, True)
        data = ChunkedArray.over(found.labels).astype(DTYPE)
        layer = Labels(data, name=f"{image.name} labels", **place)
        add(self._scene.layers, layer)
        if found.stale:
            _leave(layer, image)
            return layer
        if preview:
            self._previews.keep(layer, image, region)
            return layer
        sign_for(layer, image, found.about)
        if before is not None and region.whole:
            before.visible = False
            notices.tell(f"the earlier labels are kept, hidden: {quoted(before.name)}")
        else:
            _tell_beside(before)
        if follow:
            self._scene.layers.selection.active = layer
        return layer

    def add_copy(
        self,
        labels: Any,
        name: str,
        place: Mapping[str, Any],
        image: ImageLayer | None = None,
        about: Mapping[str, Any] | None = None,
    ) -> Labels:
        """Add labels that the user is to edit, and say what image they are of."""
        layer = Labels(labels, name=name, **place)
        known = {} if image is None else {"image_id": id_of(image)}
        if about or known:
            sign(layer, {**(about or {}), **known})
        add(self._scene.layers, layer)
        self._scene.layers.selection.active = layer
        return layer

    def _rewrite(self, own: Labels, found: Found) -> None:
        """Change labels that are there, as one step that can be undone."""
        region, labels = found.region, found.labels
        box, marks = region.shown_box, self.reviewed_of(own)
        touched = marks is not None and marks.touches(box)
        reviewed = marks.read(box) if marks is not None and touched else None
        if not region.whole or found.linking is None:
            labels = spliced(own.data, region, labels, reviewed, found.linking)
        elif reviewed is not None:
            labels = keep_reviewed(own.data[box], reviewed, labels)
        kind = kind_for(own.data.dtype, int(labels.max(initial=0)))
        if kind != own.data.dtype:
            notices.tell(
                f"{quoted(own.name)} needed more numbers than {own.data.dtype} has: "
                f"it is {kind} now"
            )
            own.data = own.data.astype(kind)
        block = changed(start_of(box), own.data[box], labels.astype(kind))
        if block is not None:
            self._write(own, edit_of([block], own.data))
        lay(own, place_over(found.image, region))
        self.rewritten.emit(own)

    def _write(self, own: Labels, edit: Edit) -> None:
        self.writing = True
        try:
            write(own, edit)
        finally:
            self.writing = False


def _leave(layer: Labels, image: ImageLayer) -> None:
    """Leave labels of pixels that the image has no more to the user."""
    notices.warn(
        f"{quoted(image.name)} changed while it was being segmented; these labels "
        "belong to its earlier pixels",
        "segment it again",
    )
    _give(layer, f"{image.name} labels (earlier pixels)")


def _give(layer: Labels, name: str) -> None:
    """Let the user edit what was shown while it ran, under another name."""
    layer.editable, layer.metadata = True, {}
    layer.name = name


def _tell_beside(before: Labels | None) -> None:
    """Say why a part that was segmented again is no step of earlier labels."""
    if before is not None and not isinstance(before.data, np.ndarray):
        notices.tell(
            "a run does not change labels that lie on disk: "
            f"its own are a layer beside {quoted(before.name)}"
        )


def _fits(layer: Labels, region: Region) -> bool:
    in_memory = isinstance(layer.data, np.ndarray)
    return in_memory and layer.data.shape == region.shown_shape
