"""How long a run of learning may take, and the seed of its luck."""

from pydantic import Field

from napari_cihm.config.base import Settings


class Limits(Settings):
    """What a caller sets beside the settings of a run."""

    seconds: float | None = Field(None, gt=0, description="Time in all.")
    epochs: int | None = Field(None, ge=1, description="Epochs in all.")
    seed: int = Field(0, ge=0, lt=2**63, description="The same seed, the same luck.")
