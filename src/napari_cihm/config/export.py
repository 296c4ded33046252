"""Settings of an export: what others should know of a model."""

from pydantic import Field

from napari_cihm.config.base import Settings


class ExportSettings(Settings):
    """What stands in an exported file beside the model."""

    title: str = Field(
        "", max_length=100, description="Title of the model, of 5 to 100 letters."
    )
    authors: tuple[str, ...] = Field((), description="Authors of the model.")
    license: str = Field(
        "CC-BY-4.0", description="Licence of the weights, by its SPDX identifier."
    )
