"""Losses: of single objects, of plain regions, and of their edges.

All take logits, targets in 0..1 and a mask of what may be believed, each
(b, maps, h, w); where the mask is 0 nothing is learnt.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

Loss = Callable[[Tensor, Tensor, Tensor], Tensor]

REACH = 5


def instance_loss(logits: Tensor, targets: Tensor, valid: Tensor) -> Tensor:
    """Loss of foreground, touching border and distance, in that order."""
    foreground, border, distance = (
        (logits[:, i], targets[:, i], valid[:, i]) for i in range(3)
    )
    closeness = 1 + 4 * targets[:, 1]  # what keeps neighbours apart weighs more
    return (
        _entropy(*foreground, weight=closeness)
        + _dice(*foreground)
        + 0.5 * (_entropy(*border, weight=1 + 2 * targets[:, 1]) + _dice(*border))
        + _entropy(*distance, weight=1 + targets[:, 0])
        + 2 * _distance(*distance)
    )


def region_loss(logits: Tensor, targets: Tensor, valid: Tensor) -> Tensor:
    """Cross entropy and Dice of one region, or of several that exclude each other."""
    if logits.shape[1] == 1:
        parts = logits[:, 0], targets[:, 0], valid[:, 0]
        return _entropy(*parts) + _dice(*parts)
    log = logits.float().log_softmax(dim=1)
    seen = valid[:, 0]
    entropy = -(targets * log).sum(1)
    maps = [(m * valid).transpose(0, 1) for m in (log.exp(), targets)]
    return _mean(entropy, seen) + 1 - _overlap(*maps)[1:].mean()


def boundary_loss(logits: Tensor, targets: Tensor, valid: Tensor) -> Tensor:
    """HyM-UNet's hybrid: cross entropy, Dice, and cross entropy at the edges alone.

    An edge is wherever a square of five pixels holds both inside and outside. Where
    it also holds what may not be believed, nobody knows, and it is none.
    """
    wide = F.max_pool2d(targets, REACH, stride=1, padding=REACH // 2)
    thin = -F.max_pool2d(-targets, REACH, stride=1, padding=REACH // 2)
    hidden = F.max_pool2d(1 - valid[:, :1], REACH, stride=1, padding=REACH // 2)
    edge = (wide - thin).amax(1) * (1 - hidden[:, 0])
    if logits.shape[1] == 1:
        entropy = F.binary_cross_entropy_with_logits(
            logits[:, 0].float(), targets[:, 0], reduction="none"
        )
    else:
        entropy = -(targets * logits.float().log_softmax(dim=1)).sum(1)
    return region_loss(logits, targets, valid) + _mean(entropy, edge)


def levels_loss(
    loss: Loss, levels: Sequence[Tensor], targets: Tensor, valid: Tensor
) -> Tensor:
    """Mean of a loss over levels of supervision, each half as heavy as the one before.

    A network called with ``supervised=True`` gives the levels, the finest first; of
    one level alone this is the loss itself.
    """
    weights = [0.5**i for i in range(len(levels))]
    each = [
        weight * loss(logits, targets, valid)
        for weight, logits in zip(weights, levels, strict=True)
    ]
    return torch.stack(each).sum() / sum(weights)


def pick_loss(task: str, name: str) -> Loss:
    """Choose the loss of a run."""
    if task == "instance":
        return instance_loss
    return boundary_loss if name == "boundary" else region_loss


def _entropy(
    logits: Tensor, targets: Tensor, valid: Tensor, weight: Tensor | None = None
) -> Tensor:
    each = F.binary_cross_entropy_with_logits(logits.float(), targets, reduction="none")
    return _mean(each, valid if weight is None else valid * weight)


def _distance(logits: Tensor, targets: Tensor, valid: Tensor) -> Tensor:
    return _mean((logits.float().sigmoid() - targets).abs(), valid)


def _dice(logits: Tensor, targets: Tensor, valid: Tensor) -> Tensor:
    return (
        1
        - _overlap(*((m * valid)[None] for m in (logits.float().sigmoid(), targets)))[0]
    )


def _overlap(a: Tensor, b: Tensor) -> Tensor:
    """Soft Dice of each row: (maps, ...) twice -> (maps,)."""
    a, b = a.flatten(1), b.flatten(1)
    return (2 * (a * b).sum(1) + 1) / (a.sum(1) + b.sum(1) + 1)


def _mean(each: Tensor, weight: Tensor) -> Tensor:
    return (each * weight).sum() / weight.sum().clamp_min(1)
