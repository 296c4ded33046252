"""What there is to learn: labelled planes, as the model that learns sees them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from skimage.segmentation import relabel_sequential

from napari_cihm.config import Decoding, ModelConfig
from napari_cihm.data.apart import WORDS, one_number, tell_apart
from napari_cihm.data.ground import believed, said_of_ground
from napari_cihm.data.pairs import Pair
from napari_cihm.data.survey import combine, digest
from napari_cihm.training.adapting import seeing
from napari_cihm.training.classes import class_numbers, classes_in, said_of
from napari_cihm.training.doubts import Findings, examine
from napari_cihm.training.labelled import Labelled
from napari_cihm.training.material import (
    Plane,
    read_again,
    read_planes,
    refuse_too_little,
    typical_width,
)
from napari_cihm.training.regions import naming, numbers_in, pieces
from napari_cihm.training.scaling import Scaling, said_of_scale, scaled, scalings

SURE = 0.75  # as sure as a learner can be asked to be
MANY = 100  # objects, of which others may be left out where they would be enlarged
SIGHT = "in_channels", "accepts_grey", "normalisation"  # what decides how it is seen


@dataclass(frozen=True)
class Lesson:
    """Labelled images, and the configuration of the model that is to learn them.

    Attributes
    ----------
    labelled : sequence of Labelled
        As the user has them.
    planes : sequence of Plane
        As the model will see them: objects numbered in order, or classes 1, 2, 3 ...
    units : sequence of Plane
        The same, with a number for each thing that is held out whole: an object, or
        a piece of a region.
    objects : int
        How many of these there are.
    config : ModelConfig
        With the channels and the maps that the planes need.
    findings : Findings or None
        Whether the labels of single objects can be right; None of plain regions.
    scalings : mapping of int to Scaling
        Of the images whose objects are far from the size that the model knows.
    words : tuple of str
        What the user should know of the numbers and sizes; nothing where they mean
        what they say.
    """

    labelled: Sequence[Labelled]
    planes: Sequence[Plane]
    units: Sequence[Plane]
    objects: int
    config: ModelConfig
    findings: Findings | None
    scalings: Mapping[int, Scaling]
    words: tuple[str, ...]

    @classmethod
    def of(
        cls, labelled: Sequence[Labelled], start: ModelConfig, least: int
    ) -> "Lesson":
        """Read the planes for a model that starts from another.

        Raises
        ------
        DataError
            If there are fewer than `least` objects.
        """
        config = _fitting_config(start, labelled)
        planes, config, word = _numbered(list(read_planes(labelled, config)), config)
        if config.task == "semantic":
            units = pieces(planes)
            objects = refuse_too_little(units, least)
            return cls(labelled, planes, units, objects, config, None, {}, (word,))
        ground = said_of_ground(believed(p.labels, p.reviewed) for p in planes)
        planes = list(map(_in_order, planes))
        objects = refuse_too_little(planes, least, ground)
        findings, by = examine(planes), scalings(planes, config.diameter)
        seen = list(map(_in_order, scaled(planes, by))) if by else planes
        held = sum(len(plane.objects) for plane in seen)
        if held < min(objects, MANY):
            by = {}  # small and far apart: as they are, rather than next to none
        else:
            planes, objects = seen, held
            if any(p.smoothed for p in planes if p.source in by):  # by less
                planes = _seen_anew(labelled, planes, by, config)
        words = word, ground, said_of_scale(by, config.diameter)
        return cls(labelled, planes, planes, objects, config, findings, by, words)

    @property
    def doubts(self) -> tuple[str, ...]:
        """Say what cannot be right about the labels."""
        return self.findings.words if self.findings else ()

    def seen_by(self, other: ModelConfig) -> Sequence[Plane]:
        """Show the planes as another model sees them; read images anew if need be."""
        if all(getattr(self.config, f) == getattr(other, f) for f in SIGHT):
            return self.planes
        return _seen_anew(self.labelled, self.planes, self.scalings, other)

    @property
    def diameter(self) -> float | None:
        """The size that the model knows, or what is learnt has if it knew none."""
        own = self.config.diameter
        if self.config.task != "instance" or own:
            return own
        return round(typical_width(self.planes), 1)

    @property
    def fingerprint(self) -> str:
        """Name the planes and their labels."""
        pairs = (
            Pair("", p.image, p.labels.astype(np.int32), p.reviewed)
            for p in self.planes
        )
        return combine([digest(pair) for pair in pairs])


def _fitting_config(config: ModelConfig, labelled: Sequence[Labelled]) -> ModelConfig:
    """Choose the channels that the images have, and thresholds in the middle.

    Where a model was sure it is less so, and thresholds tuned to the few objects at
    hand would fit these alone.
    """
    middle, own = Decoding(), config.decoding
    decoding = own.but(
        foreground=middle.foreground,
        prominence=middle.prominence,
        sure=min(own.sure, SURE),
    )
    channels = {item.in_channels for item in labelled}
    return seeing(config.but(decoding=decoding), channels)


def _numbered(
    planes: list[Plane], config: ModelConfig
) -> tuple[list[Plane], ModelConfig, str]:
    """Give each piece of one number its own, or classes those that a model has.

    Returns
    -------
    list of Plane
    ModelConfig
        With the maps that these classes need.
    str
        What the user should know of it; empty where numbers mean what they say.
    """
    if config.task == "instance":
        if one_number(plane.labels for plane in planes):
            planes = [replace(p, labels=tell_apart(p.labels)) for p in planes]
            return planes, config, WORDS
        return planes, config, ""
    held = numbers_in(planes)
    numbers = class_numbers((p.labels for p in planes), held, config.numbers)
    if numbers:
        config = config.but(numbers=numbers)
        planes = [replace(p, labels=classes_in(p.labels, numbers)) for p in planes]
    return planes, naming(config, planes), said_of(held, numbers)


def _seen_anew(
    labelled: Sequence[Labelled],
    planes: Sequence[Plane],
    by: Mapping[int, Scaling],
    config: ModelConfig,
) -> list[Plane]:
    """Read the images of planes again, as another model or at another scale."""
    images = read_again(labelled, planes, config)
    return [
        replace(p, image=by[p.source].see(image) if p.source in by else image)
        for p, image in zip(planes, images, strict=True)
    ]


def _in_order(plane: Plane) -> Plane:
    """Renumber objects 1, 2, 3 ... in their order, however large their numbers are."""
    return replace(plane, labels=relabel_sequential(plane.labels)[0])
