"""A button with a tool's name and, fainter, its shortcut."""

from qtpy.QtCore import QSize, Qt, Signal
from qtpy.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QWidget

from napari_cihm.plugin.parts.section import Line
from napari_cihm.plugin.tools import Gesture, Tool
from napari_cihm.plugin.wording import of_planes

LEAST = 30  # pixels of a title


class ToolButton(QPushButton):
    """Chooses a tool that waits for the mouse, or uses one at once.

    Attributes
    ----------
    used
        Emitted with the tool's name when it is pressed.
    """

    used = Signal(str)

    def __init__(self, tool: Tool, parent: QWidget) -> None:
        super().__init__(parent)
        self.tool = tool
        self.setObjectName("tool")
        self.setCheckable(tool.gesture is not Gesture.NONE)
        self.setAccessibleName(tool.title)
        self._title, self._key = Line(tool.title, self), QLabel("", self)
        self._key.setObjectName("muted")
        row = QHBoxLayout(self)
        row.setContentsMargins(7, 0, 5, 0)
        row.setSpacing(3)
        row.addWidget(self._title, 1)
        row.addWidget(self._key)
        for label in (self._title, self._key):
            label.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._ready, self._hindrance, self._sliced = True, "", True
        self.show_title(tool.title)
        self.show_key("")
        self.clicked.connect(lambda: self.used.emit(tool.name))

    @property
    def title(self) -> str:
        """What is written on it."""
        return str(self._title.text())

    @property
    def key(self) -> str:
        """The shortcut that is written on it."""
        return self._key.text()

    def show_title(self, title: str) -> None:
        """Write another title."""
        self._title.setText(title)
        self._title.setToolTip("")  # the button has one
        self.setAccessibleName(title)

    def show_key(self, key: str) -> None:
        """Write a shortcut, as short as it can be told."""
        self._key.setText(key)
        self._key.setVisible(bool(key))
        self._explain()

    def speak_of(self, sliced: bool) -> None:
        """Say slice, or frame where planes are none."""
        self._sliced = sliced
        self.show_title(of_planes(self.tool.title, sliced))
        self._explain()

    def set_ready(self, ready: bool) -> None:
        """Let it be pressed, if nothing hinders it, or not."""
        self._ready = ready
        self.setEnabled(ready and not self._hindrance)

    def hinder(self, why: str) -> None:
        """Keep it from being pressed for a reason, if there is one."""
        self._hindrance = why
        self.set_ready(self._ready)
        self._explain()

    def _explain(self) -> None:
        about = of_planes(self.tool.about, self._sliced)
        about = f"{about} ({self.key})" if self.key else about
        why = self._hindrance
        self.setToolTip(f"{about}.\n{why}" if why else about)

    def sizeHint(self) -> QSize:
        """Ask for the room that both labels need."""
        inside = self.layout().sizeHint()
        # The title itself asks for no width, since it may end in dots.
        words = self._title.fontMetrics().horizontalAdvance(self._title.text())
        return QSize(inside.width() + words + 6, inside.height() + 10)

    def minimumSizeHint(self) -> QSize:
        """Keep the height and the shortcut, and leave the title some letters."""
        return QSize(self.layout().sizeHint().width() + LEAST, self.sizeHint().height())
