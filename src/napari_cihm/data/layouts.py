"""Folder layouts of the field, told apart and read as pairs.

============ ==========================================================
plain        ``images/`` and ``masks/``, optionally ``reviewed/``
DSB18        ``<id>/images/<id>.png`` and ``<id>/masks/*.png``
ISIC         ``*_Input/`` or ``*_Data/`` and ``*_GroundTruth/``
Synapse      ``train_npz/*.npz`` and ``test_vol_h5/*.h5``
============ ==========================================================
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from napari_cihm.data import dsb18, isic, synapse
from napari_cihm.data.pairs import PairSource, folder_pairs
from napari_cihm.errors import DataError

Find = Callable[[Path], list[PairSource]]


@dataclass(frozen=True)
class Layout:
    """How one kind of folder is recognised, and read.

    Attributes
    ----------
    name : str
        As users know it.
    fits : callable
        Whether a folder has the layout.
    training, held_out : callable
        Find the pairs to learn from, and those set aside; these may be none.
    """

    name: str
    fits: Callable[[Path], bool]
    training: Find
    held_out: Find = lambda folder: []


def is_plain(folder: Path) -> bool:
    """Whether a folder holds ``images/`` and ``masks/``."""
    return (folder / "images").is_dir() and (folder / "masks").is_dir()


LAYOUTS = (
    Layout("DSB18 stage1_train", dsb18.fits, dsb18.pairs),
    Layout("images/ and masks/", is_plain, folder_pairs),
    Layout("ISIC", isic.fits, isic.training_pairs, isic.held_out_pairs),
    Layout("Synapse", synapse.fits, synapse.slice_pairs, synapse.volume_pairs),
)


def find_pairs(folder: Path) -> list[PairSource]:
    """Find all of a folder's pairs, whichever layout it has.

    Raises
    ------
    DataError
        Naming the layouts when it has none of them, or the one that holds nothing.
    """
    layout = layout_of(folder)
    found = layout.training(folder) or layout.held_out(folder)
    if not found:
        raise DataError(f"{folder} is empty", f"images with labels as in {layout.name}")
    return found


def layout_of(folder: Path) -> Layout:
    """Tell which layout a folder has."""
    if not folder.is_dir():
        raise DataError(f"{folder} is not a folder", "a folder of images and masks")
    layout = fitting(folder)
    if layout is None:
        inside = [p for p in sorted(folder.iterdir()) if p.is_dir() and fitting(p)]
        raise DataError(
            f"{folder} has no known layout",
            ", ".join(layout.name for layout in LAYOUTS),
            f"give {' or '.join(map(str, inside[:3]))} instead" if inside else "",
        )
    return layout


def is_split(folder: Path) -> bool:
    """Whether a folder holds ``train/`` and ``val/``, each to be read of itself."""
    return (folder / "train").is_dir() and (folder / "val").is_dir()


def fitting(folder: Path) -> Layout | None:
    """Return the layout that a folder has, if it is one that is known."""
    return next((layout for layout in LAYOUTS if layout.fits(folder)), None)
