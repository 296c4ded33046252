"""Asking the model where it is unsure of an image."""

from collections.abc import Callable, Mapping
from typing import Any

from napari.layers import Image as ImageLayer
from qtpy.QtCore import QObject

from napari_cihm.errors import CihmError
from napari_cihm.events import Doubted, Event, TileDone
from napari_cihm.plugin import notices
from napari_cihm.plugin.flows.desk import Desk
from napari_cihm.plugin.pictures import array_of, picture_of
from napari_cihm.plugin.region import region_of
from napari_cihm.plugin.runner import Run, RunState
from napari_cihm.plugin.views.run_bar import READY


class Doubting(QObject):
    """A task that ends in a map of doubt."""

    title = "Finding where the model is unsure"

    def __init__(self, desk: Desk, parent: QObject) -> None:
        super().__init__(parent)
        self._desk = desk
        self._run: Run | None = None
        self._take: Callable[[Doubted], None] | None = None
        self._answer: Doubted | None = None

    def ask(
        self,
        image: ImageLayer,
        axes: str,
        settings: Mapping[str, Any],
        order: str,
        take: Callable[[Doubted], None],
    ) -> None:
        """Ask about all of an image.

        Parameters
        ----------
        settings : mapping
            Of `SegmentSettings`.
        order : str
            "uncertainty", or "disagreement" of flips.
        take : callable
            Gets the answer once the task is over, unless it is stopped before.
        """
        if self._run is not None:
            return
        self._take = take
        session = self._desk.session
        region = region_of(axes, array_of(image).shape)
        try:
            picture = picture_of(image, region)
        except CihmError as error:
            notices.explain(error)
            return
        self._run = self._desk.runner.start(
            "doubt",
            self._on_event,
            self._on_end,
            image=picture,
            model=session.source,
            settings=dict(settings),
            order=order,
        )
        self._desk.tasks.begin(self)

    def stop(self) -> None:
        """Stop at the next tile."""
        if self._run is not None:
            self._desk.runner.stop(self._run)

    def _on_event(self, event: Event) -> None:
        if isinstance(event, TileDone):
            words = f"{self.title}: tile {event.done} of {event.total}"
            self._desk.tasks.progress(self, words, event.done, event.total)
        elif isinstance(event, Doubted):
            self._answer = event

    def _on_end(self, run: Run) -> None:
        words = "Stopped." if run.state is RunState.STOPPED else READY
        if run.failure:
            words = notices.report(run.failure)
        take, answer = self._take, self._answer
        self._run = self._take = self._answer = None
        self._desk.tasks.end(self, words)
        if take is not None and answer is not None:  # who may say more than that
            take(answer)
