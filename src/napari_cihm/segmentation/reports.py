"""What a batch tells of all its images: a table of measurements and run lengths."""

from pathlib import Path

from napari_cihm.data.paths import spelled
from napari_cihm.data.writing import clear_errors, ready_file
from napari_cihm.errors import InputError
from napari_cihm.events import Segmented
from napari_cihm.segmentation.measurements import (
    Columns,
    measure_columns,
    rows_of,
    write_table,
)
from napari_cihm.segmentation.placing import plane_of
from napari_cihm.segmentation.submission import run_lengths, write_submission

ENDINGS = (".csv", ".txt", "")  # the last of a pipe or a device


class Reports:
    """Gathers what is to be told of images, and writes it when a batch ends.

    Parameters
    ----------
    table, runs : Path, optional
        Where to write measurements, and run lengths of flat images.
    """

    def __init__(self, table: Path | None = None, runs: Path | None = None) -> None:
        self.table, self.runs = table, runs
        self._images = 0
        self._columns: dict[str, None] = dict.fromkeys(("image", "label"))
        self._found: list[tuple[str, Columns]] = []
        self._runs: list[tuple[str, list[str]]] = []

    @property
    def paths(self) -> list[Path]:
        """The files that are wanted."""
        return [path for path in (self.table, self.runs) if path is not None]

    def prepare(self) -> None:
        """Find out now whether the files can be written.

        Raises
        ------
        InputError
            Where a folder is called so, or a file of another kind would be.
        WriteError
            Where nothing can be written.
        """
        for path in self.paths:
            if path.suffix.lower() not in ENDINGS:
                raise InputError(
                    f"{path} cannot be written as {path.suffix}: tables are CSV",
                    "a name that ends in .csv",
                )
            ready_file(path)
            if path.exists():
                with clear_errors(path), open(path, "ab"):
                    pass  # a program that shows it may have locked it

    def add(self, name: str, result: Segmented, by_slice: bool) -> None:
        """Take in an image that is done."""
        image, name = result.image, spelled(name)
        if self.table is not None:
            columns = measure_columns(result.labels, image, by_slice)
            self._columns |= dict.fromkeys(columns)
            self._found.append((name, columns))
        if self.runs is not None and image.size("t") == image.size("z") == 1:
            plane = plane_of(result.labels, image, 0, 0)
            self._runs.append((name, list(run_lengths(plane))))
        self._images += 1

    def write(self) -> None:
        """Write what is wanted of all images."""
        self._write(self.table, self.runs)

    def write_unfinished(self, total: int) -> list[str]:
        """Write what there is, beside a file of an earlier run that may hold more.

        Returns
        -------
        list of str
            What each file holds, of `total` images.
        """
        if not self._images:
            return []
        table, runs = (path and _free(path) for path in (self.table, self.runs))
        self._write(table, runs)
        said = []
        for path, asked, count in (
            (table, self.table, self._images),
            (runs, self.runs, len(self._runs)),
        ):
            if path is not None and asked is not None:
                left = f"; {asked.name} is left as it was" if path != asked else ""
                said.append(f"{path} holds {count} of {total} images{left}")
        return said

    def _write(self, table: Path | None, runs: Path | None) -> None:
        try:
            if table is not None:
                rows = (
                    {"image": name, **row}
                    for name, columns in self._found
                    for row in rows_of(columns)
                )
                write_table(table, rows, self._columns)
        finally:
            if runs is not None:
                write_submission(runs, self._runs)


def _free(path: Path) -> Path:
    return path.with_stem(f"{path.stem}_unfinished") if path.exists() else path
