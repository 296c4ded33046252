"""A model: a network together with all that is needed to feed and read it."""

import copy
import hashlib
import json
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from napari_cihm.config import ModelConfig
from napari_cihm.data.paths import with_home
from napari_cihm.models.checkpoint import write_checkpoint
from napari_cihm.models.devices import memory_format, pick_device
from napari_cihm.models.precision import single_precision
from napari_cihm.models.recipes import build_model
from napari_cihm.scan.pool import outlive_forks


class Model:
    """A network with its configuration, on a device.

    Attributes
    ----------
    network : torch.nn.Module
        Gives logits (b, classes, h, w).
    config : ModelConfig
        What a checkpoint stores beside the weights.
    device : torch.device
        Where the network is.
    name : str
        What to call the model in the window and in reports.
    note : str
        What was assumed about it, to be said wherever it is used.
    """

    def __init__(
        self,
        network: nn.Module,
        config: ModelConfig,
        device: str | torch.device = "cpu",
        name: str = "",
    ) -> None:
        self.device = pick_device(device)
        self.network = network.to(self.device).eval()
        self.network.to(memory_format=memory_format(self.device))  # type: ignore[call-overload]
        self.config = config
        self.name = name or config.recipe
        self.note = ""

    @classmethod
    def untrained(
        cls,
        config: ModelConfig,
        device: str | torch.device = "cpu",
        seed: int | None = None,
    ) -> "Model":
        """Build the network of a configuration, with weights drawn at random.

        The same seed gives the same weights, and leaves torch's random numbers alone;
        without one they are drawn from these.
        """
        drawn = torch.random.fork_rng([], enabled=seed is not None)
        with drawn, single_precision():
            if seed is not None:
                torch.default_generator.manual_seed(seed)
            network = build_model(
                config.recipe, config.in_channels, config.classes, **config.options
            )
        return cls(network, config, device)

    @property
    def parameters_count(self) -> int:
        """Number of learned numbers."""
        return sum(p.numel() for p in self.network.parameters())

    @property
    def hash(self) -> str:
        """Sixteen hex digits that name a recipe, its options and its weights."""
        digest = hashlib.sha256(self.config.recipe.encode())
        if self.config.options:  # two ways to scan have weights of the same shapes
            options = json.dumps(self.config.options, sort_keys=True, default=str)
            digest.update(options.encode())
        for key, tensor in sorted(self.network.state_dict().items()):
            digest.update(key.encode())
            digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
        return digest.hexdigest()[:16]

    def predict(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """Turn normalised images into maps of probabilities.

        Parameters
        ----------
        batch : array of float32, shape (b, in_channels, h, w)
            Normalised images.

        Returns
        -------
        array of float32, shape (b, classes, h, w)
            Maps in 0..1; a semantic model of several classes sums to 1.
        """
        return self.activate(self.logits(batch))

    def logits(self, batch: NDArray[np.float32]) -> Tensor:
        """Give what the network does, whatever modes of torch the caller has set."""
        outlive_forks()
        with torch.inference_mode(), torch.autocast(self.device.type, enabled=False):
            x = torch.from_numpy(np.ascontiguousarray(batch))
            x = x.to(self.device, memory_format=memory_format(self.device))
            logits: Tensor = self.network(x)
        return logits.float()

    def activate(self, logits: Tensor) -> NDArray[np.float32]:
        """Turn the network's logits into maps of probabilities."""
        if self.config.exclusive:
            return logits.softmax(dim=1).cpu().numpy()
        return logits.sigmoid().cpu().numpy()

    def on(self, device: str | torch.device) -> "Model":
        """Give this model on a device: itself if it is there, else a copy."""
        wanted = pick_device(device)
        if wanted == self.device:
            return self
        moved = Model(copy.deepcopy(self.network), self.config, wanted, self.name)
        moved.note = self.note
        return moved

    def save(self, path: str | Path) -> Path:
        """Write the model as one ``.safetensors`` file, replacing it whole."""
        return write_checkpoint(self.network, self.config, with_home(path))

    def __repr__(self) -> str:
        """Name, recipe, size and place in one line."""
        return (
            f"<Model {self.name}: {self.config.recipe}, "
            f"{self.parameters_count:,} parameters, {self.device}>"
        )
