"""What a recipe is: how to build a network, its origin, and what it may be asked."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from numbers import Integral
from types import MappingProxyType

from pydantic import ValidationError, validate_call
from torch import nn

from napari_cihm.config.base import explain
from napari_cihm.errors import InputError, ShapeError, UnknownNameError, in_short


@dataclass(frozen=True)
class Recipe:
    """A way to build a network, with a word on where it comes from.

    Attributes
    ----------
    build : callable
        Takes channels, classes and options whose annotations bound them.
    summary : str
        What it is, in a line.
    paper : str
        Where it was published.
    """

    build: Callable[..., nn.Module]
    summary: str
    paper: str

    @property
    def options(self) -> Mapping[str, object]:
        """The options there are, with their defaults."""
        parameters = list(inspect.signature(self.build).parameters.values())[2:]
        return MappingProxyType({p.name: p.default for p in parameters})

    @property
    def notes(self) -> str:
        """What is taken from the paper, what is inferred, where ours differs."""
        module = inspect.getmodule(self.build)
        return inspect.cleandoc((module and module.__doc__) or "")

    def make(
        self, name: str, in_channels: int, classes: int, options: Mapping[str, object]
    ) -> nn.Module:
        """Check what is asked for, and build it.

        Raises
        ------
        ShapeError
            For channels or classes that are no whole number from 1.
        UnknownNameError
            For an option that there is not.
        InputError
            For an option of a wrong kind or out of bounds.
        """
        for what, count in {"in_channels": in_channels, "classes": classes}.items():
            if isinstance(count, bool) or not isinstance(count, Integral) or count < 1:
                raise ShapeError(
                    f"{what}={in_short(count)} for {name!r}", "a whole number from 1"
                )
        for option in options:
            if option not in self.options:
                raise UnknownNameError.among(
                    f"option of {name!r}", option, self.options
                )
        checked = validate_call(self.build)
        try:
            network: nn.Module = checked(int(in_channels), int(classes), **options)
        except ValidationError as error:
            raise InputError(
                f"options of {name!r}: {explain(error)}",
                remedy=f"by default they are {dict(self.options)}",
            ) from error
        return network
