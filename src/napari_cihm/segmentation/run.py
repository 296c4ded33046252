"""The two calls everyone makes: segment, and segment while saying how it goes."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from napari_cihm.config import ModelConfig, SegmentSettings
from napari_cihm.data.image import Image
from napari_cihm.data.zoom import AxisZoom
from napari_cihm.events import Event, Note, SegmentationStarted, Segmented
from napari_cihm.models import Model, load_model
from napari_cihm.segmentation.channels import plan_channels
from napari_cihm.segmentation.joining import join
from napari_cihm.segmentation.local import run_local
from napari_cihm.segmentation.plan import Plan
from napari_cihm.segmentation.predictor import NetworkPredictor, Predictor
from napari_cihm.segmentation.source import Source, find_ranges
from napari_cihm.segmentation.store import MemoryStore, Store, Tables
from napari_cihm.segmentation.thrift import Thrift, choose_batch, choose_tile

AnyModel = Model | Predictor | str | Path | None


def segment(
    image: Any, model: AnyModel = None, axes: str | None = None, **settings: Any
) -> Any:
    """Segment an image into single objects.

    Parameters
    ----------
    image : array or Image
        Two to five dimensions, any order of axes, any real numbers.
    model : Model, str or Path, optional
        A model, the name of one or its file; the bundled one by default.
    axes : str, optional
        One letter of "tzcyx" for each dimension; guessed by default.
    **settings
        See `napari_cihm.config.SegmentSettings`.

    Returns
    -------
    array of uint16 or uint32
        Labels with the image's shape less its channels: 0 is background, objects
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
    image: Any, model: AnyModel = None, axes: str | None = None, **settings: Any
) -> Iterator[Event]:
    """Segment an image, yielding an event for each tile and block.

    Close the generator to cancel. The arguments are those of `segment`; the last
    event is `Segmented` and has the labels.

    Yields
    ------
    Event
        `SegmentationStarted`, `Note`, `TileDone`, `BlockDone` and `Segmented`.
    """
    begun = time.perf_counter()
    chosen = SegmentSettings.of(**settings)
    picture = Image.of(image, axes)
    predictor = as_predictor(model, chosen)
    plan, thrift = make_plan(picture, predictor, chosen)
    yield from _opening(plan)
    keep = chosen.maps or chosen.uncertainty
    store = MemoryStore(picture, predictor.config.classes if keep else 0)
    yield from run_local(plan, thrift, store)
    tables, count = number_objects(plan, store)
    labels = store.finish(tables, {b.index: b.core for b in plan.blocks})
    if not count:
        yield Note(nothing_found(plan))
    maps = store.maps()
    yield Segmented(
        labels,
        picture.label_axes,
        count,
        picture,
        maps=maps if chosen.maps else None,
        uncertainty=uncertainty_of(maps) if chosen.uncertainty else None,
        zoom=plan.zoom,
        seconds=time.perf_counter() - begun,
    )


def as_predictor(model: AnyModel, settings: SegmentSettings) -> Predictor:
    """Return `model` as a function from tiles to maps, loading it by name."""
    if isinstance(model, Model):
        return NetworkPredictor(model, settings.tta)
    if isinstance(model, Predictor):
        return model
    name = () if model is None else (model,)
    return NetworkPredictor(load_model(*name, device=settings.device), settings.tta)


def make_plan(
    image: Image, predictor: Predictor, settings: SegmentSettings
) -> tuple[Plan, Thrift]:
    """Decide how an image is cut up and how much is predicted at once."""
    config, device = predictor.config, device_of(predictor)
    channels = plan_channels(image, settings, config)
    ranges = find_ranges(image, channels, config.normalisation)
    zooms = zooms_for(image, config, settings)
    tile = choose_tile(settings, device)
    overlap = min(settings.overlap, tile // 2)
    plan = Plan(Source(image, channels, ranges, zooms), settings, config, tile, overlap)
    pixels = int(np.prod(plan.tiles.tile_shape))
    thrift = Thrift(predictor, tile, overlap, choose_batch(settings, device, pixels))
    return plan, thrift


def zooms_for(
    image: Image, config: ModelConfig, settings: SegmentSettings
) -> tuple[AxisZoom, AxisZoom]:
    """Return how rows and columns are scaled so that objects have the model's size."""
    zoom = 1.0
    if isinstance(settings.diameter, float) and config.diameter:
        zoom = config.diameter / settings.diameter
    sizes = (image.size("y"), image.size("x"))
    rows, columns = (AxisZoom(n, max(1, round(n * zoom))) for n in sizes)
    return rows, columns


def device_of(predictor: Predictor) -> str:
    """Return the name of the device a predictor computes on."""
    return str(getattr(getattr(predictor, "model", None), "device", "cpu"))


def number_objects(plan: Plan, store: Store) -> tuple[Tables, int]:
    """Return the final number of each block's objects, and how many there are."""
    tables: dict[Any, Any] = {}
    if plan.config.task == "semantic":
        return _class_tables(plan, store)
    highest = 0
    for plane in plan.planes:
        joined, count = join(store.parts(plane))
        for index, table in joined.items():
            table[1:] += highest
            tables[plane, index] = table
        highest += count
    return tables, highest


def _class_tables(plan: Plan, store: Store) -> tuple[Tables, int]:
    # Classes keep their numbers: there is nothing to join.
    same = np.arange(plan.config.classes + 1, dtype=np.uint32)
    met: set[int] = set()
    for plane in plan.planes:
        for part in store.parts(plane):
            met.update(part.first.tolist())
    keys = [(plane, block.index) for plane in plan.planes for block in plan.blocks]
    return dict.fromkeys(keys, same), len(met)


def uncertainty_of(maps: Any) -> Any:
    """Return how unsure the model is of each pixel, 0 to 1: entropy in bits."""
    p = np.clip(maps[0], 1e-6, 1 - 1e-6)
    return -(p * np.log2(p) + (1 - p) * np.log2(1 - p)).astype(np.float32)


def nothing_found(plan: Plan) -> str:
    """Say that the result is empty, and why that may be."""
    low, high = plan.source.ranges[0]
    return (
        "no object was found. Likely causes: the contrast (intensities from "
        f"{low:.4g} to {high:.4g} were taken as dark to bright), the diameter (the "
        f"image was scaled by {plan.zoom:.2f}; try diameter=...), or a model made "
        f"for other images ({plan.config.recipe!r}; try another)"
    )


def _opening(plan: Plan) -> Iterator[Event]:
    image, planes = plan.image, len(plan.planes)
    diameter = plan.settings.diameter
    yield SegmentationStarted(
        image.axes,
        image.shape,
        planes * len(plan.tiles),
        planes * len(plan.blocks),
        plan.zoom,
        diameter if isinstance(diameter, float) else None,
        plan.settings,
    )
    if plan.source.channels.note:
        yield Note(plan.source.channels.note)
