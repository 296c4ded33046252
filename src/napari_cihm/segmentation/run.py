"""The two calls everyone makes: segment, and segment while saying how it goes."""

import time
from collections.abc import Generator, Iterator
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any

from napari_cihm.config import ModelConfig, SegmentSettings
from napari_cihm.data.chunks import holding_chunks
from napari_cihm.data.holding import hold
from napari_cihm.data.image import Image
from napari_cihm.data.normalise import Ranges
from napari_cihm.data.paths import with_home
from napari_cihm.data.tiles import BlockGrid
from napari_cihm.data.units import in_unit_of_x
from napari_cihm.errors import InputError, in_short
from napari_cihm.events import Event, Note, SegmentationStarted, Segmented
from napari_cihm.segmentation.diameter import find_diameter
from napari_cihm.segmentation.distributed import run_distributed
from napari_cihm.segmentation.folder import FolderStore
from napari_cihm.segmentation.local import run_local
from napari_cihm.segmentation.manifest import fingerprint, manifest_of
from napari_cihm.segmentation.numbering import number_objects
from napari_cihm.segmentation.orthogonal import (
    Runner,
    plan_sides,
    run_orthogonal,
    volume_blocks,
)
from napari_cihm.segmentation.parts import decode_block
from napari_cihm.segmentation.placing import Unit
from napari_cihm.segmentation.plan import Plan
from napari_cihm.segmentation.planning import AnyModel, as_predictor, make_plan
from napari_cihm.segmentation.predictor import Predictor, Remembering
from napari_cihm.segmentation.source import joined, look_over, sample
from napari_cihm.segmentation.store import MemoryStore, Store
from napari_cihm.segmentation.surety import nothing_found


def segment(
    image: Any, model: AnyModel = None, axes: str | None = None, **settings: Any
) -> Any:
    """Segment an image into single objects.

    Parameters
    ----------
    image : array or Image
        Two to five dimensions, any order of axes, any real numbers.
    model : Model, Predictor, str or Path, optional
        A model, the name of one or its file; the bundled one by default. A loaded
        one stays on its device, unless another is set. A predictor of your own
        computes where you made it to, and takes no device.
    axes : str, optional
        One letter of "tzcyx" for each dimension; by default those that the array
        names, as xarray's do, or a guess.
    **settings
        See `napari_cihm.config.SegmentSettings` and `segment_iter`.

    Returns
    -------
    array of uint16 or uint32
        Labels in the image's shape without its channels: 0 is background, objects
        are numbered from 1 without gaps.

    Examples
    --------
    >>> import napari_cihm as cihm
    >>> labels = cihm.segment(image)  # doctest: +SKIP
    """
    for event in segment_iter(image, model, axes, **settings):
        if isinstance(event, Segmented):
            return event.labels
    raise AssertionError("a run ends in its labels")


