"""Batches: each a pure function of the samples, the seed and the step."""

import itertools
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from napari_cihm.config import Normalisation
from napari_cihm.data.augment import draw_patch
from napari_cihm.data.samples import Sample
from napari_cihm.models.devices import memory_format


@dataclass(frozen=True)
class Batch:
    """Stacked patches: images, targets and what of them may be believed."""

    images: Tensor
    targets: Tensor
    valid: Tensor

    def to(self, device: torch.device) -> "Batch":
        """Move to a device."""
        images = self.images.to(device, memory_format=memory_format(device))
        return Batch(images, self.targets.to(device), self.valid.to(device))


@dataclass(frozen=True)
class Drawer:
    """Draws the patches of any step; nothing is remembered between steps.

    Attributes
    ----------
    samples : sequence of Sample
        What to draw from.
    weights : array
        How often to draw each.
    size, batch, seed : int
        Side of a patch, patches in a step, seed of the run.
    share : tuple of int
        This process' place among all, as (rank, processes).
    stretch : Normalisation, optional
        The model's, when some patches are to look as images do to it with little or
        nothing on them.
    """

    samples: Sequence[Sample]
    weights: NDArray[np.float64]
    size: int
    batch: int
    seed: int
    share: tuple[int, int] = (0, 1)
    stretch: Normalisation | None = None

    def draw(self, step: int, strength: float = 1.0) -> Batch:
        """Draw this process' share of the batch of a step, augmented so strongly."""
        rank, processes = self.share
        patches = []
        for i in range(rank, self.batch, processes):
            rng = np.random.default_rng([self.seed, step, i])
            sample = self.samples[rng.choice(len(self.samples), p=self.weights)]
            patches.append(draw_patch(sample, self.size, rng, strength, self.stretch))
        return Batch(
            torch.stack([p.image for p in patches]),
            torch.stack([p.targets for p in patches]),
            torch.stack([p.valid for p in patches]),
        )


def batches(draw: Callable[[int], Batch], first: int, ahead: bool) -> Generator[Batch]:
    """Draw batches from step `first` on.

    Parameters
    ----------
    draw : callable
        Draws the batch of a step.
    first : int
        Where to begin.
    ahead : bool
        Whether the next is drawn while this one is learnt. It pays beside an
        accelerator; on a processor it takes more from those that learn than it gives.
    """
    if not ahead:
        yield from map(draw, itertools.count(first))
    with ThreadPoolExecutor(1, "batches") as pool:
        waiting = pool.submit(draw, first)
        for step in itertools.count(first + 1):
            batch = waiting.result()
            waiting = pool.submit(draw, step)
            yield batch
