"""Carrying out a plan on the workers of a dask.distributed client."""

import io
import threading
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from multiprocessing import parent_process
from pathlib import Path
from typing import Any

import cloudpickle
from torch import nn

from napari_cihm.config import ModelConfig
from napari_cihm.data.tiles import Block
from napari_cihm.events import Event
from napari_cihm.memory import keep_memory
from napari_cihm.models import Model
from napari_cihm.models.devices import pick_device
from napari_cihm.segmentation.local import Decode
from napari_cihm.segmentation.parts import Part
from napari_cihm.segmentation.plan import Plan, Plane
from napari_cihm.segmentation.predictor import Maps
from napari_cihm.segmentation.store import Shelf
from napari_cihm.segmentation.tally import Tally, missing_blocks
from napari_cihm.segmentation.thrift import Thrift

Given = tuple[Plan, Thrift, Decode]

AHEAD = 3  # blocks under way for each thread of a worker


def run_distributed(
    client: Any,
    plan: Plan,
    thrift: Thrift,
    store: Shelf,
    decode: Decode,
) -> Iterator[Event]:
    """Send out the tiles and blocks that the store lacks, and gather the blocks.

    A task graph: blocks depend on the tiles they touch, which they share. It is
    handed out a window at a time, so that a scheduler never holds a whole slide.
    What a lost worker held is computed again by another.
    """
    given = client.submit(Parcel, _packed((plan, thrift, decode)), pure=False)
    threads = sum(client.nthreads().values()) or 1
    waiting = deque(missing_blocks(plan, store))
    uses = Counter((p, n) for p, block in waiting for n in plan.tiles_of(block))
    window = _Window(plan, client, given, uses)
    tally = Tally(plan, len(window.uses), len(waiting))
    try:
        while waiting or window.blocks:
            while waiting and len(window.blocks) < AHEAD * threads:
                window.send(*waiting.popleft())
            for plane, block, (part, masks) in window.gather():
                store.put_part(plane, block.core, part)
                for number, maps in masks.items():
                    yield tally.tile(plane, number, maps)
                yield tally.block(plane, block, part)
    finally:
        window.cancel()


@dataclass
class _Window:
    """The part of the graph that is under way."""

    plan: Plan
    client: Any
    given: Any
    uses: Counter[tuple[Plane, int]]
    tiles: dict[tuple[Plane, int], Any] = field(default_factory=dict)
    blocks: dict[Any, tuple[Plane, Block]] = field(default_factory=dict)
    said: set[tuple[Plane, int]] = field(default_factory=set)

    def send(self, plane: Plane, block: Block) -> None:
        """Hand out a block and those of its tiles that are not under way."""
        numbers = self.plan.tiles_of(block)
        for number in numbers:
            if (plane, number) not in self.tiles:
                self.tiles[plane, number] = self.client.submit(
                    _predict, self.given, plane, number, pure=False
                )
        new = [n for n in numbers if (plane, n) not in self.said]
        self.said.update((plane, n) for n in new)
        futures = {n: self.tiles[plane, n] for n in numbers}
        future = self.client.submit(
            _decode, self.given, block, numbers, list(futures.values()), new, pure=False
        )
        self.blocks[future] = (plane, block)

    def gather(self) -> list[tuple[Plane, Block, tuple[Part, dict[int, Maps]]]]:
        """Wait for a block at least and return what is done."""
        from distributed import wait

        done = wait(list(self.blocks), return_when="FIRST_COMPLETED").done  # type: ignore[no-untyped-call]
        results = []
        for future in done:
            plane, block = self.blocks.pop(future)
            results.append((plane, block, future.result()))
            for number in self.plan.tiles_of(block):
                self.uses[plane, number] -= 1
                if not self.uses[plane, number]:
                    del self.tiles[plane, number]
        return results

    def cancel(self) -> None:
        """Call back what is under way."""
        self.client.cancel([*self.blocks, *self.tiles.values()])


class _Pickler(cloudpickle.Pickler):  # type: ignore[misc]
    """Sends what another machine can unpack.

    Paths go in full, since a worker may have been started in another folder, and a
    model goes to the device that it would be put on there.
    """

    def reducer_override(self, one: Any) -> Any:
        if isinstance(one, Path):
            return type(one), (str(one.absolute()),)
        if isinstance(one, Model):
            there = "auto" if one.device == pick_device() else str(one.device)
            sent = one.on("cpu")
            return _landed, (sent.network, one.config, there, one.name, one.note)
        return super().reducer_override(one)


def _landed(
    network: nn.Module, config: ModelConfig, device: str, name: str, note: str
) -> Model:
    model = Model(network, config, device, name)
    model.note = note
    return model


def _packed(given: Given) -> bytes:
    file = io.BytesIO()
    _Pickler(file).dump(given)
    return file.getvalue()


class Parcel:
    """What all tasks of a run are given, unpacked once by each worker that it reaches.

    It is a task's result, so that a new worker can be given it again, and goes with
    the run, and all that was read of the image with it. It travels packed, since
    workers pass on for ever what they cannot unpack.
    """

    def __init__(self, packed: bytes) -> None:
        self._packed = packed
        self._lock = threading.Lock()
        self._content: Given | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        return Parcel, (self._packed,)

    @property
    def content(self) -> Given:
        """The plan, what predicts, and what decodes."""
        with self._lock:
            if self._content is None:
                if parent_process():  # a worker, not somebody's threads
                    keep_memory()  # dask's own setting doubles what a network takes
                self._content = cloudpickle.loads(self._packed)
            return self._content


def _predict(given: Parcel, plane: Plane, number: int) -> Maps:
    plan, thrift, _ = given.content
    return thrift([plan.source.read(*plane, plan.tiles[number])])[0]


def _decode(
    given: Parcel,
    block: Block,
    numbers: list[int],
    tiles: list[Maps],
    new: list[int],
) -> tuple[Part, dict[int, Maps]]:
    maps = dict(zip(numbers, tiles, strict=True))
    plan, _, decode = given.content
    shown = plan.config.classes if plan.config.task == "semantic" else 1
    return decode(plan, block, maps), {n: maps[n][:shown] for n in new}
