"""Which device computes, and what it asks for."""

import re

import torch

from napari_cihm.errors import UnavailableError, UnknownNameError
from napari_cihm.memory import give_back


def available_devices() -> tuple[str, ...]:
    """Return what this machine can compute on; the first is what "auto" takes.

    Apple's GPUs stand behind the processor, which the scan is compiled for: on them
    it takes thousands of small steps, and PyTorch's own operations have gone wrong.
    """
    found = ["cpu"]
    if torch.cuda.is_available():
        gpus = range(torch.cuda.device_count())
        found = [*(f"cuda:{i}" for i in gpus if _is_built_for(i)), *found]
    if torch.backends.mps.is_available():
        found.append("mps")
    return tuple(found)


def _is_built_for(gpu: int) -> bool:
    """Tell whether this torch can compute on a GPU: one too old is seen all the same.

    What was compiled for a capability runs on its later minors; "compute_" is code
    for any that is newer.
    """
    built = re.findall(r"\b(sm|compute)_(\d+)", " ".join(torch.cuda.get_arch_list()))
    major, minor = torch.cuda.get_device_capability(gpu)
    fits = (
        int(number) <= 10 * major + minor
        and (kind == "compute" or int(number) // 10 == major)
        for kind, number in built
    )
    return not built or any(fits)  # AMD's are named otherwise


def pick_device(wanted: str | torch.device = "auto") -> torch.device:
    """Turn a wish into a device; "auto" takes a GPU of NVIDIA's, else the processor.

    Raises
    ------
    UnknownNameError
        When the word names no device.
    UnavailableError
        When this machine lacks the device.
    """
    known = available_devices()
    if wanted == "auto":
        return torch.device(known[0])
    try:
        device = torch.device(wanted)
    except (RuntimeError, TypeError):
        raise UnknownNameError.among("device", wanted, ("auto", *known)) from None
    first = tuple(name.split(":")[0] for name in known)
    if str(device) not in known and (device.type not in first or device.index):
        raise UnavailableError(
            f"this machine has no {wanted} device",
            f"one of {', '.join(known)}",
            "choose device auto",
        )
    if device.type == "cuda" and device.index is None:
        return torch.device("cuda", torch.cuda.current_device())
    return device


def memory_format(device: torch.device) -> torch.memory_format:
    """Return how maps lie in memory where the network computes.

    Channels last is a third faster on a CPU, and no slower on CUDA. On Apple's GPUs
    learning fails with it.
    """
    plain = device.type == "mps"
    return torch.contiguous_format if plain else torch.channels_last


def release_memory() -> None:
    """Give memory back that is kept for what comes next, a GPU's too."""
    give_back()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    if torch.backends.mps.is_available():
        torch.mps.empty_cache()
