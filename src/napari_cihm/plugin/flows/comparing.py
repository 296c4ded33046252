"""Two models beside each other: the outlines of both over the slice that is shown."""

from functools import partial
from pathlib import Path

from napari.layers import Image as ImageLayer
from napari.layers import Labels

from napari_cihm.events import Event, Segmented
from napari_cihm.plugin import notices
from napari_cihm.plugin.flows.desk import Desk
from napari_cihm.plugin.flows.lessons import Lessons
from napari_cihm.plugin.pictures import picture_of
from napari_cihm.plugin.region import Region
from napari_cihm.plugin.runner import Run

COLOURS = "#ff9f43", "#4aa8ff"  # told apart by colour-blind eyes too


class Comparing:
    """Shows what two models make of the image that is worked on."""

    def __init__(self, desk: Desk, lessons: Lessons) -> None:
        self._desk, self._lessons = desk, lessons
        self._outlines: list[Labels] = []

    def show(self, first: str, second: str) -> None:
        """Lay the outlines of two models over the slice, in place of earlier ones."""
        session, screen = self._desk.session, self._desk.scene.screen
        image = session.image
        if image is None:
            notices.refuse(
                "there is no image to compare the models on", "open one first"
            )
            return
        self.clear()
        region = screen.region(image, session.axes, "slice")
        settings = {"device": session.device, "channels": self._lessons.channels(image)}
        for source, colour in zip((first, second), COLOURS, strict=True):
            name = f"{image.name} by {_name(source)}"
            self._desk.runner.start(
                "segment",
                partial(self._on_event, image, region, name, colour),
                _on_end,
                image=picture_of(image, region),
                model=source,
                settings=settings,
            )

    def clear(self) -> None:
        """Take the outlines away."""
        for layer in self._outlines:
            self._desk.previews.remove(layer)
        self._outlines.clear()

    def _on_event(
        self, image: ImageLayer, region: Region, name: str, colour: str, event: Event
    ) -> None:
        if isinstance(event, Segmented) and self._desk.scene.holds(image):
            outline = self._desk.previews.outline
            self._outlines.append(outline(image, region, event.labels, name, colour))


def _on_end(run: Run) -> None:
    if run.failure:
        notices.report(run.failure)


def _name(source: str) -> str:
    """Call a version by its number and name, another model by its file."""
    number, _, name = Path(source).stem.partition("_")
    return f"{name} ({int(number)})" if number.isdigit() and name else Path(source).stem
