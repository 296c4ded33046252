"""Several processes, one run: what torchrun started us as."""

import os
from dataclasses import dataclass
from typing import Any

import torch
from torch import distributed, nn


@dataclass(frozen=True)
class Team:
    """Our place among the processes that train together.

    Attributes
    ----------
    rank, size : int
        This process' number, and how many there are.
    """

    rank: int = 0
    size: int = 1

    @classmethod
    def join(cls, device: torch.device) -> "Team":
        """Join the processes that torchrun started, or stay alone."""
        size = int(os.environ.get("WORLD_SIZE", "1"))
        if size == 1:
            return cls()
        if not distributed.is_initialized():
            distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
        return cls(distributed.get_rank(), size)

    @property
    def share(self) -> tuple[int, int]:
        """Which patches of a batch are ours."""
        return self.rank, self.size

    @property
    def leads(self) -> bool:
        """Whether this process validates and writes."""
        return self.rank == 0

    def share_gradients(self, network: nn.Module) -> nn.Module:
        """Wrap a network so that all processes step alike."""
        if self.size == 1:
            return network
        return nn.parallel.DistributedDataParallel(network)

    def agree(self, value: float) -> float:
        """Return the leader's value on all."""
        return float(self.tell(value))

    def tell(self, value: Any) -> Any:
        """Send the leader's value to all."""
        if self.size == 1:
            return value
        box = [value]
        distributed.broadcast_object_list(box)
        return box[0]
