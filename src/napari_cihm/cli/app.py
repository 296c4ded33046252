"""The ``cihm`` program: commands in, an exit status out, errors in one line."""

import glob
import io
import logging
import os
import sys
from collections.abc import Iterable, Sequence
from typing import Annotated

import typer

from napari_cihm import __version__
from napari_cihm.cli.commands import COMMANDS, Command
from napari_cihm.cli.options import with_options
from napari_cihm.cli.stopping import STOPPED
from napari_cihm.errors import (
    CheckpointError,
    CihmError,
    InputError,
    is_out_of_memory,
)
from napari_cihm.memory import keep_memory
from napari_cihm.waiting import wait_briefly

DEBUG = "--debug"
OUTPUT = 1  # the descriptor of standard output
FAILED = 1
MISUSED = 2


def run(arguments: Sequence[str] | None, commands: Iterable[Command] | None) -> int:
    """Run one command, and return the status that `main` describes."""
    if arguments is None:
        keep_memory()
        wait_briefly()
    given = (_typed() if arguments is None else list(arguments)) or ["--help"]
    if isinstance(sys.stdout, io.TextIOWrapper):  # a log may lack letters of a name
        sys.stdout.reconfigure(errors="backslashreplace")
    debug = DEBUG in given
    if debug:  # what a run goes on from is in its log
        logging.basicConfig()
        logging.getLogger("napari_cihm").setLevel(logging.DEBUG)
    # What matters of it is said in our words; where nobody listens, Python prints it.
    logging.getLogger("tifffile").addHandler(logging.NullHandler())
    program = typer.main.get_command(program_of(commands or COMMANDS))
    try:
        status = program.main(
            [a for a in given if a != DEBUG], "cihm", standalone_mode=False
        )
    except typer.Abort:  # the keyboard's end of input, where a question was put
        return _say("stopped", STOPPED)
    except typer.TyperException as error:
        return _say(f"error: {error.format_message()}", MISUSED)
    except SystemExit:  # what typer makes of a broken pipe
        return _after_broken_pipe()
    except Exception as error:
        expected = isinstance(error, CihmError | OSError) or is_out_of_memory(error)
        if debug or not expected:
            raise
        blamed = isinstance(error, InputError | CheckpointError)
        text = str(error) or "out of memory"
        return _say(f"error: {text}", MISUSED if blamed else FAILED)
    if status == STOPPED:
        return _say("stopped", STOPPED)
    return status if isinstance(status, int) else 0


def _typed() -> list[str]:
    """Return what was typed; Windows leaves it to programs to look up wildcards."""
    given = sys.argv[1:]
    if os.name != "nt":
        return given
    return [name for one in given for name in sorted(glob.glob(one)) or [one]]


def program_of(commands: Iterable[Command]) -> typer.Typer:
    """Assemble the program of these commands."""
    program = typer.Typer(
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    program.callback()(_common)
    for command in commands:
        program.command(command.__name__)(with_options(command))
    return program


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(f"cihm {__version__}")
        raise typer.Exit


Version = Annotated[
    bool,
    typer.Option(
        "--version", callback=_show_version, is_eager=True, help="Show the version."
    ),
]
Debug = Annotated[bool, typer.Option(DEBUG, help="Show the traceback of an error.")]


def _common(version: Version = False, debug: Debug = False) -> None:
    """Segment microscopy images, train and fine-tune the models that do it."""
    # Both are dealt with by now: --debug is read in main(), so it may stand anywhere.


def _after_broken_pipe() -> int:
    """Tell a reader that has seen enough, such as ``head``, from what else broke."""
    try:
        os.write(OUTPUT, b"\n")  # nothing less finds it out
    except BrokenPipeError:
        # Python writes out what is left at its end, and would complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), OUTPUT)
        return 0
    return _say("error: a connection to another process broke off", FAILED)


def _say(text: str, status: int) -> int:
    typer.echo(" ".join(text.split()), err=True)
    return status
