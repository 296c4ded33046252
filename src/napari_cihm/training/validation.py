"""Score a model on images whose labels are known."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from napari_cihm.config import Decoding, ModelConfig
from napari_cihm.data.boxes import Box
from napari_cihm.data.samples import Sample
from napari_cihm.models import Model
from napari_cihm.segmentation.decoding import decode
from napari_cihm.training.losses import Loss
from napari_cihm.training.metrics import Matching, judged, match, precision, total
from napari_cihm.training.region_metrics import Regions
from napari_cihm.training.viewing import maps_of, view


@dataclass(frozen=True)
class Mapped:
    """True labels beside the maps that a model gave for their image."""

    maps: NDArray[np.float32]
    labels: NDArray[np.integer]
    reviewed: NDArray[np.bool_] | None = None

    @classmethod
    def of(cls, sample: Sample, maps: NDArray[np.float32]) -> "Mapped":
        """Lay a sample's maps beside what is known of it."""
        return cls(maps, sample.labels, sample.reviewed)

    def known(self, region: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Keep what of a region may be judged."""
        return region if self.reviewed is None else region & self.reviewed


@dataclass(frozen=True)
class Validator:
    """Scores models on held-out samples, the same way at every epoch.

    Attributes
    ----------
    samples : sequence of Sample
        Held out.
    loss : Loss
        The run's.
    """

    samples: Sequence[Sample]
    loss: Loss

    def __len__(self) -> int:
        return len(self.samples)

    def score(self, model: Model) -> dict[str, float]:
        """Return the loss, the figures, and the one "score" that picks the best."""
        mapped, losses = [], []
        for sample in self.samples:
            maps, loss = look(model, sample, self.loss)
            losses.append(loss)
            mapped.append(Mapped.of(sample, maps))
        figures = {
            "validation_loss": float(np.mean(losses)),
            "dice": region_dice(mapped, model.config),
        }
        if model.config.task == "semantic":
            return {**figures, "score": figures["dice"]}
        found = precision(score(mapped, model.config.decoding))
        return {**figures, **found, "score": found["map"]}

    def map_all(self, model: Model) -> list[Mapped]:
        """Let a model see each whole image."""
        return [Mapped.of(s, maps_of(model, s.image)) for s in self.samples]


def score(mapped: Sequence[Mapped], decoding: Decoding) -> list[Matching]:
    """Decode maps and match the objects, summed over the set."""
    return total(
        match(*judged(m.labels, decode(m.maps, decoding), m.reviewed)) for m in mapped
    )


def region_dice(mapped: Sequence[Mapped], config: ModelConfig) -> float:
    """Dice over all pixels of a set: of the foreground, or the classes' mean."""
    if config.exclusive:
        named = [(m, m.maps.argmax(0)) for m in mapped]
        classes = range(1, config.classes)
        dices = [
            _dice((m.known(m.labels == k), m.known(f == k)) for m, f in named)
            for k in classes
        ]
        return float(np.mean(dices))
    return _dice((m.known(m.labels > 0), m.known(m.maps[0] > 0.5)) for m in mapped)


def _dice(pairs: Iterable[tuple[NDArray[np.bool_], NDArray[np.bool_]]]) -> float:
    return Regions.total(Regions.of(truth, found) for truth, found in pairs).dice


def look(model: Model, sample: Sample, loss: Loss) -> tuple[NDArray[np.float32], float]:
    """Return a model's maps of a whole sample, and its loss.

    That of a large one is the mean of its tiles, which the objects they cut raise.
    """
    losses = []

    def show(box: Box) -> NDArray[np.float32]:
        logits = model.logits(sample.image[None, :, *box].astype(np.float32))
        losses.append(_loss_of(logits, sample, box, loss))
        maps: NDArray[np.float32] = model.activate(logits)[0]
        return maps

    return view(sample.labels.shape, show), float(np.mean(losses))


def _loss_of(logits: torch.Tensor, sample: Sample, box: Box, loss: Loss) -> float:
    targets = torch.from_numpy(sample.targets[:, *box])[None].float() / 255
    valid = torch.ones_like(targets)
    if sample.valid is not None:
        seen = np.ascontiguousarray(sample.valid[:, *box])
        valid = torch.from_numpy(seen)[None].float()
    return float(loss(logits.cpu(), targets, valid))
