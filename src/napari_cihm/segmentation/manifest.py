"""What a run's labels depend on, so that another run's leftovers are not taken."""

import hashlib
import importlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_cihm.segmentation.plan import Plan
from napari_cihm.segmentation.planning import device_of
from napari_cihm.segmentation.predictor import Predictor

FORMAT = 2
# By its name: mypy loses its way in the circle that an import would close.
VERSION: str = importlib.import_module("napari_cihm").__version__
FREE = {"device", "memory", "batch"}  # settings that change no label


def manifest_of(plan: Plan, predictor: Predictor, pixels: str) -> dict[str, Any]:
    """Describe a run by its settings, its model and the fingerprint of its pixels.

    A model's key is that of its weights: what else it has a say in, how its maps
    are decoded and what it is fed, stands beside it.
    """
    image, source = plan.image, plan.source
    channels = source.channels
    return {
        "format": FORMAT,
        "version": VERSION,
        "settings": plan.settings.model_dump(exclude=FREE),
        "model": predictor.key,
        "task": plan.config.task,
        "options": plan.config.options,
        "decoding": plan.decoding.model_dump(),
        "ranges": {n: np.asarray(v).tolist() for n, v in vars(source.ranges).items()},
        "channels": [channels.read, channels.weights, channels.repeat],
        "device": device_of(predictor).split(":")[0],
        "image": pixels,
        "file": _stamp(image.path),
        "axes": image.axes,
        "shape": list(image.shape),
        "network": [zoom.target for zoom in source.zooms],
        "tile": plan.tile,
        "overlap": plan.overlap,
        "halo": plan.blocks.halo,
    }


def fingerprint(pixels: NDArray[Any]) -> str:
    """Return sixteen hex digits that name some pixels."""
    digest = hashlib.sha256(repr((pixels.shape, pixels.dtype.str)).encode())
    digest.update(np.ascontiguousarray(pixels).tobytes())
    return digest.hexdigest()[:16]


def _stamp(path: Path | None) -> list[int]:
    """Say how long a file is and when it was written.

    Of a large one few pixels are looked at, and any of the others may have changed.
    """
    if path is None or not path.is_file():
        return []
    found = path.stat()
    return [found.st_size, found.st_mtime_ns]
