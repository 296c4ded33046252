"""How an image is scaled so that its objects have the size a model knows."""

from napari_cihm.config import ModelConfig
from napari_cihm.data.image import Image
from napari_cihm.data.zoom import AxisZoom


def zooms_for(
    image: Image, config: ModelConfig, diameter: float | None
) -> tuple[AxisZoom, AxisZoom]:
    """Return the scaling of rows and columns for objects of a diameter."""
    zoom = config.diameter / diameter if diameter and config.diameter else 1.0
    return zooms_by(image, zoom)


def zooms_by(image: Image, zoom: float) -> tuple[AxisZoom, AxisZoom]:
    """Return the scaling of rows and columns by a zoom."""
    sizes = (image.size("y"), image.size("x"))
    rows, columns = (AxisZoom(n, max(1, round(n * zoom))) for n in sizes)
    return rows, columns
