"""Keys of the panel, heard wherever the focus is: mostly that is the canvas."""

from collections.abc import Callable
from typing import Any

from napari.layers import Labels
from napari.utils.key_bindings import coerce_keybinding
from qtpy.QtCore import QObject

from napari_cihm.plugin.flows.correct.pointing import Pointing
from napari_cihm.plugin.scene import Scene
from napari_cihm.plugin.session import Session, State

SEGMENT, CANCEL = "Control-Enter", "Escape"


class Keys(QObject):
    """Ctrl+Enter, and Escape while something runs or a tool waits for the mouse.

    napari asks the selected layer first, and labels have an Escape of their own, which
    takes back what is just being drawn. It is theirs while a brush or a polygon is
    chosen; with none it would do nothing, and puts the tool down or else cancels what
    runs.

    Parameters
    ----------
    segment, cancel : callable
        What the keys do.
    """

    def __init__(
        self,
        scene: Scene,
        session: Session,
        pointing: Pointing,
        segment: Callable[[], None],
        cancel: Callable[[], None],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._scene, self._session, self._cancel = scene, session, cancel
        self._pointing = pointing
        self._layer: Labels | None = None
        self._theirs: Any = None  # what Escape did there before
        bind = scene.window.bind
        self._ends = [bind(SEGMENT, segment), bind(CANCEL, self._on_cancel)]
        self._signals = (
            session.state_changed,
            scene.labels_selected,
            pointing.changed,
        )
        for signal in self._signals:
            signal.connect(self._update)

    def close(self) -> None:
        """Leave the keys to napari."""
        for signal in self._signals:
            signal.disconnect(self._update)
        for end in self._ends:
            end()
        self._release()

    @property
    def _runs(self) -> bool:
        return self._session.state is not State.IDLE

    def _update(self, *_: object) -> None:
        self._release()
        layer = self._scene.active
        waits = self._pointing.tool is not None
        if not isinstance(layer, Labels) or not (self._runs or waits):
            return
        if waits or _ESCAPE not in layer.keymap:
            self._layer, self._theirs = layer, layer.keymap.get(_ESCAPE)
            layer.bind_key(CANCEL, self._on_escape, overwrite=True)

    def _release(self) -> None:
        layer, self._layer = self._layer, None
        if layer is not None and layer.keymap.get(_ESCAPE) == self._on_escape:
            layer.bind_key(CANCEL, self._theirs, overwrite=True)

    def _on_cancel(self) -> None:
        if self._runs:
            self._cancel()

    def _on_escape(self, layer: Labels) -> None:
        if self._pointing.tool is not None:
            self._pointing.retreat()
        elif layer.mode == "pan_zoom":
            self._cancel()
        else:
            Labels.class_keymap[_ESCAPE](layer)


_ESCAPE = coerce_keybinding(CANCEL)
