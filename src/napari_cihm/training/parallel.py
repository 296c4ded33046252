"""Several processes, one run: what torchrun started us as."""

import atexit
import os
import shlex
import sys
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, distributed, nn

from napari_cihm.data.paths import spelled
from napari_cihm.errors import UnavailableError
from napari_cihm.models.devices import pick_device

# The others wait while the leader validates, however many images that takes.
PATIENCE = timedelta(days=1)
CPU = torch.device("cpu")
# What the first argument is where our own program was called.
PROGRAMS = ("cihm", "__main__")


def by_torchrun() -> bool:
    """Whether torchrun started this process."""
    return distributed.is_available() and distributed.is_torchelastic_launched()


def leads() -> bool:
    """Whether this process, alone or first of many, is the one that reports."""
    return not by_torchrun() or os.environ["RANK"] == "0"


def command() -> str:
    """Return the command line that started this process, as one would type it."""
    script, *arguments = sys.argv or [""]
    ours = Path(script).stem in PROGRAMS
    if by_torchrun():
        nodes, each = (os.environ[f"{n}_WORLD_SIZE"] for n in ("GROUP", "LOCAL"))
        start = ["torchrun", f"--nnodes={nodes}", f"--nproc-per-node={each}"]
        start += ["-m", "napari_cihm"] if ours else [script]
    elif ours:
        start = ["cihm"]
    else:
        start = ["python", script] if script else ["python"]
    return shlex.join(map(spelled, [*start, *arguments]))


@dataclass(frozen=True)
class Team:
    """Our place among the processes that train together.

    Attributes
    ----------
    rank, size : int
        This process' number, and how many there are.
    device : torch.device
        Where this one computes.
    """

    rank: int = 0
    size: int = 1
    device: torch.device = CPU

    @classmethod
    def join(cls, wanted: str) -> "Team":
        """Join the processes that torchrun started, or stay alone.

        Raises
        ------
        UnavailableError
            When a machine has fewer GPUs than processes, or one that they cannot share.
        """
        device = pick_device(wanted)
        if not by_torchrun():
            return cls(device=device)
        if device.type == "mps":  # of which gloo, all that a Mac has, knows nothing
            raise UnavailableError(
                "processes that are to train together on mps",
                "one alone, or device cpu",
                "start it without torchrun",
            )
        if device.type == "cuda":
            device = _own_gpu()
            torch.cuda.set_device(device)
        if not distributed.is_initialized():
            backend = "nccl" if device.type == "cuda" else "gloo"
            distributed.init_process_group(backend, timeout=PATIENCE)
            if backend == "gloo":
                atexit.register(_leave)
        return cls(distributed.get_rank(), distributed.get_world_size(), device)

    @property
    def share(self) -> tuple[int, int]:
        """Which patches of a batch are ours."""
        return self.rank, self.size

    @property
    def leads(self) -> bool:
        """Whether this process validates and writes."""
        return self.rank == 0

    def share_gradients(self, network: nn.Module) -> None:
        """Give all the mean of their gradients, so that they step alike.

        DistributedDataParallel does it too, and never lets go of the group: see _leave.
        """
        if self.size > 1:
            gradients = [w.grad for w in network.parameters() if w.grad is not None]
            mean = torch.cat([gradient.flatten() for gradient in gradients]) / self.size
            distributed.all_reduce(mean)
            parts = mean.split([gradient.numel() for gradient in gradients])
            for gradient, part in zip(gradients, parts, strict=True):
                gradient.copy_(part.view_as(gradient))

    def agree(self, value: float) -> float:
        """Return the leader's value on all."""
        if self.size == 1:
            return value
        return float(self._spread(torch.tensor(value, dtype=torch.float64)))

    def agree_on(self, network: nn.Module) -> None:
        """Give all the leader's weights, and its statistics of what it has seen."""
        if self.size > 1:
            for value in network.state_dict().values():
                value.copy_(self._spread(value))

    def tell(self, value: Any) -> Any:
        """Send the leader's value to all."""
        if self.size == 1:
            return value
        box = [value]
        distributed.broadcast_object_list(box)
        return box[0]

    def _spread(self, value: Tensor) -> Tensor:
        value = value.to(self.device).contiguous()
        distributed.broadcast(value, 0)
        return value


def _leave() -> None:
    """Leave the others while Python is whole.

    Gloo's threads, where they outlive it, now and then end the process with an abort.
    NCCL has none such, and to leave it would wait for those that a failure left behind.
    """
    if distributed.is_initialized():
        distributed.destroy_process_group()


def _own_gpu() -> torch.device:
    """Pick a GPU for each process of a machine."""
    mine, here = (int(os.environ[n]) for n in ("LOCAL_RANK", "LOCAL_WORLD_SIZE"))
    if here > (count := torch.cuda.device_count()):
        raise UnavailableError(
            f"{here} processes on a machine with {count} GPUs",
            "a GPU for each",
            f"start torchrun with --nproc-per-node={count}",
        )
    return torch.device("cuda", mine)
