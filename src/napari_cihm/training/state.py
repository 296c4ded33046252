"""The state of a run: all that a resumed run needs to go on bit for bit."""

import copy
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.optim.swa_utils import get_ema_multi_avg_fn

from napari_cihm.config import TrainSettings
from napari_cihm.data.writing import whole_file
from napari_cihm.errors import CheckpointError, TrainingError
from napari_cihm.models import Model
from napari_cihm.training.optimisers import pick_optimiser

# Fingerprints, of which a reader learns only that they are others.
OTHERS = {
    "base": "it began with another model",
    "data": "it learnt from other images or labels",
    "validation data": "it was validated on others",
}


@dataclass
class Progress:
    """Where a run stands, in plain numbers."""

    step: int = 0
    epoch: int = 0
    best: float = -1.0
    best_epoch: int = -1
    seconds: float = 0.0
    history: list[dict[str, float]] = field(default_factory=list)


class RunState:
    """Network, averaged network, best weights and optimiser of one run.

    Batches and learning rates are functions of the step alone, and nothing is drawn
    at random while a network learns, so no random state has to be kept.
    """

    def __init__(self, network: nn.Module, settings: TrainSettings) -> None:
        self.network = network
        self.average = copy.deepcopy(network).eval().requires_grad_(False)
        self.best = {k: v.clone() for k, v in self.average.state_dict().items()}
        self.optimiser = pick_optimiser(network, settings)
        self.progress = Progress()
        self.ema = settings.ema

    def update_average(self) -> None:
        """Move the averaged weights towards the learnt ones."""
        step = self.progress.step
        keep = min(self.ema, (1 + step) / (10 + step))
        means, learnt = (
            list(net.state_dict().values()) for net in (self.average, self.network)
        )
        drift = [i for i, mean in enumerate(means) if mean.is_floating_point()]
        average = get_ema_multi_avg_fn(keep)
        average([means[i] for i in drift], [learnt[i] for i in drift], 0)
        for i in set(range(len(means))) - set(drift):
            means[i].copy_(learnt[i])

    @property
    def sound(self) -> bool:
        """Whether all averaged weights are numbers."""
        return all(bool(v.isfinite().all()) for v in self.average.state_dict().values())

    def keep_best(self, figure: float) -> bool:
        """Keep the averaged weights when they are numbers and the best so far."""
        if not figure > self.progress.best or not self.sound:
            return False
        self.progress.best, self.progress.best_epoch = figure, self.progress.epoch
        self.best = {k: v.clone() for k, v in self.average.state_dict().items()}
        return True

    def save(self, path: Path, identity: dict[str, Any]) -> None:
        """Write the state whole or not at all.

        Raises
        ------
        WriteError
            When there is no room for it, or no right to write it.
        """
        content = {
            "identity": identity,
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "best": self.best,
            "optimiser": self.optimiser.state_dict(),
            "progress": asdict(self.progress),
        }
        with whole_file(path) as file:
            try:
                torch.save(content, file)
            except RuntimeError as error:  # what torch makes of the system's refusal
                if isinstance(error.__context__, OSError):
                    raise error.__context__ from error
                raise

    def restore(self, path: Path, identity: dict[str, Any]) -> None:
        """Take up a saved state of the same run."""
        try:
            content = torch.load(path, map_location="cpu", weights_only=True)
        except Exception as error:
            raise CheckpointError(
                f"{path} cannot be read ({type(error).__name__})",
                "the state of a run",
                "start in another folder",
            ) from error
        if changed := _differences(content["identity"], identity):
            raise TrainingError(
                f"{path.parent} holds another run: {', '.join(changed)}",
                "the same command and data to resume",
                "start in another folder",
            )
        self.network.load_state_dict(content["network"])
        self.average.load_state_dict(content["average"])
        self.best = content["best"]
        self.optimiser.load_state_dict(content["optimiser"])
        self.progress = Progress(**content["progress"])


def model_of(state: RunState, like: Model, best: bool = True) -> Model:
    """Make a model of the best averaged weights, or of the latest."""
    network = copy.deepcopy(state.average)
    if best:
        network.load_state_dict(state.best)
    return Model(network, like.config, like.device, like.name)


def _differences(before: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """Say what a run was told before and is told otherwise now."""
    return [
        OTHERS.get(key, f"{key} was {_said(before.get(key))}, is {_said(now.get(key))}")
        for key in (before | now)
        if before.get(key) != now.get(key)
    ]


def _said(value: Any) -> Any:
    return value if value not in (None, "", {}) else "none"
