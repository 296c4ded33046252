"""Forms made from settings: one control a field, its bounds, words and tooltip."""

from napari_cihm.plugin.forms.alignment import Alignment
from napari_cihm.plugin.forms.form import Form

__all__ = ["Alignment", "Form"]
