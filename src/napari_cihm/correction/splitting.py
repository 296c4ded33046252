"""Tools that make several objects of one."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage import segmentation

from napari_cihm.correction.chunked import readable
from napari_cihm.correction.edits import Block, Edit, edit_of
from napari_cihm.correction.erasing import others_note
from napari_cihm.correction.given import check_axes_of, check_point
from napari_cihm.correction.label_index import LabelIndex
from napari_cihm.correction.lines import crossed, cut_sides
from napari_cihm.correction.pieces import Piece, flood, label_at, piece_at
from napari_cihm.correction.windows import Window
from napari_cihm.data.boxes import start_of
from napari_cihm.errors import InputError

Pixel = tuple[int, ...]
Cut = tuple[Window, NDArray[np.int32]]


def split_along(
    labels: Any,
    line: Sequence[Sequence[float]],
    *,
    axes: Sequence[int] | None = None,
    plane: Sequence[int] | None = None,
    index: LabelIndex | None = None,
) -> Edit:
    """Split objects along a drawn line; the largest part keeps the number.

    Every object that the line crosses from edge to edge is split. Where it
    crosses none, the object it runs over longest is cut along the line made
    longer at both ends.

    Parameters
    ----------
    labels : array-like of int
        numpy, zarr, dask or chunked labels.
    line : sequence of points
        Corners of the line.
    axes : sequence of int, optional
        Axes of the objects that are cut: the two of the plane on screen cut one
        slice, all of them (the default) cut the object through its depth.
    plane : sequence of int, optional
        The two axes the line was drawn along; the last two of `axes` by default.
    index : LabelIndex, optional
        Gives the new numbers without a scan of the labels.
    """
    labels = readable(labels)
    chosen = check_axes_of(axes, len(labels.shape))
    drawn = check_axes_of(chosen[-2:] if plane is None else plane, len(labels.shape))
    if len(drawn) != 2 or not set(drawn) <= set(chosen):
        raise InputError(
            f"a line drawn along axes {drawn}", f"two of the axes {chosen}"
        )
    met = [piece for piece, _ in crossed(labels, line, chosen).most_common()]
    cuts = _cuts(labels, met, line, drawn)
    if not cuts:
        cuts = _cuts(labels, met[:1], line, drawn, extend=True)
    if not cuts:
        raise InputError(
            "the line crosses no object from edge to edge",
            "a line that begins and ends outside the object",
        )
    return _parted(labels, cuts, index)


def split_at(
    labels: Any,
    points: Sequence[Sequence[float]],
    *,
    axes: Sequence[int] | None = None,
    spacing: Sequence[float] | None = None,
    index: LabelIndex | None = None,
) -> Edit:
    """Split an object between clicks, where it is narrowest between them.

    A watershed of the distance to the object's edge, from the clicks; the part
    of the first click keeps the number. Pieces that are apart already, as on both
    sides of a slice that the object skips, only get numbers of their own.

    Parameters
    ----------
    labels, axes, index
        As for `split_along`.
    points : sequence of points
        Two or more pixels of one object.
    spacing : sequence of float, optional
        Size of a pixel along each axis of the labels, where they differ.
    """
    labels = readable(labels)
    if len(points) < 2:
        raise InputError(f"{len(points)} clicks", "two clicks or more in one object")
    cuts: list[tuple[Piece, Cut]] = []
    for piece, pixels in _clicked(labels, points, axes).items():
        window, sides = _shares(labels, piece, pixels, spacing)
        if cuts:  # none of its sides keeps the number
            sides[sides > 0] += 1
        cuts.append((piece, (window, sides)))
    return _parted(labels, cuts, index)


def _clicked(
    labels: Any, points: Sequence[Sequence[float]], axes: Sequence[int] | None
) -> dict[Piece, list[Pixel]]:
    """Return the pieces of one object that were clicked, each with its clicks."""
    first = piece_at(labels, points[0], axes)
    here = check_point(points[0], labels.shape)
    others = [a for a in range(len(here)) if a not in first.axes]
    clicked: dict[Piece, list[Pixel]] = {first: []}
    for point in points:
        pixel = check_point(point, labels.shape)
        piece = next((one for one in clicked if pixel in one), None)
        if piece is None:
            apart = any(pixel[a] != here[a] for a in others)
            if apart or label_at(labels, pixel) != first.label:
                raise InputError(
                    f"the point {pixel} is not in object {first.label} that was "
                    "clicked first",
                    "all clicks in one object",
                )
            piece = flood(labels, pixel, first.label, first.axes)
        clicked.setdefault(piece, []).append(pixel)
    return clicked


def _shares(
    labels: Any, piece: Piece, pixels: list[Pixel], spacing: Sequence[float] | None
) -> Cut:
    """Share a piece out among the pixels that were clicked in it."""
    window = Window.around(labels, piece)
    start = start_of(window.box)
    seeds = np.zeros(window.mask.shape, np.int32)
    for rank, pixel in enumerate(pixels, 1):
        place = tuple(pixel[a] - start[a] for a in piece.axes)
        if seeds[place]:
            raise InputError("two clicks fell on one pixel", "clicks apart")
        seeds[place] = rank
    size = None if spacing is None else [spacing[a] for a in piece.axes]
    depth = _depth(window.mask, size)
    return window, segmentation.watershed(
        -depth, seeds, connectivity=depth.ndim, mask=window.mask
    )


def _cuts(
    labels: Any,
    pieces: Sequence[Piece],
    line: Sequence[Sequence[float]],
    drawn: tuple[int, ...],
    extend: bool = False,
) -> list[tuple[Piece, Cut]]:
    """Tell apart the sides, the largest first, of the pieces that a line cuts."""
    cuts = []
    for piece in pieces:
        window = Window.around(labels, piece)
        here = np.asarray(line, np.float64) - start_of(window.box)
        through = [piece.axes.index(a) for a in drawn]
        sides = cut_sides(window.mask, here[:, drawn].tolist(), through, extend)
        if sides is not None:
            cuts.append((piece, (window, sides)))
    return cuts


def _parted(
    labels: Any, cuts: Sequence[tuple[Piece, Cut]], index: LabelIndex | None
) -> Edit:
    """Give every side but the first of each cut a new number."""
    wanted = sum(int(sides.max()) - 1 for _, (_, sides) in cuts)
    index = LabelIndex(labels) if index is None else index
    used = iter(index.fresh(wanted))
    blocks: list[Block | None] = []
    made: dict[int, list[int]] = {}
    for piece, (window, sides) in cuts:
        new = [next(used) for _ in range(int(sides.max()) - 1)]
        table = np.array([0, piece.label, *new], labels.dtype)
        blocks.append(window.block(np.where(sides > 0, table[sides], window.near)))
        made.setdefault(piece.label, [piece.label]).extend(new)
    words = [
        f"object {label} into {', '.join(map(str, numbers[:-1]))} and {numbers[-1]}"
        for label, numbers in made.items()
    ]
    note = others_note(index, *[piece for piece, _ in cuts])
    return edit_of(blocks, labels, f"Split {'; '.join(words)}", note)


def _depth(
    mask: NDArray[np.bool_], spacing: Sequence[float] | None
) -> NDArray[np.float64]:
    if mask.all():
        # It fills the image: no edge is nearer than another.
        return np.zeros(mask.shape)
    return np.asarray(ndimage.distance_transform_edt(mask, sampling=spacing))
