"""Options made from settings: names, choices, bounds and help, stated once.

Each field of a Settings model becomes one option that takes text; the model alone
decides what is valid, so a script, a form and a command refuse the same things. A
parameter of a command that is annotated as such a field becomes an option alike.
"""

import functools
import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import NoneType
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import typer
from pydantic import ValidationError, create_model
from pydantic.fields import FieldInfo

from napari_cihm.config import Settings
from napari_cihm.config.base import refusals
from napari_cihm.config.fields import limits_of, members
from napari_cihm.data.paths import with_home
from napari_cihm.errors import InputError

ModelName = Annotated[
    str, typer.Option("--model", "-m", help="Name of a bundled model, or a model file.")
]
RecipeName = Annotated[
    str | None,
    typer.Option(
        help="Network of a file that holds weights only, when it cannot be recognised."
    ),
]
JsonFile = Annotated[
    Path | None, typer.Option("--json", help="Write the figures to this JSON file.")
]

NONE = "none"
OWN = ""  # the settings of a command that are parameters of it
WORDS = {int: "int", float: "float", str: "str"}
LIMITS = {"ge": "at least", "gt": "above", "le": "at most", "lt": "below"}


def with_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Replace each Settings parameter of a command by options for its fields.

    Paths may begin with a ``~``, and are not empty.

    Parameters
    ----------
    function : callable
        A command; parameters annotated with a Settings subclass are expanded, and
        those with a field of pydantic's are options as its fields are.

    Returns
    -------
    callable
        The same command as typer reads it.
    """
    hints = get_type_hints(function, include_extras=True)
    for option in _path_options(hints.values()):
        option.path_type, option.callback = str, _path  # else "" would be "."
    given = inspect.signature(function).parameters
    own: Any = {
        n: (hints[n], p.default) for n, p in given.items() if _is_field(hints[n])
    }
    models: dict[str, type[Settings]] = {
        OWN: create_model("Own", __base__=Settings, **own),
        **{n: h for n, h in hints.items() if _is_settings(h)},
    }
    keyword = inspect.Parameter.KEYWORD_ONLY
    parameters = [
        parameter.replace(kind=keyword, annotation=hints[name])
        for name, parameter in given.items()
        if name not in models and name not in own
    ]
    for model in models.values():
        parameters += [_option(name, field) for name, field in _fields(model)]

    @functools.wraps(function)
    def command(**values: Any) -> Any:
        for name, model in models.items():
            typed = {n: values.pop(n) for n, _ in _fields(model)}
            chosen = settings_from(model, typed)
            values |= dict(chosen) if name == OWN else {name: chosen}
        return function(**values)

    vars(command)["__signature__"] = inspect.Signature(parameters)
    command.__annotations__ = {p.name: p.annotation for p in parameters}
    return command


def settings_from(model: type[Settings], given: Mapping[str, Any]) -> Settings:
    """Build settings from what was given on the command line.

    Raises
    ------
    InputError
        Naming each option that was refused, and why.
    """
    fields = model.model_fields
    values = {
        name: _value(fields[name].annotation, text)
        for name, text in given.items()
        if text is not None
    }
    try:
        return model(**values)
    except ValidationError as error:
        raise InputError(
            "; ".join(
                f"{_flag(name)} {given[name]}: {reason}"
                for name, _, reason in refusals(error, model)
            ),
            remedy="add --help to see what each option takes",
        ) from error


def _path_options(hints: Iterable[Any]) -> Iterator[Any]:
    """Yield what typer knows of the parameters that are paths, or lists of them."""
    for hint in hints:
        if get_origin(hint) is Annotated:
            kind, option, *_ = get_args(hint)
            if Path in (kind, *get_args(kind)):
                yield option


def _path(given: Any) -> Any:
    """Read what was typed; no shell sees the ~ of --output=~/run."""
    if isinstance(given, list):
        return [*map(_path, given)]
    try:
        return None if given is None else with_home(given)
    except InputError as error:
        raise typer.BadParameter(str(error)) from error


def _is_settings(hint: Any) -> bool:
    return isinstance(hint, type) and issubclass(hint, Settings)


def _is_field(hint: Any) -> bool:
    extras = get_args(hint)[1:] if get_origin(hint) is Annotated else ()
    return any(isinstance(extra, FieldInfo) for extra in extras)


def _fields(model: type[Settings]) -> Iterator[tuple[str, FieldInfo]]:
    """Yield the fields that one word of text can express."""
    for name, field in model.model_fields.items():
        if _words(field.annotation):
            yield name, field


def _option(name: str, field: FieldInfo) -> inspect.Parameter:
    flag = _flag(name)
    hint: Any
    if field.annotation is bool:
        declared, hint, metavar = f"{flag}/--no-{flag[2:]}", bool | None, None
        default = "on" if field.default else "off"
    else:
        words = "|".join(_words(field.annotation))
        declared, hint, metavar = flag, str | None, f"<{words}>"
        default = NONE if field.default is None else str(field.default)
    said = [
        field.description,
        _bounds(field),
        f" [default: {default}]" if default else "",
    ]
    # To typer the default is None, so that what was not given stays not given.
    option = typer.Option(
        declared, metavar=metavar, help=" ".join(filter(None, said)), show_default=False
    )
    return inspect.Parameter(
        name,
        inspect.Parameter.KEYWORD_ONLY,
        default=None,
        annotation=Annotated[hint, option],
    )


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")


def _words(annotation: Any) -> list[str]:
    """Say what an option takes; nothing when one word cannot express it."""
    words: list[str] = []
    for kind in members(annotation):
        if get_origin(kind) is Literal:
            words += map(str, get_args(kind))
        elif kind is NoneType:
            words.append(NONE)
        elif kind is bool or kind in WORDS:
            words.append(WORDS.get(kind, "yes|no"))
        elif isinstance(kind, type) and not _is_settings(kind) and not get_args(kind):
            words.append(kind.__name__.lower())
        else:
            return []
    return words


def _value(annotation: Any, text: Any) -> Any:
    """Turn text into the choice that it names; the model reads all else."""
    for kind in members(annotation):
        if kind is NoneType and text == NONE:
            return None
        if get_origin(kind) is Literal:
            for choice in get_args(kind):
                if str(choice) == text:
                    return choice
    return text


def _bounds(field: FieldInfo) -> str:
    said = [
        f"{word} {getattr(limit, attribute)}"
        for limit in limits_of(field)
        for attribute, word in LIMITS.items()
        if getattr(limit, attribute, None) is not None
    ]
    return f"({', '.join(said)})" if said else ""
