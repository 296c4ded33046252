"""The device that a run computes on, by its name or as torch's own object."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

ABOUT = "Where to compute: cpu, cuda or mps; auto takes cuda if it can, else cpu."


def _by_name(value: Any) -> Any:
    # torch is not imported here: settings are read where it is not needed.
    return str(value) if type(value).__module__ == "torch" else value


Device = Annotated[
    str,
    BeforeValidator(_by_name),
    Field(description=ABOUT),
]
