"""What every event is, and a word to the user."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Event:
    """Something happened in a long run."""


@dataclass(frozen=True)
class Note(Event):
    """A word to the user that stops nothing."""

    text: str
