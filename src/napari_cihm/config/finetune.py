"""Settings of a fine-tuning run."""

from pydantic import Field

from napari_cihm.config.base import Settings
from napari_cihm.config.device import Device


class FinetuneSettings(Settings):
    """How to learn from few labels; found by experiment, good as they are."""

    steps: int | None = Field(
        None,
        ge=1,
        description="Steps to take; none fits as many as the time allows. With a "
        "number the same seed gives the same weights on a processor.",
    )
    patch: int = Field(128, ge=32, le=1024, description="Side of a training patch.")
    batch: int = Field(8, ge=1, le=256, description="Patches in a step.")
    rate: float = Field(6e-3, gt=0, le=1, description="Highest learning rate.")
    replay: float = Field(
        0.55,
        ge=0,
        lt=1,
        description="Share of patches that rehearse what the model knew before.",
    )
    held_out: float = Field(
        0.25, gt=0, le=0.5, description="Share of the labels kept to score with."
    )
    least: int = Field(5, ge=1, description="Objects needed to learn from.")
    patience: int = Field(
        0, ge=0, description="Stop after so many checks without gain; 0 never does."
    )
    device: Device = "auto"
