"""The *Model* section: which network, what it is, and where it computes."""

from collections.abc import Sequence
from pathlib import Path

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QFileDialog, QHBoxLayout, QPushButton, QWidget

from napari_cihm.events import Examined
from napari_cihm.plugin.parts.boxes import DropDown
from napari_cihm.plugin.parts.section import Section, tab_as_seen, titled
from napari_cihm.plugin.views.model_card import ModelCard

SUFFIXES = (".safetensors", ".pt", ".pth", ".ckpt")
FILTER = f"Models ({' '.join('*' + s for s in SUFFIXES)});;All files (*)"


class ModelSection(Section):
    """Choose a model and a device; see what the model expects.

    Attributes
    ----------
    model_chosen
        Emitted with the name or file of a model that the user wants.
    device_chosen
        Emitted with the name of a device.
    """

    model_chosen = Signal(str)
    device_chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Model", parent)
        self.models = DropDown(
            "Model",
            "Bundled models, then files used recently. A model file can also be "
            "dropped anywhere on this panel.",
            self,
        )
        self.browse = QPushButton("Browse…", self)
        self.browse.setToolTip("Choose a model file: .safetensors, .pt, .pth")
        self.card = ModelCard(self)
        self.devices = DropDown("Device", "Where the network runs", self)
        chooser = QHBoxLayout()
        chooser.addWidget(self.models, 1)
        chooser.addWidget(self.browse)
        _, device = titled("Device", self.devices, self)
        self.rows.addLayout(chooser)
        self.rows.addWidget(self.card)
        self.rows.addLayout(device)
        self.models.activated.connect(self._on_activated)
        self.devices.activated.connect(self._on_device)
        self.browse.clicked.connect(self._on_browse)

    def set_models(
        self, bundled: Sequence[str], files: Sequence[str], now: str
    ) -> None:
        """List what can be chosen, and show what is in use."""
        names = [*bundled, *(f for f in files if f not in bundled)]
        if now and now not in names:
            names.insert(0, now)
        self.models.show_entries([(name, _title(name), name) for name in names], now)

    def set_devices(self, names: Sequence[str], auto: str, now: str) -> None:
        """List what this machine computes on."""
        self.devices.clear()
        self.devices.addItem(f"automatic ({auto})" if auto else "automatic", "auto")
        for name in names:
            self.devices.addItem(name, name)
        self.devices.setCurrentIndex(max(self.devices.findData(now), 0))

    def show_busy(self, text: str) -> None:
        """Say that a model is being looked at."""
        self.card.show_text(text)

    def show_model(self, seen: Examined) -> None:
        """Show the model in use, or why there is none."""
        self.card.show_model(seen)
        tab_as_seen(self)

    def _on_activated(self, index: int) -> None:
        self.model_chosen.emit(self.models.itemData(index))

    def _on_device(self, index: int) -> None:
        self.device_chosen.emit(self.devices.itemData(index))

    def _on_browse(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "Choose a model", "", FILTER)
        if path:
            self.model_chosen.emit(path)


def _title(name: str) -> str:
    """Leave out of a model file's path what is not its name."""
    file = Path(name)
    return file.stem if file.suffix in SUFFIXES else name
