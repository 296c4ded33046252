"""Looking labels through: to count their objects, and for what nobody told of."""

from collections.abc import Callable, Iterable
from functools import partial

from napari.layers import Labels
from qtpy.QtCore import QObject, QTimer, Signal

from napari_cihm.correction.checksums import Checksums
from napari_cihm.correction.grids import Key
from napari_cihm.correction.session import CorrectionSession
from napari_cihm.correction.survey import Survey
from napari_cihm.plugin.flows.errands import Errand, Errands
from napari_cihm.plugin.steps import is_painted

SMALL = 1 << 22  # labels of more pixels are looked through in a thread
CALM = 200  # milliseconds without a hint of change, after which changes are looked for
SILENT = 2000  # milliseconds between two looks through hidden labels


class Scrutiny(QObject):
    """Looks a layer's labels through, large ones beside the window.

    In the midst of a stroke nothing is taken in: pixels are written that are told of
    at its end, and would count twice.

    Parameters
    ----------
    session : CorrectionSession
        Knows what was told of its labels, and hears what was not.
    settle : callable
        Takes in all that was told up to now.

    Attributes
    ----------
    counted
        Emitted when the objects of large labels are counted.
    found
        Emitted after the session heard of what was changed in silence.
    doubtful : bool
        Whether anything may have been.
    """

    counted = Signal()
    found = Signal()

    def __init__(
        self,
        layer: Labels,
        session: CorrectionSession,
        settle: Callable[[], object],
        errands: Errands,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._layer, self._session = layer, session
        self._settle, self._errands = settle, errands
        self.doubtful = self._closed = False
        self._calm = QTimer(self, singleShot=True, interval=CALM)
        self._calm.timeout.connect(self._on_calm)
        self._silent = QTimer(self, interval=SILENT)
        self._silent.timeout.connect(self._on_silent)
        self._silent.start()
        self._looking: Errand | None = None

    def count(self) -> None:
        """Count the objects."""
        if self._is_small:
            self._session.complete()
        else:
            survey = self._session.survey
            end = partial(self._on_surveyed, survey)
            self._errands.start(survey.scan, end=end)

    def doubt(self) -> None:
        """Look soon for what was changed in silence; new numbers are free at once."""
        self.doubtful = True
        self._session.index.doubt()
        self._calm.start()

    def look(self) -> None:
        """Look now if there is doubt, and it takes no time."""
        if self.doubtful and self._is_small:
            self._take_in(None)

    def close(self) -> bool:
        """Look a last time; say whether anything was changed in silence."""
        self._closed = True
        self._calm.stop()
        self._silent.stop()
        if not self._session.checksums.ready:
            return self._keep_anew()
        if not self.doubtful and not self._is_small:
            return False
        boxes = self._session.checksums.settle()
        self._session.changed(boxes)
        return bool(boxes)

    @property
    def _is_small(self) -> bool:
        return bool(self._layer.data.size <= SMALL)

    def _on_calm(self) -> None:
        checksums = self._session.checksums
        if self._looking or is_painted(self._layer) or not checksums.ready:
            self._calm.start()
        elif self._is_small:
            self._settle()
        else:
            doubts: list[Key] = []
            end = partial(self._on_looked, checksums, doubts)
            self._looking = self._errands.start(
                checksums.doubts, doubts.append, end=end
            )

    def _on_silent(self) -> None:
        """Look through small labels while they are hidden, refreshed or not."""
        if self._is_small and not self._layer.visible:
            self._settle()
            self._take_in(None)

    def _on_looked(self, checksums: Checksums, doubts: list[Key]) -> None:
        self._looking = None
        if self._closed:
            return
        if is_painted(self._layer):
            self._calm.start()
        elif checksums is self._session.checksums:
            self._settle()
            self._take_in(doubts)

    def _take_in(self, doubts: Iterable[Key] | None) -> None:
        """Take in what the labels hold where it is not what was told."""
        if is_painted(self._layer):
            return
        self.doubtful = False
        boxes = self._session.checksums.settle(doubts)
        if boxes:
            self._session.changed(boxes)
            self.count()
            self.found.emit()
        else:
            self._session.index.doubt(False)

    def _on_surveyed(self, survey: Survey) -> None:
        if self._closed or survey is not self._session.survey:
            return
        if is_painted(self._layer):
            QTimer.singleShot(CALM, partial(self._on_surveyed, survey))
            return
        self._settle()
        anew = not self._session.checksums.ready and self._keep_anew()
        self._session.complete()
        if anew:
            self.found.emit()
        self.counted.emit()

    def _keep_anew(self) -> bool:
        """Keep all that there is where nobody can tell what changed in silence.

        It is so until large labels are looked through for the first time.
        """
        if self.doubtful and self._session.journal is not None:
            self._session.journal.resync()
        return self.doubtful
