"""Figures of the scan: against loops, against memory, over lengths, on small inputs.

>>> python benchmarks/scan.py speed accuracy length small --json scan.json

With a CUDA device, Triton (and mamba-ssm where it is built) are measured there too.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from scan_baselines import official_loop, tuned_loop
from timing import machine, print_table, rival_seconds
from torch import Tensor

from napari_cihm.scan import backends, selective_scan

SIZES = (4, 32, 4096, 16)  # b d l n
OFFICIAL, TUNED = "official loop", "tuned unbind loop"


def arguments(
    b: int, d: int, length: int, n: int, device: str = "cpu", groups: int | None = None
) -> dict[str, Tensor]:
    """Draw a scan as a network has it: delta in 0.001 to 0.1, A = -1 ... -n."""
    torch.manual_seed(0)
    varying = (b, n, length) if groups is None else (b, groups, n, length)
    steps = torch.empty(b, d, length).uniform_(0.001, 0.1)
    tensors = {
        "u": torch.randn(b, d, length),
        "delta": steps.expm1().log(),  # softplus gives the steps back
        "A": -torch.arange(1.0, n + 1).repeat(d, 1),
        "B": torch.randn(varying),
        "C": torch.randn(varying),
        "D": torch.ones(d),
    }
    return {k: t.to(device).requires_grad_() for k, t in tensors.items()}


@contextmanager
def backend(name: str) -> Any:
    """Force one backend."""
    os.environ["CIHM_SCAN"] = name
    try:
        yield
    finally:
        del os.environ["CIHM_SCAN"]


def ours(name: str, forced: bool = True) -> Callable[..., Tensor]:
    """Give our scan on one backend; to force it takes some time of its own."""

    def chosen(**tensors: Tensor) -> Tensor:
        return selective_scan(**tensors, delta_softplus=True)

    def scan(**tensors: Tensor) -> Tensor:
        with backend(name):
            return chosen(**tensors)

    return scan if forced else chosen


def here(device: str) -> list[str]:
    """List our backends for a device that can run."""
    names = ["numba", "torch"] if device == "cpu" else ["triton", "mamba_ssm", "torch"]
    return [name for name in names if backends()[name] is True]


def inference(scan: Callable[..., Tensor], tensors: dict[str, Tensor]) -> Any:
    """Give a forward run without gradients."""

    def run() -> Tensor:
        with torch.no_grad():
            return scan(**tensors)

    return run


def training(scan: Callable[..., Tensor], tensors: dict[str, Tensor]) -> Any:
    """Give a forward and backward run."""
    above = torch.randn_like(tensors["u"])

    def run() -> tuple[Tensor, ...]:
        return torch.autograd.grad(scan(**tensors), list(tensors.values()), above)

    return run


def copy_rate(device: str) -> float:
    """Measure the bytes a second that memory gives and takes."""
    source = torch.ones(1 << 26, device=device)
    target = torch.empty_like(source)
    taken = rival_seconds({"copy": lambda: target.copy_(source)}, 1.0)
    return 2 * 4 * source.numel() / taken["copy"].wall


def floor_seconds(passes: str, rate: float) -> float:
    """Give the time to read and write each tensor once, B and C included."""
    b, d, length, n = SIZES
    sequences, maps = {"forward": (3, 2), "both": (3 + 5, 2 + 4)}[passes]
    return 4 * b * length * (sequences * d + maps * n) / rate


def speed(device: str) -> list[dict[str, Any]]:
    """Time each scan against the loops and the floor of memory."""
    tensors = arguments(*SIZES, device=device)
    rivals = {OFFICIAL: official_loop, TUNED: tuned_loop}
    first, *others = here(device)
    rivals |= {first: ours(first, forced=False)} | {n: ours(n) for n in others}
    rate = copy_rate(device)
    rows = []
    for passes, wrap, rounds in (("forward", inference, 3), ("both", training, 1)):
        runs = {name: wrap(scan, tensors) for name, scan in rivals.items()}
        taken = rival_seconds(runs, rounds=rounds)
        floor = floor_seconds(passes, rate)
        for name, own in taken.items():
            row = {"passes": passes, "scan": name, "floor": own.wall / floor}
            for clock in ("wall", "cpu"):
                mine = getattr(own, clock)
                row[f"{clock}_ms"] = 1e3 * mine
                row[f"{clock}_vs_official"] = getattr(taken[OFFICIAL], clock) / mine
                row[f"{clock}_vs_tuned"] = getattr(taken[TUNED], clock) / mine
            rows.append(row)
    head = ["passes", "scan", "ms", "x official", "x tuned", "times floor"]
    head += ["cpu ms", "x official", "x tuned"]
    columns = ["wall_ms", "wall_vs_official", "wall_vs_tuned", "floor"]
    columns += ["cpu_ms", "cpu_vs_official", "cpu_vs_tuned"]
    print_table(
        f"(b d l n) = {SIZES}, float32, {device}; a copy moves {rate / 1e9:.1f} GB/s",
        head,
        [
            (row["passes"], row["scan"], *(f"{row[column]:.1f}" for column in columns))
            for row in rows
        ],
    )
    return rows


def accuracy(device: str) -> list[dict[str, Any]]:
    """Measure the error against the float64 recurrence, of output and gradients."""
    tensors = arguments(*SIZES, device=device)
    wide = {k: t.detach().double().requires_grad_() for k, t in tensors.items()}
    scan = ours("reference")
    above = torch.randn_like(tensors["u"])

    def results(scan: Callable[..., Tensor], given: dict[str, Tensor]) -> list[Tensor]:
        out = scan(**given)
        weights = above.to(out.dtype)
        return [out, *torch.autograd.grad(out, list(given.values()), weights)]

    wanted = results(scan, wide)
    names = ["out", *tensors]
    rows = []
    for name in here(device):
        found = results(ours(name), tensors)
        errors = {
            what: ((a - b).abs().max() / b.abs().max()).item()
            for what, a, b in zip(names, found, wanted, strict=True)
        }
        rows.append({"scan": name, **errors})
    print_table(
        f"Largest error over largest value, against float64, (b d l n) = {SIZES}",
        ["scan", *names],
        [[row["scan"], *(f"{row[k]:.0e}" for k in names)] for row in rows],
    )
    return rows


def length(device: str) -> list[dict[str, Any]]:
    """Time growing sequences, and weigh what is kept between the passes."""
    rows = []
    b, d, n = 1, 32, 16
    for power in range(12, 21, 2):
        tensors = arguments(b, d, 1 << power, n, device=device)
        scan = ours("numba" if device == "cpu" else "triton")
        rounds = 3 if power > 16 else 9
        runs = {"f": inference(scan, tensors), "b": training(scan, tensors)}
        taken = rival_seconds(runs, 2.0, rounds)
        *_, kept = scan(**tensors).grad_fn.saved_tensors  # type: ignore[union-attr]
        each = 1e9 / (b * d << power)
        rows.append(
            {
                "length": 1 << power,
                "forward_ns": taken["f"].wall * each,
                "both_ns": taken["b"].wall * each,
                "kept_bytes_per_channel": kept.nbytes / (b * d),
            }
        )
    print_table(
        f"(b d n) = {(b, d, n)}: ns a channel and position, bytes kept a channel",
        ["l", "forward", "fwd+bwd", "kept"],
        [
            (
                row["length"],
                f"{row['forward_ns']:.1f}",
                f"{row['both_ns']:.1f}",
                f"{row['kept_bytes_per_channel']:.0f}",
            )
            for row in rows
        ],
    )
    return rows


def small(device: str) -> list[dict[str, Any]]:
    """Time what a call costs, and the scans of a small network: four directions."""
    rows = []
    for b, d, positions, groups in (
        (1, 4, 1, 1),
        (1, 8, 16, 1),
        (1, 64, 64, 4),
        (1, 128, 1024, 4),
        (32, 64, 16, 4),
        (32, 64, 256, 4),
        (32, 192, 64, 4),
    ):
        tensors = arguments(b, d, positions, 16, device=device, groups=groups)
        scan = ours("numba" if device == "cpu" else "triton")
        runs = {"f": inference(scan, tensors), "b": training(scan, tensors)}
        taken = rival_seconds(runs, 1.0)
        rows.append(
            {
                "shape": (b, d, positions, groups),
                "forward_us": 1e6 * taken["f"].wall,
                "both_us": 1e6 * taken["b"].wall,
            }
        )
    print_table(
        "Small scans, n = 16, in microseconds",
        ["b d l g", "forward", "fwd+bwd"],
        [
            (row["shape"], f"{row['forward_us']:.0f}", f"{row['both_us']:.0f}")
            for row in rows
        ],
    )
    return rows


def compiling(device: str) -> list[dict[str, Any]]:
    """Time the first compilation and the load from disk, in fresh processes."""
    program = (
        "import time, torch; from napari_cihm.scan.numba_compile import kernel\n"
        "t = time.perf_counter()\n"
        "for which in ('forward', 'backward'): kernel(which, torch.float32)\n"
        "print(time.perf_counter() - t)"
    )
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for state in ("compiled", "loaded from disk"):
            done = subprocess.run(
                [sys.executable, "-c", program],
                capture_output=True,
                text=True,
                check=True,
                env={**os.environ, "NUMBA_CACHE_DIR": folder},
            )
            rows.append({"state": state, "seconds": float(done.stdout)})
    print_table(
        "Both kernels, float32, in seconds",
        ["", "s"],
        [(row["state"], f"{row['seconds']:.1f}") for row in rows],
    )
    return rows


SUBJECTS = {
    "speed": speed,
    "accuracy": accuracy,
    "length": length,
    "small": small,
    "compiling": compiling,
}


def main() -> None:
    """Measure what was asked for, print it, and write it if asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("subjects", nargs="*", help=f"of {', '.join(SUBJECTS)}")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument(
        "--device", default="cuda" if torch.cuda.is_available() else "cpu"
    )
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    found: dict[str, Any] = {"machine": machine()}
    print(found["machine"])
    for name in given.subjects or SUBJECTS:
        found[name] = SUBJECTS[name](given.device)
    if given.json:
        given.json.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
