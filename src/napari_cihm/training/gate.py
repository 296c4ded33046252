"""The gate: old and new model scored on labels that neither has learnt."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from napari_cihm.training.metrics import Matching, mean_ap, precision, total

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
    def mean_ap(self) -> float:
        """Mean AP over the thresholds."""
        return mean_ap(self.matchings)

    @property
    def ap50(self) -> float:
        """AP at an IoU of a half."""
        return self.matchings[0].ap

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
        return self.mean_ap if task == "instance" else self.dice

    def figures(self) -> dict[str, float]:
        """Put the score into plain numbers."""
        return {
            **precision(self.matchings),
            "dice": self.dice,
            "objects": self.objects,
            "found": self.found,
        }


def pool(scores: Sequence[Score]) -> Score:
    """Join the scores of several splits."""
    dice = float(np.mean([score.dice for score in scores]))
    return Score(total(score.matchings for score in scores), dice)


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
    meant: bool = False,
    seasoned: bool = False,
) -> Verdict:
    """Compare both scores; doubts about the labels keep the old model.

    They do not where it finds nothing at all and the labels lie on what they mean: a
    model that learnt half of the truth is then better than none, and so is any gain.
    Nor do they where the new model bears out that the labels are meant so.

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
    meant : bool
        Whether the new model tells what is labelled from what only looks like it.
    seasoned : bool
        Whether the old model has learnt far more than these labels: it then gives way
        to a gain that chance would not give, and not to any.
    """
    old, figure = base.figure(task), new.figure(task)
    things = "objects" if task == "instance" else "regions"
    words = f"{figure:.2f} after, {old:.2f} before, on {new.objects} held-out {things}"
    if placed and old < NOTHING and figure > old + LEAST_GAIN:
        better = f"the new model is better; the old one finds nothing: {words}"
        return Verdict(True, better, tuple(doubts))
    if doubts and not meant:
        return Verdict(False, f"the labels look wrong: {words}", tuple(doubts))
    chance = 0.0
    if task == "instance":
        chance = 2**0.5 * spread(new.objects)  # of a difference between two scores
    if figure < old + LEAST_GAIN + (chance if seasoned else 0):
        kept, advice = "no better", ""
        if figure < old - LEAST_GAIN:
            kept = "worse"
        elif figure >= old + LEAST_GAIN:
            # Such a gain is mostly true of these images, and as often not of others.
            kept, advice = "not clearly better", f" To be sure, {LOOK}"
        warning = f"The new model is {kept} than the old one: {words}.{advice}"
        kept = f"the old model is kept: {words}"
        return Verdict(False, kept, (*doubts, warning))
    reason = f"the new model is better: {words}"
    if figure >= old + SURE * chance:
        return Verdict(True, reason, tuple(doubts))
    chancy = f"Chance alone may give such a gain on {new.objects} objects: {LOOK}"
    return Verdict(True, reason, (*doubts, chancy))
