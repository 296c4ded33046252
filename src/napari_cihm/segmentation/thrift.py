"""Predicting within the memory there is: fewer at once, then smaller tiles."""

import os
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from napari_cihm.config import SegmentSettings
from napari_cihm.data.boxes import whole
from napari_cihm.data.tiles import TileGrid
from napari_cihm.errors import UnavailableError, is_out_of_memory
from napari_cihm.models.devices import release_memory
from napari_cihm.segmentation.plan import blend
from napari_cihm.segmentation.predictor import (
    FULL,
    Maps,
    Predictor,
    predict,
    to_fractions,
)

SIDES = (1024, 512, 256)
LEAST = 32
BYTES_A_PIXEL = 700  # of the bundled network at work, measured
SHARE = 0.25  # of the machine's memory that a run takes unasked
FALLBACK = 4 * 2**30

Tile = NDArray[np.float32]


@dataclass
class Thrift:
    """Predicts tiles, learning from each refusal how much memory there is.

    A refused batch is halved, then the tile itself: its quarters are predicted
    with an overlap and blended. What was learned holds for the tiles to come.

    Parameters
    ----------
    predictor : Predictor
        The network.
    side : int
        Side of the pieces the network is given.
    overlap : int
        Pixels that pieces share once tiles are cut further.
    batch : int
        Pieces given at once.
    known : pair of arrays, optional
        A batch of one tile that was predicted before, and its maps.
    """

    predictor: Predictor
    side: int
    overlap: int
    batch: int = 1
    known: tuple[NDArray[np.float32], NDArray[np.float32]] | None = None

    def __call__(self, tiles: list[Tile]) -> list[Maps]:
        """Predict tiles of one shape."""
        if self.known is not None and len(tiles) == 1:
            (tile,), found_before = self.known
            if np.array_equal(tiles[0], tile):
                return list(to_fractions(found_before))
        if max(tiles[0].shape[1:]) > self.side:
            return [self._in_pieces(tile) for tile in tiles]
        maps: list[Maps] = []
        while len(maps) < len(tiles):
            now = tiles[len(maps) : len(maps) + self.batch]
            found = _attempt(self.predictor, np.stack(now))
            if found is None:
                self.learn(len(now), max(now[0].shape[1:]))
                return maps + self(tiles[len(maps) :])
            maps += list(to_fractions(found))
        return maps

    def learn(self, batch: int, side: int) -> None:
        """Ask for less from now on: so many tiles of such a side were too much.

        Raises
        ------
        UnavailableError
            If even the smallest pieces are.
        """
        release_memory()
        if batch > 1:
            self.batch = batch // 2
            return
        self.side = side // 2
        self.overlap = min(self.overlap, self.side // 4)
        if self.side < LEAST:
            raise UnavailableError(
                f"memory does not suffice for a tile of {side} pixels",
                remedy="close other programs, or choose device='cpu'",
            )

    def _in_pieces(self, tile: Tile) -> Maps:
        grid = TileGrid(tile.shape[1:], self.side, self.overlap)
        pieces = self([tile[:, *box] for box in grid.boxes])
        blended = blend(grid, dict(enumerate(pieces)), whole(grid.shape))
        return to_fractions(blended)


def predict_one(predictor: Predictor, tile: Tile) -> NDArray[np.float32]:
    """Predict a tile, in pieces if memory does not suffice for the whole."""
    found = _attempt(predictor, tile[None])
    if found is not None:
        return np.asarray(found[0])
    side = max(tile.shape[1:])
    thrift = Thrift(predictor, side, side // 4)
    thrift.learn(1, side)
    return thrift([tile])[0].astype(np.float32) / np.float32(FULL)


def _attempt(predictor: Predictor, batch: Tile) -> NDArray[np.float32] | None:
    """Predict a batch; None if memory does not suffice.

    An error holds all that was made on the way to it: what is tried next has to wait
    until it is gone.
    """
    try:
        return predict(predictor, batch)
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
    return None


def choose_tile(settings: SegmentSettings, device: str) -> int:
    """Return the side of a tile: the user's, else the largest that fits well.

    Chosen from the memory the machine has, not from what is free just now, so
    that a run gives the same labels tomorrow.
    """
    if settings.tile is not None:
        return settings.tile
    room = memory_bytes(settings, device) / BYTES_A_PIXEL
    return next((side for side in SIDES if side * side <= room), SIDES[-1])


def choose_batch(settings: SegmentSettings, device: str, pixels: int) -> int:
    """Return how many tiles of so many pixels the network is given at once."""
    if settings.batch is not None:
        return settings.batch
    # A CPU gains nothing from more work at once than keeps its cores busy.
    most = 16 if device.startswith("cuda") else min(8, max(1, 512**2 // pixels))
    room = memory_bytes(settings, device) / BYTES_A_PIXEL
    return max(1, min(most, int(room / pixels)))


def memory_bytes(settings: SegmentSettings, device: str) -> float:
    """Return the memory a run may take for the network at work."""
    if settings.memory is not None:
        return settings.memory * 2**20 / 2
    if device.startswith("cuda"):
        return SHARE * 2 * torch.cuda.get_device_properties(device).total_memory
    try:
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):  # not on Windows
        total = FALLBACK
    return SHARE * total
