"""Jobs of the *Fine-tune* section: learning from labels, and the models it made."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

from napari_cihm.config import Channels
from napari_cihm.data.image import Image
from napari_cihm.data.writing import clear_errors
from napari_cihm.errors import WriteError
from napari_cihm.events import Event, Finetuned, Kept, Listed, Note, Unlearnt
from napari_cihm.plugin.worker.loaded import LOADED
from napari_cihm.training.finetune import finetune
from napari_cihm.training.history import History

Change = Literal["rename", "delete", "export"]


def learn(
    pictures: Sequence[Image],
    labels: Sequence[Any],
    reviewed: Sequence[Any],
    channels: list[Channels],
    model: str,
    device: str,
    seconds: float | None,
    name: str,
    settings: dict[str, Any],
    from_origin: bool,
    folder: Path,
    finishing: Callable[[], bool],
) -> Iterator[Event]:
    """Fine-tune a model and keep what comes of it, if anything, as a version.

    Parameters
    ----------
    pictures, labels, reviewed, channels : sequences of equal length
        See `finetune`; None in `reviewed` stands for a whole layer.
    model : str
        Name or file of the model in use, which the new one must beat.
    seconds : float or None
        Time in all; None goes on until nothing gets better.
    name : str
        What to call the version.
    settings : mapping
        Of `FinetuneSettings`.
    from_origin : bool
        Start from the model that the one in use goes back to, not from itself.
    folder : Path
        Of the versions.
    finishing : callable
        Says whether the user wants the best so far, now.
    """
    history = History(folder)
    history.ready()
    current = LOADED.get(model, device)
    start = history.origin(current) if from_origin else current
    if start is not current:
        yield Note(f"Learning starts from {start.name}, as {current.name} did.")
    chosen = {**settings, "device": device}
    for event in finetune(
        start,
        pictures,
        labels,
        reviewed,
        seconds,
        channels=channels,
        current=current,
        stop=finishing,
        **chosen,
    ):
        if not isinstance(event, Finetuned):
            yield event
        elif event.learnt:
            yield _kept(history, event, name)
        else:
            yield Unlearnt(" ".join(event.warnings))


def _kept(history: History, tuned: Finetuned, name: str) -> Kept:
    """Keep a model as a version; where that fails by now, beside all others."""
    try:
        return Kept(history.add(tuned, name), tuned.warnings)
    except WriteError as error:
        with clear_errors(history.folder):
            place = Path(tempfile.mkdtemp(prefix="napari-cihm-"))
        version = History(place).add(tuned, name)
        said = f"{error.came}: copy the new model before it is gone from {version.path}"
        return Kept(version, (*tuned.warnings, said))


def versions(
    folder: Path,
    change: Change | None = None,
    path: Path | None = None,
    to: str = "",
) -> Iterator[Event]:
    """Rename, delete or export a version, then list all there are.

    Parameters
    ----------
    folder : Path
        Of the versions.
    change : str, optional
        What to do first.
    path : Path, optional
        With which version.
    to : str
        Its new name, or the file to copy it to.
    """
    history = History(folder)
    if path is not None:
        if change == "rename":
            history.rename(path, to)
        elif change == "delete":
            history.delete(path)
        elif change == "export":
            history.export(path, Path(to))
    yield Listed(tuple(history.versions()))
