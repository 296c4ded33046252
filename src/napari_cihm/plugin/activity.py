"""Progress in napari's activity dock, with its Cancel button."""

from collections.abc import Callable

from napari.utils.progress import cancelable_progress


class Activity:
    """One bar in the activity dock. Use it on the main thread alone.

    Parameters
    ----------
    title : str
        What is going on.
    on_cancel : callable
        Called when the user cancels it there.
    """

    def __init__(self, title: str, on_cancel: Callable[[], None]) -> None:
        self._bar = _Bar(desc=title, total=0)
        self._bar.heard = on_cancel

    def advance(self, done: int, total: int) -> None:
        """Say how much is done."""
        if self._bar.total != total:
            self._bar.total = total
        # napari draws at once, and handles events while it does: keep this last.
        self._bar.update(done - self._bar.n)

    def close(self) -> None:
        """Take the bar away."""
        self._bar.close()


class _Bar(cancelable_progress):
    heard: Callable[[], None] | None = None

    def cancel(self) -> None:
        """Tell at once: there is no loop here that would look."""
        super().cancel()
        if self.heard is not None:
            self.heard()
