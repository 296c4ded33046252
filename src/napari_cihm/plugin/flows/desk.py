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
    """The session, the viewer's layers, and those who do the work."""

    session: Session
    scene: Scene
    layers: ResultLayers
    previews: Previews
    runner: Runner
    tasks: Tasks
