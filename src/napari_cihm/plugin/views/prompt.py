"""What a tool waits for, in words that keep their room."""

from qtpy.QtWidgets import QGridLayout, QWidget

from napari_cihm.plugin.parts.section import muted


class Prompt(QWidget):
    """Words that wrap, with room for the longest, so that nothing below them jumps."""

    def __init__(self, longest: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._words, room = muted("", self), muted(longest, self)
        policy = room.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        room.setSizePolicy(policy)
        room.hide()
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for words in (room, self._words):
            layout.addWidget(words, 0, 0)

    def text(self) -> str:
        """Return what is said."""
        return self._words.text()

    def setText(self, text: str) -> None:
        """Say something else."""
        self._words.setText(text)
