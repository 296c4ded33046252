"""Batches: each a pure function of the samples, the seed and the step."""

from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from napari_cihm.data.augment import draw_patch
from napari_cihm.data.samples import Sample


@dataclass(frozen=True)
class Batch:
    """Stacked patches: images, targets and what of them may be believed."""

    images: Tensor
    targets: Tensor
    valid: Tensor

    def to(self, device: torch.device) -> "Batch":
        """Move to a device."""
        images = self.images.to(device, memory_format=torch.channels_last)
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
    strength : float
        Of the augmentation.
    share : tuple of int
        This process' place among all, as (rank, processes).
    """

    samples: Sequence[Sample]
    weights: NDArray[np.float64]
    size: int
    batch: int
    seed: int
    strength: float = 1.0
    share: tuple[int, int] = (0, 1)

    def draw(self, step: int) -> Batch:
        """Draw this process' share of the batch of a step."""
        rank, processes = self.share
        patches = []
        for i in range(rank, self.batch, processes):
            rng = np.random.default_rng([self.seed, step, i])
            sample = self.samples[rng.choice(len(self.samples), p=self.weights)]
            patches.append(draw_patch(sample, self.size, rng, self.strength))
        return Batch(
            torch.stack([p.image for p in patches]),
            torch.stack([p.targets for p in patches]),
            torch.stack([p.valid for p in patches]),
        )


def ahead(draw: Callable[[int], Batch], first: int) -> Generator[Batch]:
    """Draw batches from step `first` on, the next one while this one is learnt."""
    threads = torch.get_num_threads()
    with ThreadPoolExecutor(1, "batches", initializer=_compute_alone) as pool:
        pool.submit(int).result()
        torch.set_num_threads(threads)  # here, and in threads to come
        step = first
        waiting = pool.submit(draw, step)
        while True:
            batch = waiting.result()
            step += 1
            waiting = pool.submit(draw, step)
            yield batch


def _compute_alone() -> None:
    """Let this thread compute without others of its own.

    OpenMP counts the threads of all that call it. Where they are more than the
    processor has, it sends waiting ones to sleep, and a step takes a third longer.
    """
    torch.get_num_threads()  # by which torch sets the number for a new thread
    torch.set_num_threads(1)
