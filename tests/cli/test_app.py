"""The program: statuses, one-line errors, version, help, start-up time."""

import importlib
import io
import os
import re
import signal
import statistics
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Annotated

import pytest
import typer
from pydantic import AfterValidator, TypeAdapter

import napari_cihm
from napari_cihm.cli import app, main
from napari_cihm.cli.commands import COMMANDS
from napari_cihm.errors import (
    CheckpointError,
    ShapeError,
    TrainingError,
    UnavailableError,
    WriteError,
)


def run(arguments: str, *commands) -> int:
    return main(arguments.split(), commands)


def failing(error: BaseException):
    def work() -> None:
        """Do something."""
        raise error

    return work


def greet(name: Annotated[str, typer.Argument(help="Whom.")]) -> None:
    """Greet somebody."""
    print(f"hello {name}")


@pytest.mark.parametrize(
    ("error", "status", "text"),
    [
        (ShapeError("rank 5 came", "rank 2", "take a slice"), 2, "rank 5 came"),
        (CheckpointError("not a model"), 2, "not a model"),
        (TrainingError("the loss is NaN"), 1, "the loss is NaN"),
        (UnavailableError("no CUDA"), 1, "no CUDA"),
        (WriteError("the disk is full"), 1, "the disk is full"),
        (FileNotFoundError(2, "No such file", "a.tif"), 1, "a.tif"),
        (MemoryError(), 1, "out of memory"),
        (RuntimeError("CUDA out of memory. Tried 2 GiB"), 1, "CUDA out of memory"),
        (KeyboardInterrupt(), 130, "stopped"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_failure_is_one_line_and_a_status(capsys, error, status, text):
    assert run("work", failing(error), greet) == status
    said = capsys.readouterr()
    assert said.out == ""
    assert text in said.err
    assert said.err.strip().count("\n") == 0


def test_an_error_of_several_lines_is_told_in_one(capsys):
    assert run("work", failing(ShapeError("one\ntwo")), greet) == 2
    assert capsys.readouterr().err == "error: one two\n"


@pytest.mark.parametrize("arguments", ["--debug work", "work --debug"])
def test_debug_shows_where_it_arose(arguments):
    with pytest.raises(ShapeError, match="rank 5"):
        run(arguments, failing(ShapeError("rank 5")), greet)


def test_wildcards_are_looked_up_where_no_shell_does(tmp_path, monkeypatch, capsys):
    for name in "b.tif", "a.tif", "c.png":
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["cihm", "echo", "*.tif", "none.*"])

    def echo(names: Annotated[list[str], typer.Argument(help="What.")]) -> None:
        """Say it again."""
        print(*names)

    assert main(None, [echo, greet]) == 0
    assert capsys.readouterr().out == "*.tif none.*\n"
    monkeypatch.setattr(app, "os", SimpleNamespace(name="nt", environ=os.environ))
    assert main(None, [echo, greet]) == 0
    assert capsys.readouterr().out == "a.tif b.tif none.*\n"


def test_the_memory_of_a_process_is_kept_where_that_is_the_programs(monkeypatch):
    kept: list[str] = []
    monkeypatch.setattr(app, "keep_memory", lambda: kept.append("kept"))
    assert main(["greet", "Ada"], [greet, failing(KeyError())]) == 0
    assert not kept
    monkeypatch.setattr(sys, "argv", ["cihm", "greet", "Ada"])
    assert main(None, [greet, failing(KeyError())]) == 0
    assert kept


def test_a_letter_that_the_output_lacks_is_spelled_out(monkeypatch):
    paper = io.TextIOWrapper(io.BytesIO(), "cp1252")
    monkeypatch.setattr(sys, "stdout", paper)
    assert main(["greet", "Яна"], [greet, failing(KeyError())]) == 0
    paper.flush()
    assert paper.buffer.getvalue().split() == [b"hello", rb"\u042f\u043d\u0430"]


def test_kill_stops_as_the_keyboard_does(capsys):
    def work() -> None:
        """Be stopped from outside."""
        assert signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL
        signal.raise_signal(signal.SIGTERM)

    assert run("work", work, greet) == 143
    assert capsys.readouterr().err == "stopped\n"
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_no_import_is_broken_off(tmp_path, monkeypatch, capsys, number):
    code = f"import signal; signal.raise_signal({number:d}); whole = True"
    name = f"stopped_by_{number:d}"
    (tmp_path / f"{name}.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    # Tests of several threads may have left another.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    found = []

    def work() -> None:
        """Import a module."""
        found.append(importlib.import_module(name).whole)
        time.sleep(20)

    begun = time.monotonic()
    try:
        assert run("work", work, greet) == 128 + number
    finally:
        signal.signal(signal.SIGINT, before)
    assert time.monotonic() - begun < 15  # who sleeps is woken
    assert found == [True]
    assert capsys.readouterr().err == "stopped\n"


def test_no_checking_of_settings_is_broken_off(capsys):
    found = []

    def stopping(value: int) -> int:
        signal.raise_signal(signal.SIGTERM)
        return value

    def work() -> None:
        """Check a number."""
        checked = TypeAdapter(Annotated[int, AfterValidator(stopping)])
        found.append(checked.validate_python(3))
        time.sleep(20)

    assert run("work", work, greet) == 143
    assert found == [3]
    assert capsys.readouterr().err == "stopped\n"


def test_what_a_library_makes_of_being_stopped_is_no_fault(capsys):
    def work() -> None:
        """Be stopped within a library."""
        try:
            signal.raise_signal(signal.SIGTERM)
        except KeyboardInterrupt as error:
            raise ValueError("its validator could not be built") from error

    assert run("work", work, greet) == 143
    assert capsys.readouterr().err == "stopped\n"


def test_whoever_stops_it_before_it_begins_sees_no_traceback():
    code = """
import signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # shells turn it off behind &
class Stopping:
    def find_spec(self, name, *_):
        if name == "typer":
            signal.raise_signal(signal.SIGINT)
sys.meta_path.insert(0, Stopping())
from napari_cihm.cli import main
def work():
    "Work."
    time.sleep(60)
sys.exit(main(["work"], [work]))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "stopped\n")


def test_a_reader_that_has_seen_enough_is_no_error():
    unread, output = os.pipe()
    os.close(unread)
    program = [sys.executable, "-m", "napari_cihm", "--help"]
    done = subprocess.run(program, stdout=output, stderr=subprocess.PIPE)
    os.close(output)
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_connection_that_broke_off_is_one(capsys):
    assert run("work", failing(BrokenPipeError(32, "Broken pipe")), greet) == 1
    assert "broke off" in capsys.readouterr().err


def test_a_fault_of_ours_is_never_hidden():
    with pytest.raises(ZeroDivisionError):
        run("work", failing(ZeroDivisionError()), greet)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ("grete", "No such command 'grete'"),
        ("greet", "Missing argument"),
        ("greet you --twice", "No such option: --twice"),
    ],
)
def test_a_slip_of_the_fingers_is_one_line(capsys, arguments, text):
    assert run(arguments, greet, failing(OSError())) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: ")
    assert text in said
    assert said.count("\n") == 1


def test_a_command_runs_and_its_status_counts(capsys):
    def check() -> int:
        """Check something."""
        return 3

    assert run("greet you", greet, check) == 0
    assert capsys.readouterr().out == "hello you\n"
    assert run("check", greet, check) == 3


def test_version(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"cihm {napari_cihm.__version__}\n"


@pytest.mark.parametrize("arguments", [[], ["-h"], ["--help"]])
def test_help_lists_each_command_with_its_sentence(capsys, arguments):
    main(arguments, [greet, failing(OSError())])
    said = capsys.readouterr()
    assert "greet" in said.out + said.err
    assert "Greet somebody." in said.out + said.err


def test_no_command_has_its_sentence_cut_on_a_narrow_screen(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    assert main(["--help"]) == 0
    *_, listed = capsys.readouterr().out.partition("Commands:\n")
    sentences = listed.splitlines()
    assert [line.split()[0] for line in sentences] == [c.__name__ for c in COMMANDS]
    assert all(re.fullmatch(r"  \w+ +[A-Z].*\w\.", line) for line in sentences)


def test_every_command_is_in_a_file_of_its_name_and_says_what_it_does():
    for command in COMMANDS:
        assert command.__module__ == f"napari_cihm.cli.{command.__name__}"
        assert command.__doc__


@pytest.mark.parametrize("command", COMMANDS, ids=lambda c: c.__name__)
def test_every_command_explains_itself(capsys, command):
    assert main([command.__name__, "--help"]) == 0
    assert f"cihm {command.__name__}" in capsys.readouterr().out


def test_the_installed_command_and_the_module_are_the_same():
    beside = Path(sys.executable).parent / "cihm"
    for program in ([str(beside)], [sys.executable, "-m", "napari_cihm"]):
        done = subprocess.run([*program, "--version"], capture_output=True, text=True)
        assert done.stdout == f"cihm {napari_cihm.__version__}\n"
        done = subprocess.run([*program, "nonsense"], capture_output=True, text=True)
        assert done.returncode == 2
        assert "Traceback" not in done.stderr


def test_help_waits_for_no_network_library():
    # Processor time from the start of Python, which a busy machine does not stretch.
    code = (
        "import sys, time; from napari_cihm.cli import main; main(['--help']);"
        "print(time.process_time(), *sys.modules, file=sys.stderr)"
    )
    seconds = []
    for _ in range(5):
        done = subprocess.run([sys.executable, "-c", code], capture_output=True)
        took, *loaded = done.stderr.decode().split()
        seconds.append(float(took))
    assert "napari_cihm.cli.app" in loaded
    assert not {"torch", "numba", "numpy", "scipy", "skimage", "napari"} & set(loaded)
    assert statistics.median(seconds) < 0.5
