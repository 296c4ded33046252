"""How long a run of learning may take, and the seed of all that is random in it."""

from pydantic import Field

from napari_cihm.config.base import Settings


class Seed(Settings):
    """What makes a run repeatable."""

    seed: int = Field(0, ge=0, lt=2**63, description="Seed of everything random.")


class Limits(Seed):
    """What a caller sets beside the settings of a run."""

    seconds: float | None = Field(
        None, gt=0, description="Total seconds; none sets no limit."
    )
    epochs: int | None = Field(
        None, ge=1, description="Epochs in all; 60 when no time is set either."
    )
