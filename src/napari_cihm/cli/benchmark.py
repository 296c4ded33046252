"""``cihm benchmark``: what to expect of this machine."""

import json
from dataclasses import asdict

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from napari_cihm.cli.options import JsonFile, ModelName, RecipeName
from napari_cihm.cli.progress import follow
from napari_cihm.config import BenchmarkSettings
from napari_cihm.config.benchmark import SCAN
from napari_cihm.config.device import Device
from napari_cihm.config.model import DEFAULT_MODEL
from napari_cihm.events import Benchmarked, Timed

TITLES = {
    "scan": f"Selective scan, (b d l n) = {tuple(SCAN.values())}",
    "network": "Network, one tile",
    "segmentation": "Segmentation, from image to labels",
}


def benchmark(
    *,
    settings: BenchmarkSettings,
    model: ModelName = DEFAULT_MODEL,
    recipe: RecipeName = None,
    device: Device = "auto",
    json_file: JsonFile = None,
) -> None:
    """Time scans, a network and a segmentation on this machine."""
    from napari_cihm.benchmark import benchmark as run
    from napari_cihm.data.writing import ready_file, whole_text
    from napari_cihm.models import load_model

    if json_file is not None:
        ready_file(json_file)
    last = follow(
        run(load_model(model, device, recipe=recipe), **settings.model_dump())
    )
    assert isinstance(last, Benchmarked)
    console = Console(soft_wrap=True)
    facts = "\n".join(f"{name}: {value}" for name, value in last.machine.items())
    console.print(facts, highlight=False)
    for subject, title in TITLES.items():
        console.print()
        console.print(_table(title, [t for t in last.timed if t.subject == subject]))
    if json_file is not None:
        with whole_text(json_file) as file:
            json.dump(asdict(last), file, indent=1)


def _table(title: str, timed: list[Timed]) -> Table:
    columns = dict.fromkeys(name for each in timed for name in each.figures)
    table = Table("", *columns, title=title, title_justify="left")
    for column in table.columns[1:]:
        column.justify = "right"
    if any(each.reason for each in timed):
        table.add_column("why not", overflow="fold")
    for each in timed:
        shown = [_shown(name, each.figures.get(name)) for name in columns]
        why = [escape(each.reason)] if each.reason else []
        table.add_row(escape(each.name), *shown, *why)
    return table


def _shown(name: str, value: float | None) -> str:
    """Put a figure into few characters, with its unit where it is a time."""
    if value is None:
        return "-"
    if name == "objects":
        return f"{value:.0f}"
    if "a second" in name:
        return f"{value:.2f}"
    return f"{value * 1e3:.1f} ms" if value < 1 else f"{value:.2f} s"
