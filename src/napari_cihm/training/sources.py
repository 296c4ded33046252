"""What a run learns from and is checked by: pairs found, split and looked over."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from napari_cihm.config import TrainSettings
from napari_cihm.data.apart import WORDS, one_number, tell_pairs_apart
from napari_cihm.data.ground import believed, said_of_ground
from napari_cihm.data.pairs import PairSource
from napari_cihm.data.survey import Survey, read_each, survey
from napari_cihm.errors import InputError, counted
from napari_cihm.training.classes import (
    class_numbers,
    pairs_in_classes,
    reviewed_masks,
    said_of,
)
from napari_cihm.training.split import Pairs, split_pairs


@dataclass(frozen=True)
class Sources:
    """What there is to learn from, and what is held out.

    Attributes
    ----------
    training, held_out : sequence of PairSource
    facts, checked : Survey
        Of the one and of the other.
    numbers : tuple of int
        Those that name classes in the masks, where they are not 1, 2, 3 ...
    words : tuple of str
        What the user should know.
    """

    training: Sequence[PairSource]
    held_out: Sequence[PairSource]
    facts: Survey
    checked: Survey
    numbers: tuple[int, ...]
    words: tuple[str, ...]


def find_sources(
    data: Pairs,
    settings: TrainSettings,
    seed: int,
    known: tuple[int, ...],
) -> Sources:
    """Find and split pairs, and what their numbers mean.

    Parameters
    ----------
    data : path or sequence of pairs
    settings : TrainSettings
    seed : int
        Chooses what is held out.
    known : tuple of int
        Numbers that name a model's classes already.
    """
    training, held_out, words = split_pairs(data, settings.validation, seed)
    instances = settings.task == "instance"
    said = said_of_ground(believed(p.labels, p.reviewed) for p in read_each(training))
    if instances and one_number(p.labels for p in read_each(training)):
        training, held_out = tell_pairs_apart(training), tell_pairs_apart(held_out)
        words = [*words, WORDS]
    if said:
        words = [*words, said]
    facts = survey(training)
    checked = survey(held_out)  # what cannot be read is to be known before it is needed
    if not facts.objects:
        raise InputError(
            f"the masks to learn from are empty ({len(training)} looked at)",
            "masks that number objects or regions",
        )
    words += _overlap_words(facts)
    if instances:
        return Sources(training, held_out, facts, checked, (), tuple(words))
    held = facts.numbers | checked.numbers
    numbers = class_numbers(reviewed_masks([*training, *held_out]), held, known)
    words.append(said_of(held, numbers))
    if numbers:
        training = pairs_in_classes(training, numbers)
        held_out = pairs_in_classes(held_out, numbers)
        facts = replace(facts, numbers=frozenset(range(1, len(numbers) + 1)))
    return Sources(training, held_out, facts, checked, numbers, tuple(words))


def _overlap_words(facts: Survey) -> list[str]:
    """Say where objects claimed the same pixels."""
    if not facts.overlaps:
        return []
    pixels = sum(count for _, count in facts.overlaps)
    images = counted(len(facts.overlaps), "image")
    return [
        f"In {images} {pixels} pixels are claimed by more than one object, first in "
        f"{facts.overlaps[0][0]}; the smaller object keeps them."
    ]
