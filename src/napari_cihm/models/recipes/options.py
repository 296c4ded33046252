"""The kinds of options that recipes share, with their bounds."""

from typing import Annotated, Literal

from pydantic import Field

Base = Annotated[
    int,
    Field(ge=4, le=512, multiple_of=4, description="Channels of the shallowest stage."),
]
WideBase = Annotated[Base, Field(ge=16)]  # a layer norm works on a quarter of it
ScanName = Annotated[
    Literal["rows", "bidirectional", "cross", "atrous", "snake", "diagonal"],
    Field(description="Paths along which maps are scanned."),
]
Depth = Annotated[int, Field(ge=1, le=64)]
Depths = Annotated[
    tuple[Depth, Depth, Depth, Depth], Field(description="Blocks of each stage.")
]
