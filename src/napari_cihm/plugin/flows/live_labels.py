"""The layer in which labels appear while a run finds them."""

import numpy as np
from napari.layers import Labels
from qtpy.QtCore import QObject, QTimer

from napari_cihm.events import BlockDone, TileDone
from napari_cihm.plugin.region import Region

REFRESH = 120  # milliseconds between two drawings of what was found


class LiveLabels(QObject):
    """Takes in tile by tile what a run found, and draws it now and then."""

    def __init__(self, layer: Labels, region: Region, parent: QObject) -> None:
        super().__init__(parent)
        self.layer, self._region = layer, region
        self._refresh = QTimer(self, singleShot=True, interval=REFRESH)
        self._refresh.timeout.connect(self._draw)

    def mark(self, tile: TileDone) -> None:
        """Take in where objects are that are not told apart yet."""
        part = self.layer.data[self._region.show_box(tile.box)]
        np.maximum(part, tile.foreground.reshape(part.shape), out=part)
        self._draw_soon()

    def put(self, block: BlockDone) -> None:
        """Take in objects that may yet get other numbers."""
        part = self.layer.data[self._region.show_box(block.box)]
        part[...] = block.labels.reshape(part.shape)
        self._draw_soon()

    def close(self) -> None:
        """Draw no more."""
        self._refresh.stop()

    def _draw_soon(self) -> None:
        if not self._refresh.isActive():
            self._refresh.start()

    def _draw(self) -> None:
        self.layer.refresh(thumbnail=False, extent=False)
