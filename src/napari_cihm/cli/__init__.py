"""The command line: parse, call, print, one file a command."""

import importlib
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from napari_cihm.cli.stopping import stoppable

if TYPE_CHECKING:
    from napari_cihm.cli.commands import Command

__all__ = ["main"]


def main(
    arguments: Sequence[str] | None = None,
    commands: "Iterable[Command] | None" = None,
) -> int:
    """Run one command.

    Parameters
    ----------
    arguments : sequence of str, optional
        What stands after ``cihm``; the process's own arguments by default.
    commands : iterable of callable, optional
        The commands on offer; all of ours by default.

    Returns
    -------
    int
        0 when done, 1 when it failed, 2 when asked for something wrong, 130 when
        stopped from the keyboard, 143 when by ``kill`` or a batch system.
    """
    # It takes a second to import, in which it can be stopped too.
    return stoppable(
        lambda: importlib.import_module("napari_cihm.cli.app").run(arguments, commands)
    )
