"""The gate: old and new model scored on labels that neither has learnt."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_cihm.config import ModelConfig
from napari_cihm.models import Model
from napari_cihm.segmentation.decoding import decode
from napari_cihm.training.holdout import Part, Split, centres
from napari_cihm.training.material import Plane
from napari_cihm.training.metrics import Matching, Regions, match, total
from napari_cihm.training.viewing import view

LEAST_GAIN = 0.01
# Below it a model finds nothing of what is labelled, and there is nothing to lose.
NOTHING = 0.02
SURE = 2.0  # times as much gain as chance gives leaves no need for a warning
LOOK = "look at both models on an image that you know."


@dataclass(frozen=True)
class Score:
    """How a model did on the held-out labels.

    Attributes
    ----------
    matchings : sequence of Matching
        Objects found, missed and invented, at each IoU.
    dice : float
        Of all held-out pixels; the mean of all classes where there are several.
    """

    matchings: Sequence[Matching]
    dice: float

    @property
    def map(self) -> float:
        """Mean AP over the thresholds."""
        return float(np.mean([m.ap for m in self.matchings]))

    @property
    def objects(self) -> int:
        """Objects there are."""
        return self.matchings[0].tp + self.matchings[0].fn

    @property
    def found(self) -> int:
        """Objects the model gave."""
        return self.matchings[0].tp + self.matchings[0].fp

    def figure(self, task: str) -> float:
        """Return the one number that decides: mean AP, or Dice of plain regions."""
        return self.map if task == "instance" else self.dice

    def figures(self) -> dict[str, float]:
        """Put the score into plain numbers."""
        return {
            "map": self.map,
            "ap50": self.matchings[0].ap,
            "ap75": self.matchings[5].ap,
            "dice": self.dice,
            "objects": self.objects,
            "found": self.found,
        }


@dataclass(frozen=True)
class Overlay:
    """A held-out plane as both models label it, for the eye."""

    image: NDArray[np.float32] = field(repr=False)
    truth: NDArray[np.integer] = field(repr=False)
    base: NDArray[np.int32] = field(repr=False)
    new: NDArray[np.int32] = field(repr=False)
    block: NDArray[np.bool_] = field(repr=False)


def label_planes(model: Model, planes: Sequence[Plane]) -> list[NDArray[np.int32]]:
    """Let a model label whole planes."""
    return [_label(model, plane.image) for plane in planes]


def _label(model: Model, image: NDArray[np.float32]) -> NDArray[np.int32]:
    maps = view(image.shape[1:], lambda box: model.predict(image[None, :, *box])[0])
    if model.config.task == "instance":
        return decode(maps, model.config.decoding)
    whole = maps[0] > 0.5 if len(maps) == 1 else maps.argmax(0)
    return np.asarray(whole, np.int32)


def score_split(
    planes: Sequence[Plane],
    found: Sequence[NDArray[np.integer]],
    split: Split,
    config: ModelConfig,
) -> Score:
    """Score labels of planes on what a split holds out."""
    regions = config.task == "semantic"
    named = range(1, config.classes) if regions and config.classes > 1 else None
    matchings, dices = [], []
    for plane, labels, part in zip(planes, found, split.parts, strict=True):
        within = part.block & plane.reviewed
        if not within.any():
            continue
        matchings.append(
            match(_separate(plane.labels, within), _separate(labels, within))
            if regions
            else match(*_held_out(plane, labels, part))
        )
        dices.append(_overlaps(plane.labels[within], labels[within], named))
    each = [Regions.total(one).dice for one in zip(*dices, strict=True)]
    return Score(total(matchings), float(np.mean(each)))


def _overlaps(
    truth: NDArray[np.integer], found: NDArray[np.integer], named: range | None
) -> list[Regions]:
    """Count pixels of each class, or of anything where nothing is named."""
    if named is None:
        return [Regions.of(truth > 0, found > 0)]
    return [Regions.of(truth == number, found == number) for number in named]


def _separate(
    labels: NDArray[np.integer], within: NDArray[np.bool_]
) -> NDArray[np.int32]:
    return np.asarray(ndimage.label((labels > 0) & within)[0], np.int32)


def pool(scores: Sequence[Score]) -> Score:
    """Join the scores of several splits."""
    dice = float(np.mean([score.dice for score in scores]))
    return Score(total(score.matchings for score in scores), dice)


def _held_out(
    plane: Plane, found: NDArray[np.integer], part: Part
) -> tuple[NDArray[np.integer], NDArray[np.integer]]:
    """Keep the true objects that are scored, and the found ones in their place."""
    true = np.where(np.isin(plane.labels, list(part.scored)), plane.labels, 0)
    numbers = np.unique(found)
    numbers = numbers[numbers > 0]
    place = part.block & plane.reviewed
    at = np.array(centres(found, numbers), int).reshape(-1, 2)
    inside = numbers[place[at[:, 0], at[:, 1]]] if len(numbers) else numbers
    return true, np.where(np.isin(found, inside), found, 0)


@dataclass(frozen=True)
class Verdict:
    """Whether to take the new model, and why."""

    accepted: bool
    reason: str
    warnings: tuple[str, ...] = ()


def spread(objects: int) -> float:
    """Say how far chance takes a score on so many objects: a share's standard error."""
    return float(0.5 / max(objects, 1) ** 0.5)


