"""Which device computes."""

import torch

from napari_cihm.errors import UnavailableError, UnknownNameError


def available_devices() -> tuple[str, ...]:
    """Return what this machine can compute on, the fastest first."""
    found = []
    if torch.cuda.is_available():
        found += [f"cuda:{i}" for i in range(torch.cuda.device_count())]
    if torch.backends.mps.is_available():
        found.append("mps")
    return (*found, "cpu")


def pick_device(wanted: str | torch.device = "auto") -> torch.device:
    """Turn a wish into a device; "auto" takes the fastest there is.

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
    return device
