"""One step of learning: a batch, its loss, and what is made of the gradients."""

import math

import torch
from torch import nn

from napari_cihm.config import TrainSettings
from napari_cihm.training.batches import Batch
from napari_cihm.training.losses import Loss, levels_loss, pick_loss
from napari_cihm.training.parallel import Team
from napari_cihm.training.state import RunState


class Learner:
    """Takes optimiser steps, and refuses those that would wreck the weights.

    A refused step leaves no trace, not even in what batch norms have seen.
    """

    def __init__(
        self,
        state: RunState,
        settings: TrainSettings,
        device: torch.device,
        team: Team,
    ) -> None:
        self.network, self.state, self.settings = state.network, state, settings
        self.device, self.team = device, team
        self.loss: Loss = pick_loss(settings.task, settings.loss)
        self.buffers = list(self.network.buffers())  # what it has seen, on average
        self.stumbles = 0

    def step(self, batch: Batch, rate: float) -> float:
        """Learn from one batch; return its loss."""
        batch = batch.to(self.device)
        self.network.train()
        self.network.zero_grad()
        before = [buffer.clone() for buffer in self.buffers]
        with mixed_precision(self.device, self.settings.amp):
            levels = self.network(batch.images, supervised=True)
        loss = levels_loss(self.loss, levels, batch.targets, batch.valid)
        loss.backward()
        self.team.share_gradients(self.network)
        norm = nn.utils.clip_grad_norm_(self.network.parameters(), self.settings.clip)
        value = float(loss.detach())
        if not (math.isfinite(value) and math.isfinite(float(norm))):
            self.stumbles += 1
            with torch.no_grad():
                for buffer, kept in zip(self.buffers, before, strict=True):
                    buffer.copy_(kept)
            return math.nan
        self.stumbles = 0
        self.state.optimiser.step(rate)
        self.state.update_average()
        return value


def mixed_precision(device: torch.device, wanted: bool) -> torch.autocast:
    """Half the bits on CUDA; a CPU gains next to nothing, an old GPU is slowed down."""
    enabled = wanted and device.type == "cuda"
    enabled = enabled and torch.cuda.is_bf16_supported(including_emulation=False)
    return torch.autocast(device.type, torch.bfloat16, enabled=enabled)