def judge(
    base: Score,
    new: Score,
    task: str,
    doubts: Sequence[str] = (),
    placed: bool = True,
    seasoned: bool = False,
) -> Verdict:
    """Compare both scores; doubts about the labels keep the old model.

    They do not where it finds nothing at all and the labels lie on what they mean: a
    model that learnt half of the truth is then better than none, and so is any gain.

    Parameters
    ----------
    base, new : Score
        On the same held-out labels.
    task : str
        The models', which chooses the figure.
    doubts : sequence of str
        Why the labels themselves look wrong.
    placed : bool
        Whether it is known at least which objects they mean.
    seasoned : bool
        Whether the old model has learnt far more than these labels: it then gives way
        to a gain that chance would not give, and not to any.
    """
    old, figure = base.figure(task), new.figure(task)
    things = "objects" if task == "instance" else "regions"
    words = f"{figure:.2f} after, {old:.2f} before, on {new.objects} held-out {things}"
    if placed and old < NOTHING and figure > old + LEAST_GAIN:
        better = f"the new model is better, the old one finds nothing: {words}"
        return Verdict(True, better, tuple(doubts))
    if doubts:
        return Verdict(False, f"the labels look wrong: {words}", tuple(doubts))
    chance = 0.0
    if task == "instance":
        chance = 2**0.5 * spread(new.objects)  # of a difference between two scores
    if figure < old + LEAST_GAIN + (chance if seasoned else 0):
        kept = "no better"
        if figure < old - LEAST_GAIN:
            kept = "worse"
        elif figure >= old + LEAST_GAIN:
            kept = "not clearly better"
        warning = f"The new model is {kept} than the old one: {words}."
        return Verdict(False, f"the old model is kept: {words}", (warning,))
    reason = f"the new model is better: {words}"
    if figure >= old + SURE * chance:
        return Verdict(True, reason)
    chancy = f"Chance alone may give such a gain on {new.objects} objects: {LOOK}"
    return Verdict(True, reason, (chancy,))


def overlays(
    planes: Sequence[Plane],
    base: Sequence[NDArray[np.int32]],
    new: Sequence[NDArray[np.int32]],
    split: Split,
) -> tuple[Overlay, ...]:
    """Lay the labels of both models over the planes that hold something out."""
    return tuple(
        Overlay(plane.image, plane.labels, old, labels, part.block & plane.reviewed)
        for plane, old, labels, part in zip(planes, base, new, split.parts, strict=True)
        if part.scored
    )
