"""What a checkpoint says of its model: enough to build, feed and read it."""

from typing import Any, Literal, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from napari_cihm.config.base import Settings

FORMAT = 1
DEFAULT_MODEL = "cihm-dsb18"
INSTANCE_MAPS = 3  # insides, borders and middles
MOST_MAPS = 65535  # a file that asks for more is damaged


class Normalisation(Settings):
    """How intensities become the network's input: percentiles to 0 and 1."""

    low: float = Field(0.5, ge=0, lt=100, description="Percentile that becomes 0.")
    high: float = Field(99.8, gt=0, le=100, description="Percentile that becomes 1.")
    joint: bool = Field(
        True, description="Use one range for the colours of an RGB image."
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.low >= self.high:
            raise ValueError(f"low is {self.low:g}, but has to lie below high")
        return self


class Decoding(Settings):
    """How maps become objects; tuned on validation images and stored."""

    foreground: float = Field(
        0.5, gt=0, lt=1, description="Probability above which a pixel is an object's."
    )
    prominence: float = Field(
        0.3,
        gt=0,
        lt=1,
        description="How far an object's middle must rise above the pass to another's.",
    )
    border: float = Field(
        1.0, ge=0, le=2, description="How strongly touching borders lower a pass."
    )
    smooth: float = Field(
        1.0, ge=0, le=5, description="Width in pixels of the smoothing before that."
    )
    min_size: int = Field(12, ge=0, description="Objects of fewer pixels are dropped.")
    sure: float = Field(
        0.0,
        ge=0,
        lt=1,
        description="Objects whose probability is lower than this on average are "
        "dropped.",
    )


class TrainingRecord(Settings):
    """Where the weights came from: enough to make them again."""

    command: str = Field("", description="Command line that made the weights.")
    earlier: tuple[str, ...] = Field(
        (), description="Command lines that made the model it started from, in order."
    )
    data: str = Field("", description="Fingerprint of the training data.")
    images: int = Field(0, ge=0, description="Images trained on.")
    objects: int = Field(0, ge=0, description="Objects trained on.")
    settings: dict[str, Any] = Field(
        default_factory=dict, description="Settings of the run."
    )
    figures: dict[str, Any] = Field(
        default_factory=dict, description="Validation figures."
    )
    curves: dict[str, list[float]] = Field(
        default_factory=dict, description="Losses and scores while it learnt."
    )
    base: str = Field("", description="Hash of the model it started from.")
    date: str = Field("", description="Day the run ended.")
    versions: dict[str, str] = Field(
        default_factory=dict, description="Versions of the packages that made it."
    )


class ModelConfig(Settings):
    """A model's identity, stored whole in its checkpoint."""

    format: int = Field(FORMAT, ge=1, description="Version of this document.")
    recipe: str = Field(description="Name of the network's recipe.")
    options: dict[str, Any] = Field(
        default_factory=dict, description="Arguments of the recipe."
    )
    in_channels: int = Field(
        1, ge=1, le=MOST_MAPS, description="Channels of the input."
    )
    classes: int = Field(1, ge=1, le=MOST_MAPS, description="Maps the network gives.")
    task: Literal["instance", "semantic"] = Field(
        "semantic", description="Whether the maps are decoded into single objects."
    )
    numbers: tuple[int, ...] = Field(
        (),
        description="Numbers of its classes in masks, in order; none are 1, 2, 3 ...",
    )
    accepts_grey: bool = Field(
        True, description="Whether one channel may be repeated to fill the input."
    )
    normalisation: Normalisation = Normalisation()
    decoding: Decoding = Decoding()
    diameter: float | None = Field(
        None, ge=1, description="Typical object diameter it was trained on, in pixels."
    )
    pixel_size: float | None = Field(
        None, gt=0, description="Pixel size of its training images in micrometres."
    )
    training: TrainingRecord = TrainingRecord()

    @property
    def exclusive(self) -> bool:
        """Whether a pixel is of one class alone, so that its maps sum to 1."""
        return self.task == "semantic" and self.classes > 1

    @field_validator("task")
    @classmethod
    def _enough_maps(cls, task: str, info: ValidationInfo) -> str:
        classes = info.data.get("classes", INSTANCE_MAPS)
        if task == "instance" and classes < INSTANCE_MAPS:
            raise ValueError(
                f"single objects are read from {INSTANCE_MAPS} maps, "
                f"but classes is {classes}"
            )
        return task
