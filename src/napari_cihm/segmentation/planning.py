"""Turning what the user gave into a plan: model, channels, scale, tile, batch."""

from pathlib import Path

import numpy as np

from napari_cihm.config import SegmentSettings
from napari_cihm.config.model import DEFAULT_MODEL
from napari_cihm.data.image import Image
from napari_cihm.data.normalise import Ranges
from napari_cihm.errors import InputError
from napari_cihm.models import Model
from napari_cihm.models.bundled import model_on
from napari_cihm.segmentation.channels import plan_channels
from napari_cihm.segmentation.plan import Plan
from napari_cihm.segmentation.predictor import NetworkPredictor, Predictor
from napari_cihm.segmentation.scaling import zooms_for
from napari_cihm.segmentation.source import Source
from napari_cihm.segmentation.thrift import Thrift, choose_batch, choose_tile

AnyModel = Model | Predictor | str | Path | None


def as_predictor(model: AnyModel, settings: SegmentSettings) -> Predictor:
    """Return `model` as a function from tiles to maps, loading it by name.

    Raises
    ------
    InputError
        If it is a predictor of the user's own, which knows of no device or flips, and
        these were asked for.
    """
    device, flips = settings.device, settings.tta
    if isinstance(model, NetworkPredictor):
        network = model_on(device, model.model)
        flips = flips or model.tta
        same = network is model.model and flips == model.tta
        return model if same else NetworkPredictor(network, flips)
    if isinstance(model, Predictor):
        _refuse_unheard(device, flips)
        return model
    given = DEFAULT_MODEL if model is None else model
    return NetworkPredictor(model_on(device, given), flips)


def _refuse_unheard(device: str, flips: bool) -> None:
    if device != "auto":
        raise InputError(
            f"device={device!r} with a predictor of your own, which computes where it "
            "was made to",
            "a Model, or no device",
        )
    if flips:
        raise InputError(
            "tta=True with a predictor of your own",
            "a Model, or a predictor that flips",
        )


def make_plan(
    image: Image,
    predictor: Predictor,
    settings: SegmentSettings,
    diameter: float | None,
    ranges: Ranges,
) -> tuple[Plan, Thrift]:
    """Decide how an image is cut up and how much is predicted at once."""
    config, device = predictor.config, device_of(predictor)
    channels = plan_channels(image, settings, config)
    source = Source(image, channels, ranges, zooms_for(image, config, diameter))
    tile = choose_tile(settings, device)
    overlap = min(settings.overlap, tile // 2)
    plan = Plan(source, settings, config, tile, overlap)
    pixels = int(np.prod(plan.tiles.tile_shape))
    thrift = Thrift(predictor, tile, overlap, choose_batch(settings, device, pixels))
    return plan, thrift


def device_of(predictor: Predictor) -> str:
    """Return the name of the device a predictor computes on."""
    return str(getattr(getattr(predictor, "model", None), "device", "cpu"))
