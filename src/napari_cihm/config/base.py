"""The base of all settings: frozen, closed, and clear about what is wrong."""

from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from napari_cihm.errors import InputError


class Settings(BaseModel):
    """A frozen set of settings that refuses names it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @classmethod
    def of(cls, **values: Any) -> Self:
        """Build from keywords, turning a refusal into one readable line.

        Raises
        ------
        InputError
            Naming each setting that is unknown or out of bounds.
        """
        try:
            return cls(**values)
        except ValidationError as error:
            raise InputError(
                f"{cls.__name__}: {explain(error)}",
                remedy=f"the settings are {', '.join(cls.model_fields)}",
            ) from error

    def but(self, **values: Any) -> Self:
        """Return a copy with some values changed, checked as at the start."""
        return self.of(**{**self.model_dump(), **values})


def explain(error: ValidationError) -> str:
    """Say in one line what each refused value was and why it was refused."""
    return "; ".join(
        f"{'.'.join(map(str, e['loc'])) or 'value'}={e['input']!r}: {e['msg'].lower()}"
        for e in error.errors()
    )
