"""Every recipe side by side: parameters, multiplications, time and memory on a CPU.

>>> python benchmarks/models.py --json models.json --plot models.svg

Each turn of a recipe is a process of its own, so that memory is its own and no
network warms the caches of another; recipes take turns, so that a machine that
other programs slow down slows all of them. Medians over the turns are given. On one
thread, which is the default, the processor's own clock is read, and programs that
run beside hardly matter; on several, the clock on the wall.
"""

import argparse
import ctypes
import gc
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from timing import machine, print_table
from torch.nn import functional as F

from napari_cihm.models import build_model, model_names
from napari_cihm.models.costs import count_costs

STATUS, REFS = Path("/proc/self/status"), Path("/proc/self/clear_refs")
HEAD = (
    "recipe", "parameters", "GMAC", "forward", "step", "unet's forward", "unet's step",
    "memory of maps, counted", "of a forward pass", "of a step",
)  # fmt: skip


def main() -> None:
    """Measure, print a table, and write figures and a plot."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", default=model_names())
    parser.add_argument("--size", type=int, default=256, help="side of the image")
    parser.add_argument("--turns", type=int, default=3, help="processes a recipe")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--json", type=Path, help="write the figures here")
    parser.add_argument("--plot", type=Path, help="draw them here")
    parser.add_argument("--turn", help=argparse.SUPPRESS)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    if given.turn:
        print(json.dumps(turn(given.turn, given.size)))
        return
    taken: dict[str, list[dict[str, float]]] = {name: [] for name in given.names}
    before = machine()
    for _ in range(given.turns):
        for name in given.names:
            taken[name].append(ask(name, given.size, given.threads))
            print(f"{name}: {taken[name][-1]}", file=sys.stderr, flush=True)
    figures = {name: merged(name, given.size, turns) for name, turns in taken.items()}
    clock = "processor" if given.threads == 1 else "wall"
    report = {
        "machine": before, "size": given.size, "clock": clock, "recipes": figures,
    }  # fmt: skip
    show(report)
    if given.json:
        given.json.write_text(json.dumps(report, indent=1) + "\n")
    if given.plot:
        draw(report, given.plot)


def ask(name: str, size: int, threads: int) -> dict[str, float]:
    """Let a process of its own take a recipe's turn."""
    command = [sys.executable, __file__, "--turn", name]
    command += ["--size", str(size), "--threads", str(threads)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    answer: dict[str, float] = json.loads(done.stdout)
    return answer


def turn(name: str, size: int) -> dict[str, float]:
    """Time a forward pass and a training step, and watch the memory of both."""
    torch.manual_seed(0)
    network = build_model(name, 3, 1).to(memory_format=torch.channels_last)
    images = torch.randn(1, 3, size, size).to(memory_format=torch.channels_last)
    targets = torch.randint(0, 2, (1, 1, size, size)).float()
    optimiser = torch.optim.AdamW(network.parameters(), lr=1e-5)

    def forward() -> None:
        with torch.inference_mode():
            network.eval()(images)

    def step() -> None:
        optimiser.zero_grad(set_to_none=True)
        levels = network.train()(images, supervised=True)
        losses = [F.binary_cross_entropy_with_logits(y, targets) for y in levels]
        torch.stack(losses).sum().backward()
        optimiser.step()

    compile_scan(network)
    forward_bytes = peak(forward)
    forward_seconds = median_seconds(forward)
    step_bytes = peak(step)
    return {
        "forward_seconds": forward_seconds,
        "step_seconds": median_seconds(step),
        "forward_bytes": forward_bytes,
        "step_bytes": step_bytes,
    }


def compile_scan(network: torch.nn.Module) -> None:
    """Have kernels compiled before anything is timed, on few pixels."""
    few = torch.randn(1, 3, 64, 64)
    network.train()(few).sum().backward()
    with torch.inference_mode():
        network.eval()(few)
    network.zero_grad(set_to_none=True)


def median_seconds(
    run: Callable[[], object], seconds: float = 2.0, least: int = 2
) -> float:
    """Give the median time of a few runs."""
    clock = time.process_time if torch.get_num_threads() == 1 else time.perf_counter
    times: list[float] = []
    while len(times) < least or sum(times) < seconds:
        start = clock()
        run()
        times.append(clock() - start)
    return statistics.median(times)


def peak(run: Callable[[], object]) -> float:
    """Give the bytes that a run needed beyond what was there; 0 where unknown."""
    if not REFS.exists():
        return 0
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)  # what was freed would be used again, unseen
    REFS.write_text("5")  # forget the highest mark so far
    before = memory("VmRSS")
    run()
    return memory("VmHWM") - before


def memory(field: str) -> int:
    """Read bytes of this process from the system."""
    rows = dict(row.split(":", 1) for row in STATUS.read_text().splitlines())
    return int(rows[field].split()[0]) * 1024


def merged(name: str, size: int, turns: list[dict[str, float]]) -> dict[str, float]:
    """Join counted costs and the medians over the turns."""
    costs = count_costs(name, size)
    return {
        "parameters": costs.parameters,
        "gmac": costs.gmac,
        "counted_bytes": costs.map_bytes,
        **{key: statistics.median(t[key] for t in turns) for key in turns[0]},
    }


def show(report: Mapping[str, Any]) -> None:
    """Print the table, the lightest first."""
    figures = report["recipes"]
    unet = figures.get("unet")
    rows = [
        (
            name,
            f"{f['parameters']:,}",
            f"{f['gmac']:.2f}",
            f"{f['forward_seconds'] * 1e3:.0f} ms",
            f"{f['step_seconds'] * 1e3:.0f} ms",
            *(f"{unet[key] / f[key]:.1f} x" if unet else "-" for key in
              ("forward_seconds", "step_seconds")),
            *(f"{f[key] / 1e6:.0f} MB" for key in
              ("counted_bytes", "forward_bytes", "step_bytes")),
        )
        for name, f in sorted(figures.items(), key=lambda item: item[1]["parameters"])
    ]  # fmt: skip
    print(json.dumps(report["machine"]))
    title = f"Recipes at {report['size']} x {report['size']}, by the {report['clock']}"
    print_table(f"{title}'s clock", HEAD, rows)


def draw(report: Mapping[str, Any], path: Path) -> None:
    """Draw time over parameters; a disc's area is the memory of a forward pass."""
    import matplotlib

    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    plt.rcParams["svg.fonttype"] = "none"
    figure, axes = plt.subplots(figsize=(8, 5), layout="constrained")
    for name, f in report["recipes"].items():
        x, y = f["parameters"] / 1e6, f["forward_seconds"] * 1e3
        ours = name.startswith("cihm")
        axes.scatter(
            x, y, s=f["forward_bytes"] / 5e5, alpha=0.5, color="C1" if ours else "C0"
        )
        axes.annotate(
            name, (x, y), xytext=(0, 9), textcoords="offset points", ha="center",
            fontsize=8, weight="bold" if ours else "normal",
        )  # fmt: skip
    axes.set(
        xscale="log", yscale="log", xlabel="parameters in millions",
        ylabel=f"forward pass of {report['size']} x {report['size']} in ms",
    )  # fmt: skip
    axes.grid(alpha=0.3, which="both")
    figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)


if __name__ == "__main__":
    main()
