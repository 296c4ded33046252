"""The typical size of objects, given or estimated by a quick first pass."""

from napari_cihm.config import SegmentSettings
from napari_cihm.data.image import Image
from napari_cihm.segmentation.predictor import Predictor


def find_diameter(
    image: Image, predictor: Predictor, settings: SegmentSettings
) -> tuple[float | None, str]:
    """Return the diameter to scale by, None to keep the scale, and a word on it."""
    if settings.diameter == "auto":
        return None, ""
    return settings.diameter, ""
