"""Settings of a benchmark."""

from pydantic import Field

from napari_cihm.config.base import Settings

# The scan that is timed alone.
SCAN = {"batch": 4, "channels": 32, "positions": 4096, "states": 16}


class BenchmarkSettings(Settings):
    """What is timed, and for how long."""

    image: int = Field(
        1024, ge=64, le=16384, description="Side of the segmented image in pixels."
    )
    tiles: tuple[int, ...] = Field(
        (256, 512),
        min_length=1,
        description="Sides of the tiles that a network is timed on.",
    )
    seconds: float = Field(
        1.0, ge=0, le=60, description="Minimum seconds to spend on each figure."
    )
