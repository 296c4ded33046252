"""Settings of a training run."""

from typing import Literal

from pydantic import Field

from napari_cihm.config.base import Settings
from napari_cihm.config.device import Device


class TrainSettings(Settings):
    """How to train; the defaults made the bundled weights."""

    task: Literal["instance", "semantic"] = Field(
        "instance", description="Separate objects, or plain regions."
    )
    loss: Literal["dice", "boundary"] = Field(
        "dice", description="For regions: cross entropy + Dice, or with edges weighted."
    )
    channels: Literal["auto", 1, 3] = Field(
        "auto", description="Input channels; auto takes 3 when any image is colour."
    )
    low: float | None = Field(
        None, ge=0, lt=100, description="Percentile seen as 0; none takes the model's."
    )
    high: float | None = Field(
        None, gt=0, le=100, description="Percentile seen as 1; none takes the model's."
    )
    patch: int = Field(128, ge=32, le=2048, description="Side of a training patch.")
    batch: int = Field(8, ge=1, le=1024, description="Patches in a step.")
    augmentation: float = Field(
        1.0, ge=0, le=1, description="How often patches are warped and recoloured."
    )
    augmentation_end: float = Field(
        0.4, ge=0, le=1, description="The same at the end of the run, if that is less."
    )
    sparse: bool = Field(
        True,
        description="Learn what images with little or nothing on them look like, too.",
    )
    steps_per_epoch: int = Field(
        100, ge=1, description="Steps between two validations."
    )
    optimiser: Literal["muon", "adamw"] = Field(
        "muon", description="Muon needs half of AdamW's steps, of a long run."
    )
    rate: float = Field(4e-3, gt=0, le=1, description="Highest learning rate.")
    weight_decay: float = Field(0.01, ge=0, le=1, description="Decay of the weights.")
    schedule: Literal["onecycle", "cosine"] = Field(
        "onecycle", description="Shape of the learning rate over the run."
    )
    clip: float = Field(1.0, gt=0, description="Largest norm of the gradient.")
    ema: float = Field(
        0.998, ge=0, lt=1, description="Averaging of the weights; 0 turns it off."
    )
    patience: int = Field(
        0, ge=0, description="Stop after so many epochs without gain; 0 never stops."
    )
    validation: float = Field(
        0.1, gt=0, lt=1, description="Share held out when no val folder stands beside."
    )
    cache_mb: int = Field(
        2048, ge=0, description="Memory for images and targets kept ready."
    )
    amp: bool = Field(True, description="Mixed precision on CUDA.")
    device: Device = "auto"
