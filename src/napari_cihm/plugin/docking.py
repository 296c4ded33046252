"""Where a panel is docked: as a tab beside other panels, in front when it is shown."""

from qtpy.QtCore import QEvent, QObject, QTimer
from qtpy.QtWidgets import QDockWidget, QMainWindow, QWidget


class Docking(QObject):
    """Brings a panel's dock to its place once, and to the front each time."""

    def __init__(self, panel: QWidget) -> None:
        super().__init__(panel)
        self._panel = panel
        self._placed = self._behind = False
        self._front = QTimer(self, singleShot=True, interval=0)
        self._front.timeout.connect(self._on_shown)
        self._again = QTimer(self, singleShot=True, interval=0)
        self._again.timeout.connect(self._on_hidden_behind)

    def show(self) -> None:
        """Come to the front, once the dock has its place."""
        self._front.start()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Notice when the dock is closed, and not only hidden."""
        if event.type() == QEvent.Type.Close:
            self._behind = False
        return False

    @property
    def _dock(self) -> QDockWidget | None:
        dock = self._panel.parent()
        return dock if isinstance(dock, QDockWidget) else None

    def _on_shown(self) -> None:
        dock, window = self._dock, self._panel.window()
        if dock is None or not isinstance(window, QMainWindow):
            return
        if not self._placed:  # later it stays where the user put it
            self._placed = True
            dock.visibilityChanged.connect(self._on_seen)
            dock.installEventFilter(self)
            area = window.dockWidgetArea(dock)
            others = (docking._dock for docking in window.findChildren(Docking))
            beside = [
                other
                for other in others
                if other is not None
                and other is not dock
                and not other.isHidden()
                and not other.isFloating()
                and window.dockWidgetArea(other) == area
            ]
            if beside:
                window.tabifyDockWidget(beside[0], dock)
        dock.raise_()

    def _on_seen(self, seen: bool) -> None:
        dock = self._dock
        if dock is None:
            return
        if not dock.isHidden():
            self._behind = not seen
        elif self._behind:
            self._again.start()

    def _on_hidden_behind(self) -> None:
        """Come to the front: napari's menu hides what is only behind another tab."""
        if self._dock is not None:
            self._dock.show()
