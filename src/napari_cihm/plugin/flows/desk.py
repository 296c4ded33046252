"""What every flow works with, made once by the coordinator."""

from dataclasses import dataclass

from napari_cihm.plugin.flows.tasks import Tasks
from napari_cihm.plugin.layers import ResultLayers
from napari_cihm.plugin.previews import Previews
from napari_cihm.plugin.runner import Runner
from napari_cihm.plugin.scene import Scene
from napari_cihm.plugin.session import Session


@dataclass(frozen=True)
class Desk:
    """The session, the viewer's layers, and those who do the work.

    Attributes
    ----------
    session : Session
        What sections share.
    scene : Scene
        What the viewer holds and shows.
    layers : ResultLayers
        Adds and changes labels that last.
    previews : Previews
        Adds and removes what is only looked at.
    runner : Runner
        Runs jobs beside the window.
    tasks : Tasks
        What runs, and how far it is.
    """

    session: Session
    scene: Scene
    layers: ResultLayers
    previews: Previews
    runner: Runner
    tasks: Tasks
