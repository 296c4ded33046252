"""Settings of a fine-tuning run."""

from pydantic import Field

from napari_cihm.config.base import Settings
from napari_cihm.config.device import Device


class FinetuneSettings(Settings):
    """How to learn from few labels; found by experiment, good as they are."""

    steps: int | None = Field(
        None,
        ge=1,
        description="Number of steps, whatever time they take; none takes as many as "
        "the time allows. With a number, one seed gives the same weights on a CPU.",
    )
    patch: int = Field(
        128, ge=32, le=1024, description="Side of a training patch in pixels."
    )
    batch: int = Field(8, ge=1, le=256, description="Patches per step.")
    rate: float = Field(6e-3, gt=0, le=1, description="Highest learning rate.")
    replay: float = Field(
        0.55,
        ge=0,
        lt=1,
        description="Share of patches that rehearse what the model knew before.",
    )
    held_out: float = Field(
        0.25, gt=0, le=0.5, description="Share of the labels held out for scoring."
    )
    least: int = Field(5, ge=1, description="Fewest labelled objects to learn from.")
    patience: int = Field(
        0, ge=0, description="Stop after this many checks without gain; 0 never does."
    )
    device: Device = "auto"
