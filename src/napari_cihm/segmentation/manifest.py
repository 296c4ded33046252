"""What a run's labels depend on, so that another run's leftovers are not taken."""

import hashlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_cihm.segmentation.plan import Plan
from napari_cihm.segmentation.planning import device_of
from napari_cihm.segmentation.predictor import Predictor
from napari_cihm.segmentation.source import sample

FORMAT = 1
FREE = {"device", "memory", "batch"}  # settings that change no label


def manifest_of(plan: Plan, predictor: Predictor) -> dict[str, Any]:
    """Describe a run by its settings, its model and its image's pixels."""
    image = plan.image
    return {
        "format": FORMAT,
        "settings": plan.settings.model_dump(exclude=FREE),
        "model": predictor.key,
        "device": device_of(predictor).split(":")[0],
        "image": fingerprint(sample(image, plan.source.channels)),
        "axes": image.axes,
        "shape": list(image.shape),
        "network": [zoom.target for zoom in plan.source.zooms],
        "tile": plan.tile,
        "overlap": plan.overlap,
    }


def fingerprint(pixels: NDArray[Any]) -> str:
    """Return sixteen hex digits that name some pixels."""
    digest = hashlib.sha256(repr((pixels.shape, pixels.dtype.str)).encode())
    digest.update(np.ascontiguousarray(pixels).tobytes())
    return digest.hexdigest()[:16]
