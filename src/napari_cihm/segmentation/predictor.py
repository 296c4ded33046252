"""The network as a function from a batch of tiles to a batch of maps."""

from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from napari_cihm.config import ModelConfig
from napari_cihm.errors import CheckpointError, ShapeError

if TYPE_CHECKING:
    from napari_cihm.models import Model

Maps = NDArray[np.uint16]
FULL = 65535  # maps are kept as sixteen-bit fractions: half a float, and exact to share

_FLIPS = ((-1,), (-2,), (-2, -1))


@runtime_checkable
class Predictor(Protocol):
    """Anything that gives maps in 0..1 for normalised tiles.

    `key` names it in the record of a resumable run: two predictors with one key
    give the same maps.
    """

    config: ModelConfig
    key: str

    def __call__(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """Turn (batch, channels, h, w) into (batch, classes, h, w)."""


class NetworkPredictor:
    """A loaded model as a predictor.

    Parameters
    ----------
    model : Model
        The model, on its device.
    tta : bool
        Average over flips.
    """

    def __init__(self, model: "Model", tta: bool = False) -> None:
        self.model = model
        self.config = model.config
        self.note = model.note
        self.tta = tta
        self.key = f"{model.hash}{'-flips' if tta else ''}"

    def __call__(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """Turn (batch, channels, h, w) into (batch, classes, h, w)."""
        maps = self.model.predict(batch)
        if not self.tta:
            return maps
        for flip in _FLIPS:
            maps = maps + np.flip(self.model.predict(np.flip(batch, flip)), flip)
        return maps / np.float32(len(_FLIPS) + 1)


class Remembering:
    """A predictor that remembers the first batch it was given, and its maps.

    Parameters
    ----------
    inner : Predictor
        What predicts.
    """

    def __init__(self, inner: Predictor) -> None:
        self._inner, self.config, self.key = inner, inner.config, inner.key
        self.first: tuple[NDArray[np.float32], NDArray[np.float32]] | None = None

    def __call__(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """Turn (batch, channels, h, w) into (batch, classes, h, w)."""
        maps = self._inner(batch)
        self.first = self.first or (batch, maps.copy())  # its own buffer, perhaps
        return maps


def predict(predictor: Predictor, batch: NDArray[np.float32]) -> NDArray[np.float32]:
    """Ask a predictor for the maps of a batch, and check that they are maps.

    Raises
    ------
    ShapeError
        For other maps than its configuration promises.
    CheckpointError
        For numbers that are not finite: what it is given always is.
    """
    maps = predictor(batch)
    wanted = (len(batch), predictor.config.classes, *batch.shape[2:])
    if maps.shape != wanted:
        raise ShapeError(f"the model gave maps of shape {maps.shape}", f"{wanted}")
    if not np.isfinite(maps).all():
        raise CheckpointError(
            "the model gave numbers that are not finite",
            "maps in 0 to 1",
            "take an earlier checkpoint of its training",
        )
    return maps


def to_fractions(maps: NDArray[np.float32]) -> Maps:
    """Round maps in 0..1 to sixteen bits."""
    scaled = np.multiply(maps, FULL, dtype=np.float32)
    return np.rint(scaled, out=scaled).clip(0, FULL).astype(np.uint16)
