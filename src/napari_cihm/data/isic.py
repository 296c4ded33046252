"""ISIC 2017 and 2018, by the names of the official archives.

``ISIC-2017_Training_Data`` goes with ``ISIC-2017_Training_Part1_GroundTruth``,
``ISIC2018_Task1-2_Training_Input`` with ``ISIC2018_Task1_Training_GroundTruth``;
the mask of ``ISIC_0000000.jpg`` is ``ISIC_0000000_segmentation.png``.
"""

from pathlib import Path

from napari_cihm.data.pairs import PairSource, pair_source, pictures_in
from napari_cihm.errors import DataError

INPUTS = ("_Input", "_Data")


def fits(folder: Path) -> bool:
    """Whether a folder holds the archives of some part."""
    return any(_archives(folder, part) for part in ("Training", "Validation", "Test"))


def training_pairs(folder: Path) -> list[PairSource]:
    """Find the pairs of the training part."""
    return _pairs(folder, "Training")


def held_out_pairs(folder: Path) -> list[PairSource]:
    """Find the pairs of the validation part, or of the test part without one."""
    return _pairs(folder, "Validation") or _pairs(folder, "Test")


def _archives(folder: Path, part: str) -> tuple[Path, Path] | None:
    """Return the folders of a part's images and masks."""
    inside = [p for p in folder.iterdir() if p.is_dir() and part in p.name]
    images = [p for p in inside if p.name.endswith(INPUTS)]
    masks = [p for p in inside if p.name.endswith("_GroundTruth")]
    return (images[0], masks[0]) if images and masks else None


def _pairs(folder: Path, part: str) -> list[PairSource]:
    found = _archives(folder, part)
    if found is None:
        return []
    images, masks = found
    pairs = []
    for image in pictures_in(images):
        if image.stem.endswith("_superpixels"):
            continue
        mask = masks / f"{image.stem}_segmentation.png"
        if not mask.is_file():
            raise DataError(
                f"{image.name} has no mask", f"{mask.name} in {masks}", "unpack it anew"
            )
        pairs.append(pair_source(image, mask))
    return pairs
