"""What turns gradients into steps: Muon, or AdamW."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from torch.optim.adamw import adamw

from napari_cihm.config import TrainSettings

MOMENTUM = 0.95
LENGTH = 0.4  # of a step, by the rate: about what Adam's have
BETAS = 0.9, 0.999
TINY = 1e-8
PLANE = 2  # dimensions
LEAST = 8  # rows and columns, below which a matrix has no directions to be told apart
# Keller Jordan's polynomial: five turns of it bring all singular values near one.
ODD, TURNS = (3.4445, -4.7750, 2.0315), 5


class Optimiser(Protocol):
    """Takes steps, and can be saved between any two of them."""

    def step(self, rate: float) -> None:
        """Move all weights against their gradients."""

    def state_dict(self) -> dict[str, Any]:
        """Return what must be kept for the next step."""

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take up what was kept."""


def pick_optimiser(network: nn.Module, settings: TrainSettings) -> Optimiser:
    """Choose the optimiser of a run."""
    if settings.optimiser == "adamw":
        return AdamW(network, settings.weight_decay)
    return Muon(network, settings.weight_decay)


class Muon:
    """Moves a matrix equally far in all its directions, and all else as Adam does.

    A gradient is strong in a few directions, which common things share, and weak in
    those that tell rare ones apart. Filters are matrices, a row for each map they give.
    Torch has it since 2.9, for plain matrices alone.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.decay = decay
        learnt = [(n, p) for n, p in network.named_parameters() if p.requires_grad]
        self.matrices = [p for n, p in learnt if _is_matrix(n, p)]
        self.rest = [p for n, p in learnt if not _is_matrix(n, p)]
        self.momenta = [torch.zeros_like(p) for p in self.matrices]
        sizes = self.sizes = [p.numel() for p in self.rest]
        self.mean, self.square = learnt[0][1].new_zeros(2, sum(sizes)).unbind()
        self.steps = 0

    @torch.no_grad()
    def step(self, rate: float) -> None:
        """Move all weights against their gradients."""
        self.steps += 1
        for weights, momentum in zip(self.matrices, self.momenta, strict=True):
            if weights.grad is None:
                continue
            momentum.lerp_(weights.grad, 1 - MOMENTUM)
            ahead = weights.grad.lerp(momentum, MOMENTUM).flatten(1)
            length = LENGTH * rate * max(ahead.shape) ** 0.5
            weights.mul_(1 - self.decay * rate)
            weights.sub_(length * orthogonal(ahead).view_as(weights))
        if self.rest:
            self._step_of_adam(rate)

    def _step_of_adam(self, rate: float) -> None:
        """Move all other weights as one long row of numbers."""
        grads = [torch.zeros_like(p) if p.grad is None else p.grad for p in self.rest]
        row = torch.cat([grad.flatten() for grad in grads])
        self.mean.lerp_(row, 1 - BETAS[0])
        self.square.lerp_(row.square_(), 1 - BETAS[1])
        first, second = (1 - beta**self.steps for beta in BETAS)
        move = self.mean / (self.square / second).sqrt_().add_(TINY)
        for weights, part in zip(self.rest, move.split(self.sizes), strict=True):
            weights.sub_(part.view_as(weights), alpha=rate / first)

    def state_dict(self) -> dict[str, Any]:
        """Return what must be kept for the next step."""
        return {"steps": self.steps, "kept": self._kept}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take up what was kept."""
        self.steps = state["steps"]
        for mine, kept in zip(self._kept, state["kept"], strict=True):
            mine.copy_(kept)

    @property
    def _kept(self) -> Sequence[Tensor]:
        return [*self.momenta, self.mean, self.square]


class AdamW:
    """Torch's own, which decays matrices and filters alone.

    Its function does what its class does, without a compiler that the class imports
    for a second and a half.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        groups = parameter_groups(network, decay)
        self.decays = [group["weight_decay"] for group in groups]
        self.groups = [[Moments.of(p) for p in group["params"]] for group in groups]

    @torch.no_grad()
    def step(self, rate: float) -> None:
        """Move all weights against their gradients."""
        for decay, group in zip(self.decays, self.groups, strict=True):
            learnt = [kept for kept in group if kept.weights.grad is not None]
            adamw(
                [kept.weights for kept in learnt],
                [kept.weights.grad for kept in learnt],  # type: ignore[misc]
                [kept.mean for kept in learnt],
                [kept.square for kept in learnt],
                [],
                [kept.steps for kept in learnt],
                fused=True,
                amsgrad=False,
                beta1=BETAS[0],
                beta2=BETAS[1],
                lr=rate,
                weight_decay=decay,
                eps=TINY,
                maximize=False,
            )

    def state_dict(self) -> dict[str, Any]:
        """Return what must be kept for the next step, by the names torch has for it."""
        return {"state": {i: kept.named for i, kept in enumerate(self._kept)}}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take up what was kept."""
        for i, kept in enumerate(self._kept):
            for name, value in state["state"].get(i, {}).items():
                kept.named[name].copy_(value)

    @property
    def _kept(self) -> list["Moments"]:
        return [kept for group in self.groups for kept in group]


@dataclass
class Moments:
    """What Adam keeps of a weight's gradients."""

    weights: Tensor
    mean: Tensor
    square: Tensor
    steps: Tensor

    @classmethod
    def of(cls, weights: Tensor) -> "Moments":
        """Begin with nothing."""
        steps = weights.new_zeros((), dtype=torch.float32)
        mean, square = (torch.zeros_like(weights) for _ in range(2))
        return cls(weights, mean, square, steps)

    @property
    def named(self) -> dict[str, Tensor]:
        """What has to be kept, by name."""
        return {"step": self.steps, "exp_avg": self.mean, "exp_avg_sq": self.square}


def orthogonal(matrix: Tensor) -> Tensor:
    """Return nearly the orthogonal matrix that is nearest to one."""
    wide = matrix if matrix.shape[0] <= matrix.shape[1] else matrix.T
    near = wide / (wide.norm() + TINY)
    a, b, c = ODD
    for _turn in range(TURNS):
        square = near @ near.T
        even = torch.addmm(square, square, square, beta=b, alpha=c)
        near = torch.addmm(near, even, near, beta=a)
    turned: Tensor = near if wide is matrix else near.T
    return turned


def _is_matrix(name: str, weights: Tensor) -> bool:
    """Tell matrices and filters from what works on each map alone."""
    if weights.ndim < PLANE or weights.shape[1] == 1 or name.endswith("log_decay"):
        return False
    return len(weights) >= LEAST and weights[0].numel() >= LEAST


def parameter_groups(network: nn.Module, decay: float) -> list[dict[str, Any]]:
    """Decay matrices and filters; leave norms, biases and decay rates alone."""
    named = [(n, p) for n, p in network.named_parameters() if p.requires_grad]
    plain = [p for n, p in named if p.ndim < 2 or n.endswith("log_decay")]
    decayed = [p for n, p in named if not (p.ndim < 2 or n.endswith("log_decay"))]
    return [
        {"params": decayed, "weight_decay": decay},
        {"params": plain, "weight_decay": 0.0},
    ]
