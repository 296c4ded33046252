"""Forms made from settings: one control a field, its bounds, words and tooltip."""

from napari_cihm.plugin.forms.form import Form, align

__all__ = ["Form", "align"]
