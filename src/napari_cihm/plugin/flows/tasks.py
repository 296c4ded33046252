"""What runs just now: its progress in the panel and in the activity dock, its end."""

from functools import partial
from typing import Protocol

from qtpy.QtCore import QObject

from napari_cihm.plugin.activity import Activity
from napari_cihm.plugin.session import Session, State
from napari_cihm.plugin.views.run_bar import READY, RunBar


class Task(Protocol):
    """Something that takes a while and can be stopped."""

    @property
    def title(self) -> str:
        """What goes on, in a few words."""

    def stop(self) -> str | None:
        """Stop soon; return what to tell a user who may press again, if one may."""


class Tasks(QObject):
    """Tasks in the order in which they were begun; the first one is what runs."""

    def __init__(self, session: Session, run_bar: RunBar, parent: QObject) -> None:
        super().__init__(parent)
        self._session, self._bar = session, run_bar
        self._tasks: list[Task] = []
        self._activities: dict[int, Activity] = {}
        run_bar.cancel_requested.connect(self.cancel)
        session.model_left.connect(self.forget)

    def __len__(self) -> int:
        return len(self._tasks)

    def begin(self, task: Task) -> None:
        """Say that a task runs, or waits for those before it."""
        self._tasks.append(task)
        stop = partial(self._on_cancelled, task)
        self._activities[id(task)] = Activity(task.title, stop, self)
        if len(self._tasks) == 1:
            self._show_first()

    def progress(self, task: Task, words: str, done: int, total: int) -> None:
        """Say how far a task is."""
        if task is self._tasks[0] and self._session.state is State.RUNNING:
            self._bar.show_progress(words, done, total)
        self._activities[id(task)].advance(done, total)

    def end(self, task: Task, words: str) -> None:
        """Say that a task is over, and how it went."""
        if task not in self._tasks:
            return
        first = task is self._tasks[0]
        self._tasks.remove(task)
        self._activities.pop(id(task)).close()
        if first:
            self._bar.show_idle(words)
            self._show_first()

    def say(self, words: str) -> None:
        """Say what was done at once, unless something runs that says more."""
        if not self._tasks:
            self._bar.show_idle(words)

    def forget(self) -> None:
        """Say no more of what was done: it was about what is no longer there."""
        self.say(READY)

    def cancel(self) -> None:
        """Stop what runs; what first ends well is stopped at once the second time."""
        if not self._tasks:
            return
        task = self._tasks[0]
        self._session.set_state(State.STOPPING)
        self._bar.show_stopping()
        again = task.stop()
        if again and task in self._tasks:
            self._bar.offer_again(again)

    def close(self) -> None:
        """Forget all tasks."""
        self._tasks.clear()
        for activity in self._activities.values():
            activity.close()
        self._activities.clear()

    def _on_cancelled(self, task: Task) -> None:
        """Stop a task that was cancelled in the activity dock."""
        if self._tasks and task is self._tasks[0]:
            self._bar.cancel.click()
        else:
            task.stop()

    def _show_first(self) -> None:
        if not self._tasks:
            self._session.set_state(State.IDLE)
            return
        self._session.set_state(State.RUNNING)
        self._bar.show_progress(f"{self._tasks[0].title}…")
