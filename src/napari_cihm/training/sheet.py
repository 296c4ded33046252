"""A sheet of pictures: image, truth, result and what is wrong, side by side."""

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import ImageDraw, ImageFont, ImageOps
from skimage.segmentation import find_boundaries

from napari_cihm.data.normalise import normalise
from napari_cihm.data.writing import ready_file, whole_file
from napari_cihm.errors import InputError
from napari_cihm.events import Event, ImageScored
from napari_cihm.training.metrics import Overlaps
from napari_cihm.training.trial import Overlay

SIDE = 256
GAP = 6
LINE, LETTERS = 20, 13  # height of a line of words, and of its letters
KINDS = (".png", ".jpg", ".tif", ".pdf")
MOST = 6  # parts held out that are shown
FOUND, MISSED, INVENTED = (90, 190, 110), (230, 70, 70), (70, 130, 240)
COLOURS = {"found": FOUND, "missed": MISSED, "invented": INVENTED}
COLUMNS = "image", "truth", "labels of the model"  # and the errors, in their colours


@dataclass(frozen=True)
class Shown:
    """An image with its true and its found labels, of objects or of classes."""

    name: str
    image: NDArray[np.generic]
    truth: NDArray[np.integer]
    found: NDArray[np.integer]
    classes: bool = False


def write_sheet(path: Path, rows: Sequence[tuple[str, Shown]]) -> None:
    """Write a picture with a row for each image, under a line of words.

    The last picture is green where objects found each other at an IoU of one
    half, red where a true one was missed and blue where one was invented; of classes
    it says so of each pixel.
    """
    width, height = 4 * (SIDE + GAP) + GAP, SIDE + LINE + GAP
    sheet = Pillow.new("RGB", (width, LINE + height * len(rows) + GAP), "white")
    draw = ImageDraw.Draw(sheet)
    draw.font = ImageFont.load_default(LETTERS)
    _head(draw)
    for number, (words, shown) in enumerate(rows):
        top = LINE + GAP + number * height
        draw.text((GAP, top), f"{shown.name}  {words}", fill="black")
        base = _grey(shown.image)
        pictures = (
            base,
            _outlined(base, shown.truth),
            _outlined(base, shown.found),
            (slips if shown.classes else errors)(shown.truth, shown.found),
        )
        for column, picture in enumerate(pictures):
            fitted = ImageOps.contain(Pillow.fromarray(picture), (SIDE, SIDE))
            sheet.paste(fitted, (_left(column), top + LINE))
    kind = Pillow.registered_extensions()[path.suffix.lower()]
    with whole_file(path) as file:
        sheet.save(file, kind)


def _head(draw: ImageDraw.ImageDraw) -> None:
    """Say what the columns show, and what the colours of the last one mean."""
    for column, name in enumerate(COLUMNS):
        draw.text((_left(column), GAP), name, fill="grey")
    left = _left(len(COLUMNS))
    for name, colour in COLOURS.items():
        draw.text((left, GAP), name, fill=colour)
        left += int(draw.textlength(name)) + 2 * GAP


def _left(column: int) -> int:
    return GAP + column * (SIDE + GAP)


def ready_sheet(path: Path) -> None:
    """Find out before any work whether a sheet can be written.

    Raises
    ------
    InputError
        When the name has no ending that says which kind of picture it is to be, or
        a folder is called so.
    WriteError
        When its folder cannot be written to.
    """
    if path.suffix.lower() not in KINDS:
        raise InputError(f"the sheet {path} is not a picture", f"{', '.join(KINDS)}")
    ready_file(path)


class Worst:
    """The worst images of an evaluation, kept while it goes by; the others are let go.

    Parameters
    ----------
    most : int
        Images to keep.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self._kept: list[tuple[float, int, str, Shown]] = []  # a heap: the best first

    def watch(self, events: Iterator[Event]) -> Iterator[Event]:
        """Pass events on."""
        for event in events:
            if isinstance(event, ImageScored):
                one = event.scored
                row = (-one.figure, -event.done, one.words, event.shown)
                if len(self._kept) < self.most:
                    heapq.heappush(self._kept, row)
                elif self.most:
                    heapq.heappushpop(self._kept, row)
            yield event

    @property
    def rows(self) -> list[tuple[str, Shown]]:
        """The worst, the very worst first."""
        return [(words, shown) for *_, words, shown in sorted(self._kept)[::-1]]


def before_and_after(overlays: Sequence[Overlay]) -> list[tuple[str, Shown]]:
    """List what two models made of the parts held out, one above the other."""
    rows = []
    for number, seen in enumerate(overlays[:MOST], 1):
        truth, before, after = (
            np.where(seen.block, labels, 0)
            for labels in (seen.truth, seen.base, seen.new)
        )
        name = f"held-out part {number}"
        rows.append(("before", Shown(name, seen.image, truth, before)))
        rows.append(("after", Shown(name, seen.image, truth, after)))
    return rows


def errors(truth: NDArray[np.integer], found: NDArray[np.integer]) -> NDArray[np.uint8]:
    """Colour what was found, what was missed and what was invented."""
    overlaps = Overlaps.of(truth, found)
    rows, columns, _ = overlaps.from_iou(0.5)
    met, right = overlaps.true[rows], overlaps.found[columns]
    out = np.zeros((*truth.shape, 3), np.uint8)
    out[(found > 0) & ~np.isin(found, right)] = INVENTED
    out[(truth > 0) & ~np.isin(truth, met)] = MISSED
    out[np.isin(found, right)] = FOUND
    return _edged(out, truth)


def slips(truth: NDArray[np.integer], found: NDArray[np.integer]) -> NDArray[np.uint8]:
    """Colour the pixels of the right class, those missed, and those invented."""
    out = np.zeros((*truth.shape, 3), np.uint8)
    out[(found > 0) & (truth == 0)] = INVENTED
    out[(truth > 0) & (found != truth)] = MISSED
    out[(truth > 0) & (found == truth)] = FOUND
    return _edged(out, truth)


def _edged(out: NDArray[np.uint8], truth: NDArray[np.integer]) -> NDArray[np.uint8]:
    edges = find_boundaries(truth, mode="inner")
    out[edges] = out[edges] // 2 + 127
    return out


def _grey(image: NDArray[np.generic]) -> NDArray[np.uint8]:
    shown = np.clip(normalise(image), 0, 1) ** 0.7
    colour = shown if shown.shape[0] == 3 else np.repeat(shown[:1], 3, axis=0)
    return np.moveaxis(np.round(255 * colour), 0, -1).astype(np.uint8)


def _outlined(
    base: NDArray[np.uint8], labels: NDArray[np.integer]
) -> NDArray[np.uint8]:
    out = base.copy()
    out[find_boundaries(labels, mode="inner")] = (255, 210, 0)
    return out
