"""Keys of the panel, heard wherever the focus is: mostly that is the canvas."""

from collections.abc import Callable

from napari.layers import Labels
from napari.utils.key_bindings import coerce_keybinding
from qtpy.QtCore import QObject

from napari_cihm.plugin.scene import Scene
from napari_cihm.plugin.session import Session, State

SEGMENT, CANCEL = "Control-Enter", "Escape"


class Keys(QObject):
    """Ctrl+Enter, and Escape while something runs.

    napari asks the selected layer first, and labels have an Escape of their own, which
    takes back what is just being drawn. It is theirs while a brush or a polygon is
    chosen; with none it would do nothing, and cancels what runs.

    Parameters
    ----------
    scene : Scene
        The viewer.
    session : Session
        Knows whether anything runs.
    segment, cancel : callable
        What the keys do.
    """

    def __init__(
        self,
        scene: Scene,
        session: Session,
        segment: Callable[[], None],
        cancel: Callable[[], None],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._scene, self._session, self._cancel = scene, session, cancel
        self._layer: Labels | None = None
        self._ends = [scene.bind(SEGMENT, segment), scene.bind(CANCEL, self._on_cancel)]
        session.state_changed.connect(self._update)
        scene.labels_selected.connect(self._update)

    def close(self) -> None:
        """Leave the keys to napari."""
        for end in self._ends:
            end()
        self._release()

    @property
    def _runs(self) -> bool:
        return self._session.state is not State.IDLE

    def _update(self, *_: object) -> None:
        self._release()
        layer = self._scene.active
        if not (self._runs and isinstance(layer, Labels)):
            return
        if _ESCAPE not in layer.keymap:  # a tool that waits for the mouse has its own
            layer.bind_key(CANCEL, self._on_escape)
            self._layer = layer

    def _release(self) -> None:
        layer, self._layer = self._layer, None
        if layer is not None and layer.keymap.get(_ESCAPE) == self._on_escape:
            layer.bind_key(CANCEL, None)

    def _on_cancel(self) -> None:
        if self._runs:
            self._cancel()

    def _on_escape(self, layer: Labels) -> None:
        if layer.mode == "pan_zoom":
            self._cancel()
        else:
            Labels.class_keymap[_ESCAPE](layer)


_ESCAPE = coerce_keybinding(CANCEL)
