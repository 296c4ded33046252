"""Models for other programs: ONNX, and packages of the BioImage Model Zoo."""

from napari_cihm.export.exporting import FORMATS, export_model, export_path

__all__ = ["FORMATS", "export_model", "export_path"]
