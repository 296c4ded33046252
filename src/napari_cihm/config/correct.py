"""Settings of correction: tools, reviewed marks, what to look at, the journal."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from napari_cihm.config.base import Settings


class CorrectSettings(Settings):
    """How to correct; each tool's button shows its own number."""

    smooth: float = Field(
        1.5, gt=0, le=20, description="Width of the smoothing in pixels."
    )
    grow: float = Field(
        1.0, gt=0, le=50, description="Pixels an object grows or shrinks by."
    )
    min_size: int = Field(
        12, ge=1, description="Objects of fewer pixels are removed on request."
    )
    mark_edits: bool = Field(
        True, description="Mark each edit and its surroundings as reviewed."
    )
    edit_margin: int = Field(
        12, ge=0, le=500, description="Pixels around an edit that count as reviewed."
    )
    order: Literal["uncertainty", "disagreement", "size", "random"] = Field(
        "uncertainty", description="What to look at next."
    )
    unit: Literal["objects", "patches"] = Field(
        "objects", description="Go from object to object, or from patch to patch."
    )
    patch: int = Field(128, ge=16, le=4096, description="Side of a patch in pixels.")
    seed: int = Field(0, ge=0, description="Seed of the random order.")
    journal: bool = Field(True, description="Save every stroke to disk as it is made.")
    journal_folder: Path | None = Field(
        None, description="Where journals are kept; none uses your own data folder."
    )
    journal_sync: float = Field(
        1.0, gt=0, le=2, description="Seconds between two forced writes to the disk."
    )
    journal_retry: float = Field(
        5.0, gt=0, le=600, description="Seconds before a failed journal is tried again."
    )
    journal_compact_mb: float = Field(
        32.0, gt=0, description="Megabytes beyond which a log becomes a snapshot."
    )
    journal_keep_days: float = Field(
        30.0,
        ge=0,
        description="Days that journals of finished or discarded work are kept.",
    )
    journal_keep_mb: float = Field(
        2048.0,
        ge=0,
        description="Megabytes that journals of finished work may take up.",
    )
