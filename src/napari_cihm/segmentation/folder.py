"""A store on disk: what is finished outlives a crash, and memory stays small."""

import hashlib
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray

from napari_cihm.data.boxes import Box
from napari_cihm.data.image import Image
from napari_cihm.data.writing import clear_errors, whole_file, whole_text
from napari_cihm.segmentation.parts import Part
from napari_cihm.segmentation.placing import CANON, Unit, arranged, picked, placed
from napari_cihm.segmentation.predictor import Maps
from napari_cihm.segmentation.store import Tables, smallest_dtype

MANIFEST = "manifest.json"
RUN = "run-"
UNFINISHED = ".*.part"  # what a killed run was about to write


class FolderStore:
    """Keeps tiles, blocks and labels in a folder, each file whole or not there.

    Each run has a folder of its own in there, named after its manifest: the same run
    goes on with what it left, and no other writes there or takes it away.

    Parameters
    ----------
    work : Path
        Made where it is missing.
    image : Image
        What is segmented.
    manifest : mapping
        All that the labels depend on.
    chunk : tuple of int
        Rows and columns of a block.
    classes : int
        Maps to keep of each pixel; 0 keeps none.
    doubt : bool
        Keep how unsure the model is.
    """

    lasting = True

    def __init__(
        self,
        work: Path,
        image: Image,
        manifest: Mapping[str, Any],
        chunk: tuple[int, ...],
        classes: int = 0,
        doubt: bool = False,
    ) -> None:
        text = json.dumps(dict(manifest), sort_keys=True, indent=1, default=str)
        digest = hashlib.sha256(text.encode()).hexdigest()[:16]
        self.folder = folder = work / f"{RUN}{digest}"
        self._axes = image.label_axes
        self._tiles = folder / "tiles"
        with clear_errors(folder):
            self.resumed = self._open(text)
            self._there = {path.name for path in self._tiles.iterdir()}
            shape = tuple(image.size(letter) for letter in CANON)
            chunks = (1, 1, *chunk)  # as results are read and written: plane by plane
            self._labels = _array(folder / "labels", shape, chunks, "uint32")
            self.maps: Any = None
            self.doubt: Any = None
            shape, chunks = image.label_shape, picked(chunks, self._axes)
            if classes:
                self.maps = _array(
                    folder / "maps", (classes, *shape), (1, *chunks), "float32"
                )
            if doubt:
                self.doubt = _array(folder / "uncertainty", shape, chunks, "float32")

    def tile(self, unit: Unit, number: int) -> Maps:
        """Return a finished tile."""
        return np.asarray(np.load(self._tile(unit, number)))

    def has_tile(self, unit: Unit, number: int) -> bool:
        """Tell whether a tile is finished."""
        return f"{_name(unit)}_{number}.npy" in self._there

    def put_tile(self, unit: Unit, number: int, maps: Maps) -> None:
        """Keep a finished tile."""
        path = self._tile(unit, number)
        with whole_file(path) as file:
            np.save(file, maps)
        self._there.add(path.name)

    def drop_tile(self, unit: Unit, number: int) -> None:
        """Forget a tile that no block needs any more."""
        path = self._tile(unit, number)
        path.unlink(missing_ok=True)
        self._there.discard(path.name)

    def has_part(self, unit: Unit, index: tuple[int, ...]) -> bool:
        """Tell whether a block is finished."""
        return self._part(unit, index).exists()

    def put_part(self, unit: Unit, core: Box, part: Part) -> None:
        """Keep a finished block."""
        with clear_errors(self.folder):
            self._labels[(*unit, *core)] = part.labels
            where = placed(unit, core, self._axes)
            if self.maps is not None and part.maps is not None:
                for number, maps in enumerate(part.maps):
                    self.maps[(number, *where)] = arranged(maps, self._axes)
            if self.doubt is not None and part.doubt is not None:
                self.doubt[where] = arranged(part.doubt, self._axes)
        faces = {f"face{axis}{side}": f for (axis, side), f in part.faces.items()}
        path = self._part(unit, part.index)
        path.parent.mkdir(exist_ok=True)
        with whole_file(path) as file:
            np.savez(file, index=part.index, first=part.first, **faces)  # type: ignore[arg-type]

    def parts(self, unit: Unit) -> list[Part]:
        """Return what joining needs of a unit's blocks."""
        folder = self._part(unit, ()).parent
        return [_read_part(path) for path in sorted(folder.glob("*.npz"))]

    def labels(self, unit: Unit, core: Box) -> NDArray[np.uint32]:
        """Return a block's own numbers."""
        return np.asarray(self._labels[(*unit, *core)])

    def finish(self, tables: Tables, cores: Mapping[tuple[int, ...], Box]) -> Any:
        """Give every object its final number; return the labels, still on disk."""
        highest = max((int(t.max(initial=0)) for t in tables.values()), default=0)
        path = self.folder / "final"
        with clear_errors(path):
            shutil.rmtree(path, ignore_errors=True)
            final = _array(
                path,
                picked(self._labels.shape, self._axes),
                picked(self._labels.chunks, self._axes),
                np.dtype(smallest_dtype(highest)).name,
            )
            for (unit, index), table in tables.items():
                core = cores[index]
                block = table[self._labels[(*unit, *core)]]
                final[placed(unit, core, self._axes)] = arranged(block, self._axes)
        return final

    def _open(self, manifest: str) -> bool:
        path = self.folder / MANIFEST
        resumed = path.exists()
        if resumed:
            for place in (self._tiles, *(self.folder / "parts").glob("*")):
                for unfinished in place.glob(UNFINISHED):
                    unfinished.unlink()
        else:
            if self.folder.exists():
                shutil.rmtree(self.folder)
            self.folder.mkdir(parents=True)
            with whole_text(path) as file:
                file.write(manifest)
        for name in ("tiles", "parts"):
            (self.folder / name).mkdir(exist_ok=True)
        return resumed

    def _tile(self, unit: Unit, number: int) -> Path:
        return self._tiles / f"{_name(unit)}_{number}.npy"

    def _part(self, unit: Unit, index: tuple[int, ...]) -> Path:
        return self.folder / "parts" / _name(unit) / f"{_name(index)}.npz"


def work_beside(labels: Path) -> Path:
    """Return where a run keeps what is done until its labels are written."""
    return labels.with_name(f".{labels.stem}.unfinished")


def remove_work(work: Path) -> None:
    """Delete what runs left; the files of others are left alone.

    The manifest goes first: where it is, nothing of the run is missing.
    """
    for folder in work.glob(f"{RUN}*"):
        (folder / MANIFEST).unlink(missing_ok=True)
        shutil.rmtree(folder, ignore_errors=True)


def _array(
    path: Path, shape: tuple[int, ...], chunks: tuple[int, ...], dtype: str
) -> Any:
    if (path / "zarr.json").exists():
        return zarr.open_array(path, mode="r+")
    return zarr.create_array(
        path,
        shape=shape,
        chunks=tuple(min(c, n) for c, n in zip(chunks, shape, strict=True)),
        dtype=dtype,
        fill_value=0,
    )


def _read_part(path: Path) -> Part:
    with np.load(path) as found:
        faces = {
            (int(name[4]), int(name[5])): found[name]
            for name in found.files
            if name.startswith("face")
        }
        index = tuple(int(i) for i in found["index"])
        return Part(index, np.zeros((0, 0), np.uint32), found["first"], faces)


def _name(numbers: tuple[int, ...]) -> str:
    return "-".join(map(str, numbers))
