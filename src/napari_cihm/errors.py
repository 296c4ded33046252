"""The error tree: every mistake a user can make has a type and a way out.

::

    CihmError
    ├── InputError          a value given to us is wrong (also a ValueError)
    │   ├── ShapeError      ranks and sizes that do not fit
    │   ├── DtypeError      a kind of number we cannot use
    │   ├── AxesError       axes that do not describe the image
    │   ├── UnknownNameError  no such recipe, model, backend or format
    │   ├── ReadError       a file that cannot be read
    │   └── DataError       a training folder or pair that cannot be used
    ├── CheckpointError     a model file that is refused (also a ValueError)
    ├── UnavailableError    a backend, device or package this machine lacks
    ├── TrainingError       training that cannot start or had to stop
    └── WriteError          a result that could not be written (also an OSError)

Each says what came, what was wanted and what to do next, in sentences; the window
shows it as a notification, the command line as one line with a non-zero exit.
"""

import difflib
from collections.abc import Iterable

SHORT = 80  # characters of a value that came


def in_short(value: object) -> str:
    """Show a value on one short line, and of what takes more its type alone."""
    text = repr(value)
    if len(text) <= SHORT and "\n" not in text and not text.startswith("<"):
        return text
    if isinstance(value, str):
        return f"{text[: SHORT - 4]}...{text[-1]}"
    return f"<{type(value).__name__}>"


def counted(count: int, thing: str) -> str:
    """Say how many of some things there are."""
    return f"{count:,} {thing}{'' if count == 1 else 's'}"


def capital(text: str) -> str:
    """Begin with a capital letter, unless a file's name begins it."""
    words = text.split()
    return text[0].upper() + text[1:] if words and words[0].isalpha() else text


def sentence(text: str) -> str:
    """Begin with a capital letter and end with a full stop."""
    text = capital(text.strip())
    return text if not text or text[-1] in ".!?" else f"{text}."


class CihmError(Exception):
    """Base of every error this package raises on purpose.

    Parameters
    ----------
    came : str
        What was met, as a sentence without its capital letter and full stop.
    wanted : str, optional
        What was expected instead.
    remedy : str, optional
        The next step for the user.

    Attributes
    ----------
    problem : str
        What came and what was wanted, as such a sentence too.
    """

    def __init__(self, came: str, wanted: str = "", remedy: str = "") -> None:
        self.came = came
        self.wanted = wanted
        self.remedy = remedy
        # What came may be no whole sentence: what was wanted goes on with it.
        self.problem = f"{came}; expected {wanted}" if wanted else came
        said = f"{self.problem}. {capital(remedy)}" if remedy else self.problem
        super().__init__(said)


class InputError(CihmError, ValueError):
    """A value given to us is wrong."""


class ShapeError(InputError):
    """Ranks or sizes do not fit."""


class DtypeError(InputError, TypeError):
    """A kind of number that cannot be used here."""


class AxesError(InputError):
    """Axes that do not describe the image."""


class UnknownNameError(InputError):
    """No such recipe, model, backend or format."""

    @classmethod
    def among(cls, kind: str, name: object, known: Iterable[str]) -> "UnknownNameError":
        """Refuse `name`, naming its near matches and every known name."""
        names = sorted(known)
        near = difflib.get_close_matches(str(name), names, n=3, cutoff=0.5)
        remedy = f"did you mean {' or '.join(map(repr, near))}?" if near else ""
        return cls(
            f"no {kind} is called {in_short(name)}",
            f"one of {', '.join(names)}",
            remedy,
        )


class ReadError(InputError):
    """A file that cannot be read."""


class DataError(InputError):
    """A training folder or pair that cannot be used."""


class CheckpointError(CihmError, ValueError):
    """A model file that is refused."""


class UnavailableError(CihmError, RuntimeError):
    """A backend, device or package that this machine lacks."""


class TrainingError(CihmError, RuntimeError):
    """Training that cannot start or had to stop."""


class WriteError(CihmError, OSError):
    """A result that could not be written."""


def is_out_of_memory(error: BaseException) -> bool:
    """Tell whether an error means that memory did not suffice, a GPU's included."""
    if isinstance(error, MemoryError):
        return True
    text = str(error).lower()
    return isinstance(error, RuntimeError) and any(words in text for words in _FULL)


_FULL = (
    "out of memory",
    "can't allocate memory",
    "status_alloc_failed",  # CUDA's libraries
    "invalid buffer size",  # Apple's GPUs
)
