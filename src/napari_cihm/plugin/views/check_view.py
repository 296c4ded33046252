"""The widget that examines a model file without using it."""

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QApplication, QFileDialog, QHBoxLayout, QPushButton

from napari_cihm.events import Examined
from napari_cihm.plugin.parts.section import Section, muted
from napari_cihm.plugin.views.model_card import ModelCard
from napari_cihm.plugin.views.model_section import FILTER


class CheckSection(Section):
    """Choose or drop a file; read what it is and what is wrong with it.

    Attributes
    ----------
    file_chosen
        Emitted with the path of a file.
    """

    file_chosen = Signal(str)

    def __init__(self) -> None:
        super().__init__("Check a model file")
        self.choose = QPushButton("Choose a file…", self)
        self.choose.setToolTip("A .safetensors, .pt or .pth file; no code in it is run")
        self.copy = QPushButton("Copy the report", self)
        self.copy.setToolTip("Copy everything below as text")
        self.copy.setEnabled(False)
        self.card = ModelCard(self)
        self.card.show_text("Choose a model file, or drop one here.")
        buttons = QHBoxLayout()
        buttons.addWidget(self.choose, 2)
        buttons.addWidget(self.copy, 1)
        self.rows.addWidget(
            muted(
                "Says what a file holds, what it expects and why it is refused.", self
            )
        )
        self.rows.addLayout(buttons)
        self.rows.addWidget(self.card)
        self.choose.clicked.connect(self._on_choose)
        self.copy.clicked.connect(self._on_copy)

    def show_busy(self, name: str) -> None:
        """Say that a file is being examined."""
        self.card.show_text(f"Examining {name}…")
        self.copy.setEnabled(False)

    def show_model(self, seen: Examined) -> None:
        """Show what was found."""
        self.card.show_model(seen, whole=True)
        self.copy.setEnabled(True)

    def show_text(self, text: str) -> None:
        """Show why nothing was found."""
        self.card.show_text(text)

    def _on_choose(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "Choose a model", "", FILTER)
        if path:
            self.file_chosen.emit(path)

    def _on_copy(self) -> None:
        QApplication.clipboard().setText(self.card.text)
