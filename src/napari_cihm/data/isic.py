"""ISIC 2017 and 2018, by the names of the official archives.

``ISIC-2017_Training_Data`` goes with ``ISIC-2017_Training_Part1_GroundTruth``,
``ISIC2018_Task1-2_Training_Input`` with ``ISIC2018_Task1_Training_GroundTruth``;
the mask of ``ISIC_0000000.jpg`` is ``ISIC_0000000_segmentation.png``.
"""

from pathlib import Path

from napari_cihm.data.pairs import PairSource, pair_source, pictures_in
from napari_cihm.errors import DataError

YEARS = {
    2017: ("ISIC-2017_{}_Data", "ISIC-2017_{}_Part1_GroundTruth"),
    2018: ("ISIC2018_Task1-2_{}_Input", "ISIC2018_Task1_{}_GroundTruth"),
}
TRAINING, VALIDATION = "Training", "Validation"
TESTS = ("Test", "Test_v2")


def fits(folder: Path) -> bool:
    """Whether a folder holds the images of some part."""
    return bool(_years(folder))


def training_pairs(folder: Path) -> list[PairSource]:
    """Find the pairs of the training part."""
    images, masks = _archives(folder, TRAINING)
    if images.is_dir() and not masks.is_dir():
        raise DataError(
            f"{images} has no ground truth",
            f"{masks.name} beside it",
            "unpack it there",
        )
    return _pairs(images, masks)


def held_out_pairs(folder: Path) -> list[PairSource]:
    """Find the pairs of the validation part, or of the test part without one."""
    parts = (_pairs(*_archives(folder, part)) for part in (VALIDATION, *TESTS))
    return next(filter(None, parts), [])


def _years(folder: Path) -> list[int]:
    parts = (TRAINING, VALIDATION, *TESTS)
    return [
        year
        for year, (images, _) in YEARS.items()
        if any((folder / images.format(part)).is_dir() for part in parts)
    ]


def _archives(folder: Path, part: str) -> tuple[Path, Path]:
    """Name the folders of a part's images and masks, there or not.

    Archives of other tasks may lie beside them, but not of another year: 2018 trains
    on what 2017 tests on.
    """
    years = _years(folder)
    if len(years) > 1:
        raise DataError(
            f"{folder} holds ISIC {' and '.join(map(str, years))}, which share images",
            "the archives of one year",
            "move the others to a folder of their own",
        )
    images, masks = YEARS[years[0]]
    return folder / images.format(part), folder / masks.format(part)


def _pairs(images: Path, masks: Path) -> list[PairSource]:
    if not (images.is_dir() and masks.is_dir()):
        return []
    pairs = []
    for image in pictures_in(images):
        if image.stem.endswith("_superpixels"):
            continue
        mask = masks / f"{image.stem}_segmentation.png"
        if not mask.is_file():
            raise DataError(
                f"{image.name} has no mask",
                f"{mask.name} in {masks}",
                "unpack it again",
            )
        pairs.append(pair_source(image, mask))
    return pairs
