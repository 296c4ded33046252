"""Words to the user: what happened and the next step; how it came goes to the log."""

import logging

from napari.utils.notifications import show_error, show_info, show_warning

from napari_cihm.errors import CihmError, sentence
from napari_cihm.plugin.worker.wire import Failure, failure_of

log = logging.getLogger(__name__)


def tell(text: str) -> None:
    """Say something that asks for nothing."""
    show_info(sentence(text))


def warn(text: str, remedy: str = "") -> None:
    """Say something that the user had better know, and what to do about it."""
    show_warning(_sentences(text, remedy))


def refuse(text: str, remedy: str = "") -> None:
    """Say that something cannot be done, and what to do instead."""
    show_error(_sentences(text, remedy))


def explain(error: CihmError, mild: bool = False) -> None:
    """Say what came, what was wanted and the next step; a warning where it is mild."""
    failure = failure_of(error)
    say = warn if mild else refuse
    say(failure.text, failure.remedy)


def report(failure: Failure) -> str:
    """Say why a job failed; return it as a sentence for where the job was shown."""
    show_error(reason_of(failure))
    return sentence(f"Failed: {failure.text}")


def reason_of(failure: Failure) -> str:
    """Return why a job failed as sentences; its traceback goes to the log alone.

    What a user's mistake came from nobody has to see unasked.
    """
    level = logging.DEBUG if failure.expected else logging.ERROR
    log.log(level, "%s\n%s", failure.text, failure.trace)
    remedy = failure.remedy
    if not failure.expected:
        remedy = "This is a bug in the program: please report it with the log"
    return _sentences(failure.text, remedy)


def _sentences(*parts: str) -> str:
    return " ".join(sentence(part) for part in parts if part)
