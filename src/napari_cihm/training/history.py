"""Every model that fine-tuning made: in one folder, numbered, none overwritten."""

import logging
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock

from napari_cihm.data.writing import clear_errors, ready_folder, whole_file
from napari_cihm.errors import CihmError, InputError
from napari_cihm.events import Finetuned, Version
from napari_cihm.models import Model, bundled_names, load_model
from napari_cihm.models.bundled import find_model
from napari_cihm.models.checkpoint import read_config

log = logging.getLogger(__name__)

SUFFIX = ".safetensors"
# Nobody chooses the folder, so that no other can be advised.
REMEDY = "free some space on its disk, or get the right to write there"


class History:
    """The versions in a folder; each is a checkpoint that says all about itself.

    Parameters
    ----------
    folder : Path
        Made when it is first needed.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def versions(self) -> list[Version]:
        """List all versions, the newest first."""
        found = []
        for path in self._files():
            try:
                found.append(read_version(path))
            except CihmError:
                log.warning(
                    "%s is not a version and is not listed", path, exc_info=True
                )
        return sorted(found, key=lambda v: v.number, reverse=True)

    def ready(self) -> None:
        """Make sure that a version can be kept, before it is learnt for minutes."""
        ready_folder(self.folder, REMEDY)

    def add(self, tuned: Finetuned, name: str = "") -> Version:
        """Keep a model that was made, accepted or not, as the next version."""
        name = _clean(name or tuned.model.name)
        with self._next_number() as number:
            path = self.folder / f"{number:04d}_{name}{SUFFIX}"
            tuned.model.save(path)
        return read_version(path)

    def rename(self, version: Path, name: str) -> Version:
        """Give a version another name; its number stays."""
        number = version.name.split("_")[0]
        target = version.with_name(f"{number}_{_clean(name)}{SUFFIX}")
        with clear_errors(target, REMEDY):
            os.replace(version, target)
        return read_version(target)

    def delete(self, version: Path) -> None:
        """Remove a version for good."""
        if version.parent != self.folder:
            raise InputError(f"{version} is not one of the versions in {self.folder}")
        with clear_errors(version, REMEDY):
            version.unlink()

    def export(self, version: Path, target: Path) -> Path:
        """Copy a version to where it can be shared."""
        if not target.suffix:
            target = target.with_suffix(SUFFIX)
        with version.open("rb") as source, whole_file(target) as file:
            shutil.copyfileobj(source, file)
        return target

    def origin(self, model: Model) -> Model:
        """Return the model that a chain of fine-tuning started from.

        A model whose forebear is gone counts as the start itself, and so does
        one that was trained, from whatever weights.
        """
        places = [str(find_model(name)) for name in bundled_names()]
        places += [str(version.path) for version in self.versions()]
        while "start" in (record := model.config.training).settings:
            started = Path(str(record.settings["start"])).stem
            likely = [p for p in places if Path(p).stem == started]
            found = (load_model(p, model.device) for p in [*likely, *places])
            forebear = next((m for m in found if m.hash == record.base), None)
            if forebear is None:
                return model
            model = forebear
        return model

    @contextmanager
    def _next_number(self) -> Iterator[int]:
        """Hold a number, for another window may want one at this moment."""
        self.ready()
        lock = FileLock(self.folder / ".lock")
        with suppress(OSError, NotImplementedError):  # a disk without locks
            lock.acquire()
        try:
            taken = (path.name.split("_")[0] for path in self._files())
            yield 1 + max(map(int, taken), default=0)
        finally:
            lock.release()

    def _files(self) -> Iterator[Path]:
        return self.folder.glob(f"{4 * '[0-9]'}_*{SUFFIX}")


def read_version(path: Path) -> Version:
    """Read what a version says of itself, without its weights."""
    record = read_config(path).training
    number, _, name = path.stem.partition("_")
    return Version(
        path=path,
        number=int(number) if number.isdigit() else 0,
        name=name or path.stem,
        date=record.date,
        images=record.images,
        objects=record.objects,
        start=str(record.settings.get("start", "")),
        accepted=bool(record.figures.get("accepted", True)),
        reason=str(record.figures.get("reason", "")),
        base_figures=dict(record.figures.get("base", {})),
        new_figures=dict(record.figures.get("new", {})),
        curves=record.curves,
    )


def _clean(name: str) -> str:
    """Make a file's name of what was typed."""
    kept = "".join(c if c.isalnum() or c in "-. " else "-" for c in name).strip(" .")
    if not kept:
        raise InputError(f"{name!r} cannot be a file name", "some letters or digits")
    return kept[:80]
