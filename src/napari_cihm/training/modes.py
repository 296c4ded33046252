"""Learning goes the same way whatever modes of torch its caller has set."""

from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, closing, contextmanager
from functools import wraps
from typing import ParamSpec

import torch

from napari_cihm.events import Event

P = ParamSpec("P")


def in_own_modes(
    learn: Callable[P, Generator[Event]],
) -> Callable[P, Generator[Event]]:
    """Have a generator of events work in modes of its own.

    They end before each event is handed out: one that outlasted it would be its
    caller's too.
    """

    @wraps(learn)
    def run(*args: P.args, **kwargs: P.kwargs) -> Generator[Event]:
        with closing(learn(*args, **kwargs)) as events:
            while True:
                with _own_modes():
                    event = next(events, None)
                if event is None:
                    return
                yield event

    return run


@contextmanager
def _own_modes() -> Iterator[None]:
    """Follow gradients, and round no more than we choose to."""
    with torch.inference_mode(False), torch.enable_grad(), ExitStack() as off:
        for kind in ("cpu", "cuda", "mps"):
            if torch.is_autocast_enabled(kind):
                off.enter_context(torch.autocast(kind, enabled=False))
        yield