def segment_iter(
    image: Any,
    model: AnyModel = None,
    axes: str | None = None,
    *,
    of: Any = None,
    work: str | Path | None = None,
    client: Any = None,
    **settings: Any,
) -> Generator[Event]:
    """Segment an image, yielding an event for each tile and block.

    Close the generator to cancel. The last event is `Segmented` and has the
    labels.

    Parameters
    ----------
    image, model, axes, **settings
        As for `segment`.
    of : Image, optional
        The whole that `image` is a part of. Contrast and the size of objects are
        taken from it, so that a part is labelled as it would be within the whole.
    work : str or Path, optional
        A folder for finished parts. Memory use stays small, and a run that was
        killed resumes where it was; the labels are kept there too, and so are maps
        and uncertainty if asked for, each as a zarr array. Each image and choice of
        settings has a folder of its own in it, which stays until you delete it; a
        second run into the same one meanwhile is refused with a `WriteError`.
    client : dask.distributed.Client, optional
        The workers that predict and decode; the labels are the same.

    Yields
    ------
    Event
        `SegmentationStarted`, `Note`, `TileDone`, `BlockDone` and `Segmented`.
    """
    begun = time.perf_counter()
    chosen = SegmentSettings.of(**settings)
    folder = None if work is None else with_home(work)
    if client is not None and not hasattr(client, "submit"):
        raise InputError(
            f"client={in_short(client)} is not a client",
            "a dask.distributed.Client",
            "connect first: client=Client(address)",
        )
    given = Image.of(image, axes)
    picture = holding_chunks(given, sent=client is not None)
    predictor = as_predictor(model, chosen)
    whole = picture if of is None else holding_chunks(Image.of(of))
    chosen, ranges, pixels, seen = _look_over(
        picture, whole, predictor.config, chosen, folder is not None
    )
    looking = Remembering(predictor)
    diameter, note = find_diameter(whole, looking, chosen, ranges)
    plan, thrift = make_plan(picture, predictor, chosen, diameter, ranges)
    thrift.known = looking.first  # of an image no larger than a look, all of it
    sides = plan_sides(plan, predictor, diameter) if plan.orthogonal else []
    units, blocks = _units(plan)
    tiles = sum(one.tile_count for one, _ in sides) if sides else plan.tile_count
    yield SegmentationStarted(
        axes=picture.axes,
        shape=picture.shape,
        tiles=tiles,
        blocks=len(units) * len(blocks),
        zoom=plan.zoom,
        diameter=diameter,
        settings=chosen,
    )
    yield from _remarks(plan, seen, getattr(predictor, "note", ""), note)
    with nullcontext() if folder is None else hold(folder):
        store = _open_store(plan, predictor, folder, blocks, pixels)
        if isinstance(store, FolderStore) and store.resumed:
            yield Note(f"going on with the run that {folder} holds")
        runner: Runner = run_local
        if client is not None:
            runner = partial(run_distributed, client)
        if sides:
            yield from run_orthogonal(sides, picture, store, runner)
        else:
            yield from runner(plan, thrift, store, decode_block)
        tables, count = number_objects(units, blocks, store, predictor.config, chosen)
        labels = store.finish(tables, {block.index: block.core for block in blocks})
        if not count:
            yield Note(nothing_found(plan))
        yield Segmented(
            labels,
            picture.label_axes,
            count,
            given,
            maps=store.maps,
            uncertainty=store.doubt,
            zoom=plan.zoom,
            diameter=diameter,
            seconds=time.perf_counter() - begun,
        )


def _look_over(
    picture: Image,
    whole: Image,
    config: ModelConfig,
    settings: SegmentSettings,
    named: bool,
) -> tuple[SegmentSettings, Ranges, str, str]:
    """Settle the channels, find the contrast and, if wanted, what names the pixels.

    Last comes what is to be said of the channels.

    All look at the same pixels, which are read once.
    """
    settings, channels, ranges, pixels = look_over(picture, whole, settings, config)
    if named and whole is not picture:
        pixels = joined(sample(picture, channels))
    return settings, ranges, fingerprint(pixels) if named else "", channels.note


def _units(plan: Plan) -> tuple[list[Unit], BlockGrid]:
    """Return what is decoded apart, planes or volumes, and its blocks."""
    if plan.orthogonal:
        return [(t,) for t in range(plan.image.size("t"))], volume_blocks(plan.image)
    return list(plan.planes), plan.blocks


def _open_store(
    plan: Plan,
    predictor: Predictor,
    folder: Path | None,
    blocks: BlockGrid,
    pixels: str,
) -> Store:
    doubt = plan.settings.uncertainty
    classes = plan.config.classes if plan.settings.maps else 0
    if folder is None:
        return MemoryStore(plan.image, classes, doubt)
    manifest = manifest_of(plan, predictor, pixels)
    chunk = blocks.size[-2:]
    return FolderStore(folder, plan.image, manifest, chunk, classes, doubt)


def _remarks(plan: Plan, *notes: str) -> Iterator[Note]:
    said = (plan.image.note, *notes, _grain(plan), _anisotropy(plan))
    for text in said:
        if text:
            yield Note(text)


def _grain(plan: Plan) -> str:
    """Say that the image was smoothed."""
    sigma = plan.source.light.smoothing
    if not sigma:
        return ""
    return (
        f"the image is so grainy that it was smoothed by {sigma:.1f} pixels before the "
        "model saw it; small objects may be lost"
    )


def _anisotropy(plan: Plan) -> str:
    """Say that three directions are no equals, where the scale tells so."""
    sizes = in_unit_of_x(plan.image.scale, plan.image.units, "zx")
    if not plan.orthogonal or sizes is None:
        return ""
    deep, wide = map(abs, sizes)
    if deep < 2 * wide:
        return ""
    return (
        f"voxels are {deep / wide:.1f} times as deep as wide: from the side the model "
        "sees objects squeezed; linking them across slices suits such stacks better"
    )
