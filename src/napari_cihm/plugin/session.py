"""The state that sections share: model, image, axes, and whether something runs."""

from enum import Enum
from weakref import WeakKeyDictionary

from napari.layers import Image as ImageLayer
from qtpy.QtCore import QObject, Signal

from napari_cihm.events import Examined


class State(Enum):
    """What the buttons can do."""

    IDLE = "idle"
    RUNNING = "running"
    STOPPING = "stopping"


class Session(QObject):
    """One object, made by the coordinator and handed to whoever needs it.

    Attributes
    ----------
    model : Examined or None
        The model in use.
    source : str
        Its name or file, as jobs take it.
    device : str
        "auto", "cpu" and so on.
    image : napari.layers.Image or None
        The image that is worked on.
    axes : str
        Its axes, as guessed or as the user corrected them.
    typed : mapping
        Axes of all images that the user has corrected.
    model_left
        Emitted before another model, or the same one anew, replaces the one in use.
    axes_typed
        Emitted when the user has corrected those of an image.
    """

    model_left = Signal()
    model_changed = Signal()
    image_changed = Signal()
    axes_typed = Signal()
    state_changed = Signal()

    def __init__(self, device: str, parent: QObject) -> None:
        super().__init__(parent)
        self.model: Examined | None = None
        self.source = ""
        self.device = device
        self.image: ImageLayer | None = None
        self.axes = ""
        self.typed: WeakKeyDictionary[ImageLayer, str] = WeakKeyDictionary()
        self._state = State.IDLE

    @property
    def state(self) -> State:
        """What is going on."""
        return self._state

    def set_state(self, state: State) -> None:
        """Say what is going on."""
        if state is not self._state:
            self._state = state
            self.state_changed.emit()

    def set_model(self, model: Examined, source: str) -> None:
        """Use a model from now on."""
        if self.model is not None:
            self.model_left.emit()
        self.model, self.source = model, source
        self.model_changed.emit()

    def set_image(self, image: ImageLayer | None, axes: str) -> None:
        """Work on an image, its axes being these."""
        self.image, self.axes = image, axes
        self.image_changed.emit()

    def type_axes(self, axes: str) -> None:
        """Take the image's axes as the user corrected them."""
        assert self.image is not None
        self.axes = self.typed[self.image] = axes
        self.axes_typed.emit()
        self.image_changed.emit()
