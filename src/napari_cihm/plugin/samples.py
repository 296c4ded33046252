"""Images to begin with: made here with their truth, or fetched from DSB18."""

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pooch
import tifffile
from napari.utils.progress import progress
from numpy.typing import NDArray

from napari_cihm.data import synthetic
from napari_cihm.errors import UnavailableError

LayerData = tuple[NDArray[Any], dict[str, Any], str]

PIXEL = 0.65  # micrometres
# The fluorescence images of DSB18's stage 1, as StarDist's authors publish them.
DSB18_URL = "https://github.com/stardist/stardist/releases/download/0.1.0/dsb2018.zip"
DSB18_HASH = "sha256:e44921950edce378063aa4457e625581ba35b4c2dbd9a07c19d48900129f386f"
DSB18_PART = "dsb2018/test"
SIDE, SHOWN, PATIENCE = 256, 8, 15  # pixels, images, seconds


def nuclei() -> list[LayerData]:
    """Make a fluorescence image of nuclei, with its truth."""
    image, truth = synthetic.nuclei()
    return _pair("nuclei", image, truth, scale=(PIXEL,) * 2, units=("um",) * 2)


def nuclei_stack() -> list[LayerData]:
    """Make a stack of slices through nuclei, with its truth."""
    image, truth = synthetic.nuclei_stack()
    place = {"scale": (2 * PIXEL, PIXEL, PIXEL), "units": ("um",) * 3}
    return _pair("nuclei stack", image, truth, axis_labels=("z", "y", "x"), **place)


def tissue() -> list[LayerData]:
    """Make a purple-stained section, with its truth."""
    image, truth = synthetic.tissue()
    return _pair("tissue", image, truth, scale=(PIXEL,) * 2, units=("um",) * 2)


def dsb18() -> list[LayerData]:
    """Fetch images of the 2018 Data Science Bowl, once, with their masks.

    Raises
    ------
    UnavailableError
        If they cannot be had; napari shows it as a notification.
    """
    try:
        archive = _fetch()
    except (OSError, ValueError) as error:  # ValueError: it was damaged on its way
        raise UnavailableError(
            f"DSB18 could not be fetched ({type(error).__name__})",
            remedy="check the network connection, or open the sample Nuclei, which "
            "needs none",
        ) from error
    images, truths = _read(archive)
    return _pair("DSB18", images, truths, axis_labels=("t", "y", "x"))


def _pair(
    name: str, image: NDArray[Any], truth: NDArray[Any], **about: Any
) -> list[LayerData]:
    hidden = {"name": f"{name} truth", "visible": False, **about}
    return [(truth, hidden, "labels"), (image, {"name": name, **about}, "image")]


def _fetch() -> Path:
    bar = progress(total=0, desc="Fetching DSB18")
    try:
        downloader = pooch.HTTPDownloader(progressbar=bar, timeout=PATIENCE)
        folder = pooch.os_cache("napari-cihm")
        name = Path(DSB18_URL).name
        return Path(
            pooch.retrieve(DSB18_URL, DSB18_HASH, name, folder, None, downloader)
        )
    finally:
        bar.close()


def _read(archive: Path) -> tuple[NDArray[Any], NDArray[Any]]:
    """Stack the first images of one size, and their masks."""
    images: list[NDArray[Any]] = []
    truths: list[NDArray[Any]] = []
    with zipfile.ZipFile(archive) as files:
        prefix = f"{DSB18_PART}/images/"
        for name in sorted(n for n in files.namelist() if n.startswith(prefix)):
            if not name.endswith(".tif") or len(images) == SHOWN:
                continue
            with files.open(name) as file:
                image = tifffile.imread(file)
            if image.shape == (SIDE, SIDE):
                images.append(image)
                with files.open(name.replace("/images/", "/masks/")) as file:
                    truths.append(tifffile.imread(file))
    return np.stack(images), np.stack(truths)
