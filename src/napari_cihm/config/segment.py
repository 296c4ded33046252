"""Settings of a segmentation run."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from napari_cihm.config.base import Settings
from napari_cihm.config.device import Device


def _no_flag(wanted: str) -> BeforeValidator:
    """Refuse yes and no, which to Python are 1 and 0."""

    def check(value: Any) -> Any:
        if isinstance(value, bool):
            raise ValueError(f"input should be {wanted}")
        return value

    return BeforeValidator(check)


def _a_pixel_at_least(value: float) -> float:
    if value < 1:
        raise ValueError(
            "input should be at least 1 pixel (micrometres have to be divided by the "
            "size of a pixel)"
        )
    return value


Pixels = Annotated[
    float,
    _no_flag("a number of pixels"),
    AfterValidator(_a_pixel_at_least),
    Field(ge=1),
]

Channels = (
    Annotated[int, _no_flag("the number of a channel"), Field(ge=0)]
    | Literal["auto", "merge", "haematoxylin"]
)


class PlaneSettings(Settings):
    """How to segment a single plane."""

    diameter: Pixels | Literal["auto"] | None = Field(
        "auto",
        description="Typical object diameter in pixels; auto estimates it, none "
        "keeps the image's own scale.",
    )
    channels: Channels = Field(
        "auto",
        description="Number of the channel to segment; merge averages them, "
        "haematoxylin is tissue without its other stains, auto takes what the model "
        "expects.",
    )
    foreground: float | None = Field(
        None,
        gt=0,
        lt=1,
        description="Foreground threshold; a lower one finds doubtful objects too, "
        "none takes the model's.",
    )
    prominence: float | None = Field(
        None,
        gt=0,
        lt=1,
        description="A lower value separates more touching objects; none takes the "
        "model's.",
    )
    min_size: int | None = Field(
        None,
        ge=0,
        description="Objects of fewer pixels are dropped; none takes the model's.",
    )
    tta: bool = Field(
        False,
        description="Average over flips: better on some images, but four times slower.",
    )
    tile: int | None = Field(
        None, ge=32, le=8192, description="Side of a tile; none chooses by memory."
    )
    overlap: int = Field(
        64, ge=0, le=2048, description="Pixels that neighbouring tiles share."
    )
    batch: int | None = Field(
        None,
        ge=1,
        le=1024,
        description="Tiles computed at once; none chooses by memory.",
    )
    block: int = Field(
        1024, ge=64, description="Side of the blocks in which objects are separated."
    )
    halo: int = Field(
        128,
        ge=8,
        description="Pixels seen around each block; more than any object measures.",
    )
    memory: int | None = Field(
        None, ge=64, description="Memory limit in megabytes; none asks the machine."
    )
    device: Device = "auto"


class SegmentSettings(PlaneSettings):
    """How to segment; a newcomer needs to touch none of them."""

    volume: Literal["linked", "slices", "orthogonal"] = Field(
        "linked",
        description="Link objects across slices, number each slice separately, or "
        "average three directions of a nearly isotropic stack.",
    )
    time: Literal["frames", "linked"] = Field(
        "frames", description="Number time points separately, or link them."
    )
    min_overlap: float = Field(
        0.25,
        gt=0,
        le=1,
        description="Least overlap (intersection over union) of linked objects.",
    )
    gap: int = Field(
        1,
        ge=0,
        le=10,
        description="Slices that an object may skip and still be linked.",
    )
    min_slices: int = Field(
        1, ge=1, description="Linked objects seen in fewer slices are dropped."
    )
    maps: bool = Field(False, description="Keep the probability maps.")
    uncertainty: bool = Field(
        False, description="Keep a map of how unsure the model is, 0 to 1."
    )
