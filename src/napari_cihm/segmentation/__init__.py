"""From images to labelled objects: tiles, maps, objects, measurements."""

from napari_cihm.segmentation.run import segment, segment_iter

__all__ = ["segment", "segment_iter"]
