"""Settings of a training run."""

from typing import Literal

from pydantic import Field

from napari_cihm.config.base import Settings
from napari_cihm.config.device import Device

BEST = "best.safetensors"  # what a run's folder calls its best model


class TrainSettings(Settings):
    """How to train; the defaults made the bundled weights."""

    task: Literal["instance", "semantic"] = Field(
        "instance", description="Separate objects, or plain regions."
    )
    loss: Literal["dice", "boundary"] = Field(
        "dice",
        description="For regions: cross entropy + Dice, or with extra weight on edges.",
    )
    channels: Literal["auto", 1, 3] = Field(
        "auto", description="Input channels; auto takes 3 when any image is in colour."
    )
    low: float | None = Field(
        None,
        ge=0,
        lt=100,
        description="Percentile that becomes 0; none takes the model's.",
    )
    high: float | None = Field(
        None,
        gt=0,
        le=100,
        description="Percentile that becomes 1; none takes the model's.",
    )
    patch: int = Field(
        128, ge=32, le=2048, description="Side of a training patch in pixels."
    )
    batch: int = Field(8, ge=1, le=1024, description="Patches per step.")
    augmentation: float = Field(
        1.0, ge=0, le=1, description="How often patches are warped and recoloured."
    )
    augmentation_end: float = Field(
        0.4, ge=0, le=1, description="The same at the end of the run, if lower."
    )
    sparse: bool = Field(
        True,
        description="Also learn what images with little or nothing in them look like.",
    )
    steps_per_epoch: int = Field(
        100, ge=1, description="Steps between two validations."
    )
    optimiser: Literal["muon", "adamw"] = Field(
        "muon", description="In a long run, Muon needs half as many steps as AdamW."
    )
    rate: float = Field(4e-3, gt=0, le=1, description="Highest learning rate.")
    weight_decay: float = Field(0.01, ge=0, le=1, description="Weight decay.")
    schedule: Literal["onecycle", "cosine"] = Field(
        "onecycle", description="Shape of the learning rate over the run."
    )
    clip: float = Field(1.0, gt=0, description="Norm to which gradients are clipped.")
    ema: float = Field(
        0.998, ge=0, lt=1, description="Moving average of the weights; 0 turns it off."
    )
    patience: int = Field(
        0, ge=0, description="Stop after this many epochs without gain; 0 never does."
    )
    validation: float = Field(
        0.1, gt=0, lt=1, description="Share held out when there is no val/ folder."
    )
    cache_mb: int = Field(
        2048, ge=0, description="Megabytes of prepared images to keep in memory."
    )
    amp: bool = Field(True, description="Mixed precision on CUDA.")
    device: Device = "auto"
