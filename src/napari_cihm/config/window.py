"""Preferences of the window; napari keeps them, and its manifest repeats them."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from napari_cihm.config.base import Settings
from napari_cihm.config.model import DEFAULT_MODEL


class WindowSettings(Settings):
    """What a user sets once, in Preferences > CIHM Segment."""

    device: Literal["auto", "cpu", "cuda", "mps"] = Field(
        "auto", description="Where networks run; auto takes cuda if it can, else cpu."
    )
    model: str = Field(
        DEFAULT_MODEL,
        description="Name or file of the model that is loaded first.",
    )
    memory: int = Field(
        0,
        ge=0,
        le=1_000_000,
        description="Memory limit of a run in megabytes; 0 asks the machine.",
    )
    journal_folder: str = Field(
        "",
        description="Where unfinished corrections are kept; empty uses your own data "
        "folder.",
    )


class FolderSettings(Settings):
    """Which files of a folder are segmented, and where their labels go."""

    folder: Path | None = Field(
        None, description="Folder of images, or a DSB18 folder, to segment."
    )
    output: Path | None = Field(
        None,
        description="Folder for the labels; empty makes labels/ inside that folder.",
    )
    format: Literal["auto", "tif", "zarr"] = Field(
        "auto", description="Format of the label files; auto chooses by size."
    )
    table: bool = Field(
        True, description="Also write measurements.csv, with a row for each object."
    )
