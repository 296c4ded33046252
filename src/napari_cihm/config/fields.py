"""What a field of settings takes: words, numbers and bounds, read from its type.

A form and a command both need to know; the settings alone say it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import NoneType
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from napari_cihm.config.base import Settings

LOW, HIGH = ("ge", "gt"), ("le", "lt")


@dataclass(frozen=True)
class FieldFacts:
    """A field as a form, or a command, has to offer it.

    Attributes
    ----------
    name, description, default
        As the settings have them.
    words : tuple
        Values that are chosen and not typed in.
    number : type or None
        int or float, where it takes a number.
    low, high : float or None
        Bounds of the number, whether or not it may equal them.
    flag, path, text, optional : bool
        Whether it takes yes or no, a path, any text, or nothing at all.
    """

    name: str
    description: str
    default: Any
    words: tuple[Any, ...] = ()
    number: type | None = None
    low: float | None = None
    high: float | None = None
    flag: bool = False
    path: bool = False
    text: bool = False
    optional: bool = False

    @property
    def choices(self) -> tuple[Any, ...]:
        """What can be chosen: the words, and None where it may be nothing at all."""
        return (*self.words, None) if self.optional else self.words


def fields_of(model: type[Settings]) -> Iterator[FieldFacts]:
    """Read every field of some settings that a person can set."""
    for name, field in model.model_fields.items():
        facts = facts_of(name, field)
        if facts is not None:
            yield facts


def facts_of(name: str, field: FieldInfo) -> FieldFacts | None:
    """Read one field; None for what no control can hold, such as a mapping."""
    words: list[Any] = []
    kinds: list[Any] = []
    for kind in members(field.annotation):
        if get_origin(kind) is Literal:
            words += get_args(kind)
        else:
            kinds.append(kind)
    if not set(kinds) <= {NoneType, bool, int, float, str, Path}:
        return None
    limits = list(limits_of(field))
    return FieldFacts(
        name,
        field.description or "",
        field.default,
        tuple(words),
        float if float in kinds else int if int in kinds else None,
        _first(limits, LOW),
        _first(limits, HIGH),
        flag=bool in kinds,
        path=Path in kinds,
        text=str in kinds,
        optional=NoneType in kinds,
    )


def members(annotation: Any) -> Iterator[Any]:
    """Yield the members of a union, without what they are annotated with."""
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from members(get_args(annotation)[0])
    elif origin is None or origin in (Literal, tuple, list, dict):
        yield annotation
    else:
        for member in get_args(annotation):
            yield from members(member)


def limits_of(field: FieldInfo) -> Iterator[Any]:
    """Yield the bounds of a number, wherever in its type they stand."""
    yield from field.metadata
    for member in (field.annotation, *get_args(field.annotation)):
        if get_origin(member) is Annotated:
            for extra in get_args(member)[1:]:
                yield from extra.metadata if isinstance(extra, FieldInfo) else [extra]


def _first(limits: list[Any], names: tuple[str, ...]) -> float | None:
    for limit in limits:
        for name in names:
            value = getattr(limit, name, None)
            if value is not None:
                return float(value)
    return None
