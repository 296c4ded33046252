"""Opening folders of images and masks, as training reads them: as lazy stacks."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import dask.array as da
import numpy as np
from dask.delayed import delayed
from numpy.typing import NDArray

from napari_cihm.data.image import COLOUR
from napari_cihm.data.layouts import find_pairs, fitting, is_split
from napari_cihm.data.listing import natural
from napari_cihm.data.pairs import PairSource
from napari_cihm.data.pictures import form_of, read_picture
from napari_cihm.plugin import notices

LayerData = tuple[Any, dict[str, Any], str]
Reader = Callable[[str | Sequence[str]], list[LayerData]]
Form = tuple[tuple[int, int, int], np.dtype[Any]]

MOST = 12  # stacks, each of which is two layers of the viewer


class Stack(NamedTuple):
    """Pairs of one size and kind, and what to call them."""

    name: str
    form: Form
    pairs: list[PairSource]


def get_reader(path: str | Sequence[str]) -> Reader | None:
    """Return what reads a folder of images and masks; None for any other path.

    Parameters
    ----------
    path : str or sequence of str
        One folder; several are left to others.
    """
    if not isinstance(path, str) or not Path(path).is_dir():
        return None
    return read_folder if all(map(fitting, _parts(Path(path)).values())) else None


def read_folder(path: str | Sequence[str]) -> list[LayerData]:
    """Read a single pair, or stacks of all pairs of each size.

    Raises
    ------
    DataError
        As training does.
    """
    parts = _parts(Path(str(path)).absolute())
    found = {
        name: sorted(find_pairs(folder), key=lambda pair: natural(pair.name))
        for name, folder in parts.items()
    }
    if [len(pairs) for pairs in found.values()] == [1]:
        return _single(*found.popitem()[1])
    stacks = [stack for item in found.items() for stack in _stacks(*item)]
    by_count = sorted(stacks, key=lambda stack: -len(stack.pairs))
    kept, left_out = by_count[:MOST], by_count[MOST:]
    if left_out:
        notices.warn(
            f"images of rarer sizes were left out: of {len(stacks)} sizes, with two "
            f"layers each, only the {MOST} with the most images were opened",
            "move the others to a folder of their own and open that",
        )
    return [
        layer
        for stack in stacks
        if stack in kept
        for layer in _layers(stack, stack is by_count[0])
    ]


def _parts(folder: Path) -> dict[str, Path]:
    """Return the folder, or both parts of one that is split, by what to call them."""
    if not is_split(folder):
        return {folder.name: folder}
    return {f"{folder.name} {part}": folder / part for part in ("train", "val")}


def _stacks(name: str, pairs: Sequence[PairSource]) -> Iterator[Stack]:
    """Put pairs of one size and kind together, the most of them last."""
    by_form: dict[Form, list[PairSource]] = defaultdict(list)
    forms: dict[str, Form] = {}
    for pair in pairs:
        by_form[_form_of(pair, forms)].append(pair)
    for form, members in sorted(by_form.items(), key=lambda group: len(group[1])):
        _, height, width = form[0]
        yield Stack(f"{name} {height}x{width}", form, members)


def _form_of(pair: PairSource, forms: dict[str, Form]) -> Form:
    """Return the size and kind of an image; of a volume's slices the first tells."""
    if pair.picture is not None:
        return form_of(pair.picture)
    if pair.volume not in forms:
        image = pair.read().image
        channels, height, width = image.shape
        forms[pair.volume] = (channels, height, width), image.dtype
    return forms[pair.volume]


def _layers(stack: Stack, shown: bool) -> list[LayerData]:
    """Make a stack of images and one of labels; one such pair is shown at first."""
    shape, dtype = stack.form
    images = _lazy(partial(_read, shape[0]), stack.pairs, shape, dtype)
    data, axes = _channels_of(images)
    labels = _lazy(_labels, stack.pairs, shape[1:], np.dtype(np.int32))
    about: dict[str, Any] = {
        "visible": shown,
        "metadata": {"samples": [pair.name for pair in stack.pairs]},
    }
    return [
        (data, {"name": stack.name, **about, **axes}, "image"),
        (
            labels,
            {"name": f"{stack.name} masks", "axis_labels": ("t", "y", "x"), **about},
            "labels",
        ),
    ]


def _single(pair: PairSource) -> list[LayerData]:
    """Read one pair, its image grey where its colours are all the same."""
    read = pair.read()
    image, axes = _channels_of(read.image[None])
    axes["axis_labels"] = axes["axis_labels"][1:]
    return [
        (image[0], {"name": pair.name, **axes}, "image"),
        (read.labels, {"name": f"{pair.name} masks"}, "labels"),
    ]


def _channels_of(images: Any) -> tuple[Any, dict[str, Any]]:
    """Put the channels of (t, c, y, x) where napari wants them, and say where."""
    count = images.shape[1]
    if count == 1:
        return images[:, 0], {"axis_labels": tuple("tyx"), "rgb": False}
    if count == COLOUR and images.dtype == np.uint8:
        colours = images.transpose(0, 2, 3, 1)
        return colours, {"axis_labels": tuple("tyx"), "rgb": True}
    return images, {"axis_labels": tuple("tcyx"), "rgb": False}


def _lazy(
    read: Callable[[PairSource], NDArray[Any]],
    pairs: list[PairSource],
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
) -> Any:
    planes = [da.from_delayed(delayed(read)(pair), shape, dtype) for pair in pairs]
    return da.stack(planes)


def _read(channels: int, pair: PairSource) -> NDArray[Any]:
    """Read an image; of one whose colours are all the same, three again."""
    read = pair.read().image if pair.picture is None else read_picture(pair.picture)
    return np.broadcast_to(read, (channels, *read.shape[1:]))


def _labels(pair: PairSource) -> NDArray[np.int32]:
    return pair.read().labels
