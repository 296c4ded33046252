"""The commands, in the order in which help lists them.

A command is a function in a file of its own: its name and docstring are the
command's, its annotated parameters are arguments and options, and a parameter
that is a Settings model becomes one option for each of its fields. Such a file
imports what is light; the engine is imported inside the function, so that
``cihm --help`` waits for no network library.
"""

from collections.abc import Callable

from napari_cihm.cli.benchmark import benchmark
from napari_cihm.cli.doctor import doctor
from napari_cihm.cli.evaluate import evaluate
from napari_cihm.cli.export import export
from napari_cihm.cli.finetune import finetune
from napari_cihm.cli.models import models
from napari_cihm.cli.segment import segment
from napari_cihm.cli.train import train

Command = Callable[..., int | None]

COMMANDS: tuple[Command, ...] = (
    segment,
    train,
    finetune,
    evaluate,
    models,
    doctor,
    export,
    benchmark,
)
