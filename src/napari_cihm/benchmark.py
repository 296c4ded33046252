"""What this machine can do: the scans, a network, and a whole segmentation, timed."""

import os
import platform
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from napari_cihm import __version__
from napari_cihm.config import BenchmarkSettings
from napari_cihm.config.benchmark import SCAN
from napari_cihm.data.synthetic import nuclei
from napari_cihm.events import Benchmarked, Event, Timed
from napari_cihm.models import Model
from napari_cihm.scan.choice import load
from napari_cihm.scan.inputs import Inputs, checked
from napari_cihm.segmentation import segment

# What a user's images could ever run on; the reference is there to check them.
SCANS = ("numba", "triton", "mamba_ssm", "torch")


def benchmark(model: Model, **settings: object) -> Iterator[Event]:
    """Time what a user of this machine waits for.

    Parameters
    ----------
    model : Model
        The model, on the device to time.
    **settings
        Fields of `BenchmarkSettings`.

    Yields
    ------
    Event
        `Timed` for each scan, the network at each size and the segmentation; then
        `Benchmarked`, which holds them all. Each is the median of several runs, the
        first of which, with what it compiles, is left out.
    """
    chosen = BenchmarkSettings.of(**settings)
    timed = []
    for event in _all(model, chosen):
        timed.append(event)
        yield event
    yield Benchmarked(machine(model.device), timed)


def _all(model: Model, settings: BenchmarkSettings) -> Iterator[Timed]:
    for name in SCANS:
        yield _scan(name, model.device, settings.seconds)
    for side in settings.tiles:
        yield _network(model, side, settings.seconds)
    yield _segmentation(model, settings)


def _scan(name: str, device: torch.device, seconds: float) -> Timed:
    """Time a scan alone, forward and with its gradient."""
    backend = load(name)
    reason = backend if isinstance(backend, str) else backend.serves(device)
    if isinstance(backend, str) or reason is not True:
        return Timed("scan", name, {}, str(reason))
    scan = backend.scan
    inputs = _state_space(device)
    above = torch.randn_like(inputs.u)
    leaves = [t for t in inputs.tensors() if t is not None]

    def forward() -> None:
        with torch.inference_mode():
            scan(inputs)

    def both() -> None:
        torch.autograd.grad(scan(inputs)[0], leaves, above)

    times = {"forward": forward, "forward and backward": both}
    taken = {what: median_seconds(run, device, seconds) for what, run in times.items()}
    return Timed("scan", name, taken)


def _state_space(device: torch.device) -> Inputs:
    """Draw a scan as a network has it: steps of 0.001 to 0.1, A = -1 ... -n."""
    drawn = torch.Generator().manual_seed(0)
    b, d, length, n = SCAN.values()

    def normal(*shape: int) -> Tensor:
        return torch.randn(shape, generator=drawn)

    steps = 0.001 + 0.099 * torch.rand(b, d, length, generator=drawn)
    rates = -torch.arange(1.0, n + 1).repeat(d, 1)
    tensors = [normal(b, d, length), steps.expm1().log(), rates]
    tensors += [normal(b, n, length), normal(b, n, length), torch.ones(d)]
    u, delta, A, B, C, D = (t.to(device).requires_grad_() for t in tensors)
    return checked(u, delta, A, B, C, D, None, None, True)


def _network(model: Model, side: int, seconds: float) -> Timed:
    """Time the network alone, on one tile."""
    tile = torch.rand(1, model.config.in_channels, side, side).numpy()
    taken = median_seconds(lambda: model.predict(tile), model.device, seconds)
    name = f"{model.name}, {side} x {side}"
    return Timed("network", name, {"forward": taken})


def _segmentation(model: Model, settings: BenchmarkSettings) -> Timed:
    """Time all from image to labels: size, tiles, network, objects."""
    side = settings.image
    image, _ = nuclei((side, side), seed=0)
    found = 0

    def run() -> None:
        nonlocal found
        found = int(segment(image, model).max())

    taken = median_seconds(run, model.device, settings.seconds, least=1)
    figures = {
        "segment": taken,
        "megapixels a second": side**2 / 1e6 / taken,
        "objects": found,
    }
    return Timed("segmentation", f"{model.name}, {side} x {side}", figures)


def median_seconds(
    run: Callable[[], object], device: torch.device, seconds: float, least: int = 3
) -> float:
    """Give the median time of some runs, after one that warms up.

    Parameters
    ----------
    run : callable
        What is timed.
    device : torch.device
        Where it works; it has done so when the clock is read.
    seconds : float
        How long to go on.
    least : int
        Runs at least.
    """
    _settled(run, device)
    times: list[float] = []
    while len(times) < least or sum(times) < seconds:
        times.append(_settled(run, device))
    return statistics.median(times)


def _settled(run: Callable[[], object], device: torch.device) -> float:
    start = time.perf_counter()
    run()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()
    return time.perf_counter() - start


def machine(device: torch.device) -> Mapping[str, Any]:
    """Describe the machine that figures come from."""
    named = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        lines = info.read_text(errors="replace").splitlines()
        models = (line.partition(":")[2] for line in lines if "model name" in line)
        named = next(models, named).strip()
    return {
        "processor": named,
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "device": torch.cuda.get_device_name(device)
        if device.type == "cuda"
        else str(device),
        "system": platform.platform(terse=True),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "napari-cihm": __version__,
    }
