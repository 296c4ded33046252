"""Put files into a training folder: whole, under free names, never over others."""

import contextlib
import json
import os
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray

from napari_cihm.data.image import COLOUR
from napari_cihm.errors import WriteError

FOLDERS = ("images", "masks", "reviewed")
INDEX = "index.jsonl"
ENDING = ".tif"


class TrainingFolder:
    """A folder of pairs that is only ever added to; it is made if need be.

    Raises
    ------
    WriteError
        If it cannot be made or written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with _explained(path):
            for name in FOLDERS:
                (path / name).mkdir(parents=True, exist_ok=True)
            files = [file for name in FOLDERS for file in (path / name).iterdir()]
            self._names = {file.stem.lower() for file in files}
            self._known = dict(_contents(path / INDEX))

    def known(self, content: str) -> str | None:
        """Return the name under which the same slice was added before, if it was."""
        name = self._known.get(content)
        there = name and self._file("images", name).exists()
        return name if there else None

    def add(
        self,
        wanted: str,
        picture: NDArray[Any],
        mask: NDArray[Any],
        seen: NDArray[np.bool_] | None,
        entry: Mapping[str, Any],
    ) -> str:
        """Add a slice and return the name it got: the wanted one, or one near it."""
        with _explained(self.path):
            name = self._take(wanted)
            written = ["masks"]
            try:
                self._write("masks", name, mask)
                if seen is not None:
                    self._write("reviewed", name, seen.astype(np.uint8) * 255)
                    written.append("reviewed")
                # Pairs are found by their images: with it the pair begins to exist.
                self._write("images", name, picture)
                written.append("images")
                self._note({"name": name, **entry})
            except BaseException:
                for folder in written:
                    self._file(folder, name).unlink(missing_ok=True)
                raise
        self._known[str(entry["content"])] = name
        return name

    def _take(self, wanted: str) -> str:
        """Claim a name that no file of any of the three folders has."""
        number = 1
        while True:
            name = wanted if number == 1 else f"{wanted}_{number}"
            number += 1
            if name.lower() in self._names:
                continue
            self._names.add(name.lower())
            # Another program may have come first since the folder was read.
            with contextlib.suppress(FileExistsError):
                self._claim("masks", name)
                return name

    def _file(self, folder: str, name: str) -> Path:
        return self.path / folder / f"{name}{ENDING}"

    def _claim(self, folder: str, name: str) -> None:
        path = self._file(folder, name)
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))

    def _write(self, folder: str, name: str, values: NDArray[Any]) -> None:
        """Write a file beside and let it take its claimed name when it is whole."""
        final = self._file(folder, name)
        part = final.with_name(f".{name}.{secrets.token_hex(4)}.part")
        axes = "YXS" if values.shape[2:] == (COLOUR,) else "CYX"[-values.ndim :]
        try:
            with part.open("wb") as file:
                tifffile.imwrite(
                    file,
                    values,
                    photometric="rgb" if axes == "YXS" else "minisblack",
                    metadata={"axes": axes},
                    compression="zlib",
                )
                file.flush()
                os.fsync(file.fileno())
            if folder != "masks":
                self._claim(folder, name)
            try:
                os.replace(part, final)
            except OSError:
                final.unlink(missing_ok=True)
                raise
        finally:
            part.unlink(missing_ok=True)

    def _note(self, entry: Mapping[str, Any]) -> None:
        path = self.path / INDEX
        line = json.dumps(entry, ensure_ascii=False).encode() + b"\n"
        with path.open("ab+") as file:
            if file.tell():
                file.seek(-1, os.SEEK_END)
                # A line torn by a crash must not spoil the one behind it.
                line = line if file.read(1) == b"\n" else b"\n" + line
            file.write(line)
            file.flush()
            os.fsync(file.fileno())


def _contents(index: Path) -> list[tuple[str, str]]:
    """Read which content went under which name, past lines that make no sense."""
    if not index.exists():
        return []
    found = []
    for line in index.read_text(encoding="utf-8", errors="replace").splitlines():
        with contextlib.suppress(ValueError, KeyError, TypeError):
            entry = json.loads(line)
            found.append((str(entry["content"]), str(entry["name"])))
    return found


@contextlib.contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise WriteError(
            f"{error.filename or path} could not be written ({error.strerror})",
            remedy="free some space, or choose another folder",
        ) from error
