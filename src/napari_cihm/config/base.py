"""The base of all settings: frozen, closed, and clear about what is wrong."""

from collections.abc import Iterator
from itertools import groupby
from typing import Any, Self, get_args

from pydantic import BaseModel, ConfigDict, ValidationError

from napari_cihm.errors import InputError, UnknownNameError, in_short


class Settings(BaseModel):
    """A frozen set of settings that refuses names it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @classmethod
    def of(cls, **values: Any) -> Self:
        """Build from keywords, turning a refusal into one readable line.

        Raises
        ------
        UnknownNameError
            For a setting that there is not.
        InputError
            Naming each setting that is out of bounds or of a wrong kind.
        """
        for name in values:
            if name not in cls.model_fields:
                raise UnknownNameError.among(
                    f"setting in {cls.__name__}", name, cls.model_fields
                )
        try:
            return cls(**values)
        except ValidationError as error:
            raise InputError(f"{cls.__name__}: {explain(error, cls)}") from error

    def but(self, **values: Any) -> Self:
        """Return a copy with some values changed, checked as at the start."""
        return self.of(**{**self.model_dump(), **values})


def explain(error: ValidationError, model: type[Settings] | None = None) -> str:
    """Say in one line what each refused value was and why it was refused."""
    return "; ".join(
        f"{name}{value}: {reason}" if name else reason
        for name, value, reason in refusals(error, model)
    )


def refusals(
    error: ValidationError, model: type[Settings] | None = None
) -> Iterator[tuple[str, str, str]]:
    """Yield the name of each refused value, the value after "=", and what it may be.

    What is missing has no value to show.

    Parameters
    ----------
    error : ValidationError
    model : type of Settings, optional
        What was to be built, where it was no call of a function.
    """
    for name, group in groupby(error.errors(), lambda d: _name(d["loc"], model)):
        said = list(group)
        # Of a text that is no number, that it is none says enough.
        words = [
            d["msg"].lower().partition(", unable")[0].removeprefix("value error, ")
            for d in said
        ]
        first, *rest = dict.fromkeys(words)
        could = (first, *(word.removeprefix("input should be ") for word in rest))
        missing = said[0]["type"] == "missing"
        value = "" if missing else f"={in_short(said[0]['input'])}"
        yield name, value, " or ".join(could)


def _name(loc: tuple[int | str, ...], model: type[Settings] | None) -> str:
    """Name a value by its path, up to the first field that holds no settings.

    Further on, a path only tells which kinds of value were tried.
    """
    parts = list(map(str, loc))
    for depth, part in enumerate(parts, start=1):
        if model is None:
            break
        field = model.model_fields.get(part)
        kinds = (field.annotation, *get_args(field.annotation)) if field else ()
        inner = (k for k in kinds if isinstance(k, type) and issubclass(k, Settings))
        model = next(inner, None)
        if model is None:
            return ".".join(parts[:depth])
    return ".".join(parts)
