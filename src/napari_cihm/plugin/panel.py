"""The panel: sections in the order of the work, and the run bar at its foot."""

from qtpy.QtCore import QEvent, QObject, QSize, Qt, QTimer, Signal
from qtpy.QtGui import (
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QKeyEvent,
    QShowEvent,
)
from qtpy.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from napari_cihm.plugin.docking import Docking
from napari_cihm.plugin.parts.section import Section, restyle, tab_as_seen
from napari_cihm.plugin.views.run_bar import RunBar

UNSETTLED = 300  # milliseconds in which what was just filled finds its height
NARROWEST = 356  # pixels, so that folding and unfolding do not move its edge


class Scroll(QScrollArea):
    """Scrolls up and down, and is never too narrow for what is in it."""

    def __init__(self, inside: QWidget, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setWidget(inside)

    def minimumSizeHint(self) -> QSize:
        """Ask for the width of the content, which fonts make differ."""
        content = self.widget().minimumSizeHint().width()
        # A theme may give the bar more room than it says it takes.
        bar = self.verticalScrollBar().sizeHint().width()
        bar = max(bar, self.width() - self.viewport().width())
        return QSize(content + bar, super().minimumSizeHint().height())

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Notice when the content comes to need another width."""
        if event.type() == QEvent.Type.LayoutRequest:
            self.updateGeometry()
        return bool(super().eventFilter(watched, event))


class Panel(QWidget):
    """Holds sections, takes drops and keys, and knows when it is closed.

    Attributes
    ----------
    files_dropped
        Emitted with the paths of what was dropped.
    closed
        Emitted when the dock was closed; not when the whole window goes.
    """

    files_dropped = Signal(list)
    closed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("cihmPanel")
        self.setAcceptDrops(True)
        # Else the sheet's frame is not drawn around a subclass of QWidget.
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._docked = False
        inside = QWidget(self)
        self._sections = QVBoxLayout(inside)
        self._sections.setContentsMargins(0, 0, 6, 0)
        self._sections.setSpacing(8)
        self._sections.addStretch(1)
        self._scroll = Scroll(inside, self)
        self.run_bar = RunBar(self)
        # Once it is laid out, which what was just unfolded is not yet, and again
        # whenever it grows: wrapped words know their height only at their width.
        self._look = QTimer(self, singleShot=True, interval=0)
        self._look.timeout.connect(self._on_look)
        self._unsettled = QTimer(self, singleShot=True, interval=UNSETTLED)
        self._scroll.verticalScrollBar().rangeChanged.connect(self._on_grown)
        self._part: QWidget = inside
        self._docking = Docking(self)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 7, 4, 6)
        layout.setSpacing(6)
        layout.addWidget(self._scroll, 1)
        layout.addWidget(self.run_bar)

    def add_section(self, section: Section) -> None:
        """Put a section below those that are there."""
        self._sections.insertWidget(self._sections.count() - 1, section)
        tab_as_seen(self._scroll.widget())

    def minimumSizeHint(self) -> QSize:
        """Be as wide as the words on all buttons ask for."""
        hint = super().minimumSizeHint()
        return QSize(max(NARROWEST, hint.width()), hint.height())

    def show_part(self, part: QWidget) -> None:
        """Scroll to a section or a part of one."""
        self._part = part
        self._look.start()

    def showEvent(self, event: QShowEvent) -> None:
        """Come to the front."""
        super().showEvent(event)
        if not event.spontaneous():
            self._docking.show()

    def event(self, event: QEvent) -> bool:
        """Notice when the dock lets go of the panel, which is how it is closed."""
        if event.type() == QEvent.Type.ParentChange:
            if self.parent() is not None:
                self._docked = True
            elif self._docked:
                self._docked = False
                self.closed.emit()
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Cancel at Escape, whatever layer is selected; leave all else to napari."""
        if event.key() == Qt.Key.Key_Escape and not self.run_bar.cancel.isHidden():
            self.run_bar.cancel.click()
        else:
            super().keyPressEvent(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take files."""
        if event.mimeData().hasUrls():
            event.acceptProposedAction()
            self._set_dropping(True)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        """Look as before."""
        self._set_dropping(False)

    def dropEvent(self, event: QDropEvent) -> None:
        """Pass files on."""
        self._set_dropping(False)
        urls = event.mimeData().urls()
        paths = [url.toLocalFile() for url in urls if url.isLocalFile()]
        if paths:
            event.acceptProposedAction()
            self.files_dropped.emit(paths)

    def _on_grown(self) -> None:
        if self._unsettled.isActive():
            self._look.start()

    def _on_look(self) -> None:
        self._scroll.ensureWidgetVisible(self._part)
        self._unsettled.start()  # only now: a busy window comes late to this

    def _set_dropping(self, dropping: bool) -> None:
        self.setProperty("dropping", dropping)
        restyle(self)
