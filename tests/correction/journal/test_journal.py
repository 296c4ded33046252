"""A session's journal: what was told is there, in time, however it was told."""

import os
import stat
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from napari_cihm.config import CorrectSettings
from napari_cihm.correction.chunked import ChunkedArray
from napari_cihm.correction.edits import changed, edit_of
from napari_cihm.correction.journal import (
    ImageIdentity,
    Journal,
    claim,
    recover,
    wait_for_ends,
)
from napari_cihm.correction.journal import ledger as ledger_module
from napari_cihm.correction.journal.backlog import Backlog
from napari_cihm.correction.journal.codec import Target
from napari_cihm.correction.reviewed import Reviewed


def at_slice(number: int) -> tuple[slice, ...]:
    return (slice(number, number + 1), slice(0, 40), slice(0, 50))


def test_strokes_marks_and_facts_come_back(session, same) -> None:
    one = session().begin(layer="nuclei", facts={"model": "abc", "n": 3})
    one.labels[0, :5] = 77
    one.journal.resync()
    one.paint_many(30)
    one.journal.record(review=one.reviewed.mark(at_slice(2)))
    assert one.journal.flush()
    found = recover(one.journal.path)
    assert same(found, one)
    assert found.whole
    assert found.notes == []
    assert found.layer == "nuclei"
    assert found.facts == {"model": "abc", "n": 3}
    assert found.identity == one.journal.identity


def test_what_was_there_at_the_start_is_there(session, same) -> None:
    one = session()
    one.labels[1, 10:20, 10:20] = 5
    one.reviewed.mark(at_slice(1))
    one.begin()
    assert one.journal.flush()
    assert same(recover(one.journal.path), one)


def test_what_a_snapshot_leaves_out_is_background_whatever_came_later(session) -> None:
    labels = np.zeros((1200, 8), np.int32)
    labels[:5] = 1
    journal = Journal(labels, ImageIdentity.of(labels), settings=session().settings)
    assert journal.flush()
    found = recover(journal.path, base=np.full_like(labels, 9))
    assert np.array_equal(found.labels, labels)
    journal.close(finished=True)


def test_undo_and_redo_are_edits(session, same) -> None:
    one = session().begin()
    first = one.paint((0, 5, 5), 8, 1)
    second = one.paint((0, 9, 9), 8, 2)
    for edit in (second.inverse(), first.inverse(), first):
        edit.apply(one.labels)
        one.journal.record(edit)
    assert one.journal.flush()
    assert same(recover(one.journal.path), one)
    assert set(np.unique(one.labels)) == {0, 1}


def test_a_stroke_that_waits_undoes_nothing_that_came_after_it(session, same) -> None:
    one = session().begin()
    assert one.journal.flush()
    one.paint((0, 5, 5), 8, 1)
    box = np.s_[0:1, 5:7, 5:7]
    one.labels[box] = 9
    one.journal.record_box(box)
    assert one.journal.flush()
    assert same(recover(one.journal.path), one)


def asking(unsure: list[bool], labels: np.ndarray, folder: Path) -> Journal:
    """Keep a journal that asks whether what it reads is certain."""
    return Journal(
        labels,
        ImageIdentity.of(labels),
        settings=CorrectSettings(journal_folder=folder),
        unsure=lambda: unsure[0],
    )


def test_what_is_taken_back_before_it_was_told_is_read_again(tmp_path) -> None:
    labels, unsure = np.zeros((600, 40), np.int32), [True]
    journal = asking(unsure, labels, tmp_path)
    for tell in (journal.resync, lambda: journal.record_box(np.s_[0:9, 0:9])):
        unsure[0], labels[0, 0] = True, 7
        tell()
        assert journal.flush()
        labels[0, 0], unsure[0] = 0, False
        assert journal.flush()
        assert not recover(journal.path).labels.any()
    journal.close(finished=True)


def test_what_is_taken_back_while_it_is_written_is_read_again(
    tmp_path, monkeypatch
) -> None:
    labels, unsure = np.zeros((600, 40), np.int32), [False]
    journal = asking(unsure, labels, tmp_path)
    assert journal.flush()
    made = ledger_module._piece

    def taken_back(*given: object) -> bytes:
        piece = made(*given)
        labels[0, 0], unsure[0] = 0, False
        return piece

    monkeypatch.setattr(ledger_module, "_piece", taken_back)
    for tell in (journal.resync, lambda: journal.record_box(np.s_[0:9, 0:9])):
        unsure[0], labels[0, 0] = True, 7
        tell()
        assert journal.flush()
        assert journal.flush()
        assert not recover(journal.path).labels.any()
    journal.close(finished=True)


def test_regions_may_be_told_of_by_their_place(session, same) -> None:
    one = session().begin()
    one.paint_many(5)
    one.labels[1, 30:, 40:] = 9
    one.journal.record_box(np.s_[1:2, 30:40, 40:50])
    assert one.journal.flush()
    assert same(recover(one.journal.path), one)


def test_a_resync_finds_what_nobody_told(session, same) -> None:
    one = session().begin()
    one.paint_many(5)
    one.labels[...] = np.random.default_rng(0).integers(0, 3, one.labels.shape)
    one.journal.resync()
    one.paint_many(3, seed=4)
    assert one.journal.flush()
    assert same(recover(one.journal.path), one)


def test_new_data_of_another_shape_and_type(session) -> None:
    one = session().begin()
    one.paint_many(5)
    new = np.arange(60, dtype=np.uint16).reshape(6, 10)
    one.journal.resync(labels=new)
    assert one.journal.flush()
    found = recover(one.journal.path)
    assert np.array_equal(found.labels, new)
    assert found.labels.dtype == np.uint16


def test_it_is_on_disk_within_two_seconds_without_being_asked(session, same) -> None:
    one = session().begin()
    assert one.journal.flush()
    one.paint_many(10)
    deadline = time.monotonic() + 2.0
    while time.monotonic() < deadline and not same(recover(one.journal.path), one):
        time.sleep(0.02)
    assert same(recover(one.journal.path), one)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows syncs no folders")
def test_what_is_flushed_outlives_a_loss_of_power(session, monkeypatch) -> None:
    one, synced, calls = session(), {}, []
    fsync, replace = os.fsync, os.replace

    def watch(held: int) -> None:
        about = os.fstat(held)
        synced[about.st_ino] = about.st_size
        calls.append("folder" if stat.S_ISDIR(about.st_mode) else "file")
        fsync(held)

    def lies_on_disk(path) -> bool:
        return synced.get(path.stat().st_ino) == path.stat().st_size

    def rename(part, final) -> None:
        assert lies_on_disk(part)
        calls.append("name")
        replace(part, final)

    monkeypatch.setattr(os, "fsync", watch)
    monkeypatch.setattr(os, "replace", rename)
    one.begin()
    for count in (0, 3):
        one.paint_many(count)
        assert one.journal.flush()
        files = [p for p in one.journal.path.iterdir() if p.name != "lock"]
        assert len(files) == 2 and all(map(lies_on_disk, files))
    assert calls[:2] == ["file", "folder"]  # the log is there before anything is in it
    assert "folder" in calls[calls.index("name") :]


def test_a_long_log_is_replaced_by_a_snapshot(session, same) -> None:
    one = session(journal_compact_mb=0.01).begin()
    for round_ in range(6):
        one.paint_many(40, seed=round_)
        assert one.journal.flush()
    time.sleep(0.3)
    assert one.journal.flush()
    names = sorted(p.name for p in one.journal.path.iterdir() if p.name != "lock")
    assert len(names) == 2
    assert names[0] > "log-000001"
    assert names[0][-11:] == names[1][-11:]
    assert same(recover(one.journal.path), one)


def test_recording_takes_the_windows_thread_less_than_a_millisecond(session) -> None:
    one = session().begin()
    assert one.journal.flush()
    edits = []
    for value in range(200):
        before = np.zeros((1, 30, 40), np.int32)
        after = np.where(np.random.default_rng(value).random(before.shape) < 0.5, 1, 0)
        edits.append(edit_of([changed((0, 0, 0), before, after)], one.labels))
    times = []
    for edit in edits:
        started = time.perf_counter()
        one.journal.record(edit)
        times.append(time.perf_counter() - started)
    assert float(np.median(times)) < 1e-3


def test_more_than_fits_is_kept_as_places(session, same) -> None:
    one = session().begin()
    one.journal._scribe.backlog.limit = 20_000
    one.paint_many(300)
    assert one.journal.flush()
    assert same(recover(one.journal.path), one)


def test_a_backlog_forgets_nothing_and_stays_small() -> None:
    labels = np.zeros((600, 600), np.int32)
    backlog = Backlog({Target.LABELS: labels})
    backlog.limit = 50_000
    for value in range(1, 100):
        before = np.zeros((20, 20), np.int32)
        edit = edit_of([changed((value, value), before, before + value)], labels)
        backlog.put([(Target.LABELS, edit), (Target.PERSON, edit)])
    boxes, entries = backlog.take()
    # 119 x 119 pixels lie in the first of four cells.
    assert boxes == [(Target.LABELS, (slice(0, 512), slice(0, 512)))]
    assert len(entries) < 99
    assert not backlog
    backlog.give_back(boxes, entries)
    assert backlog
    assert backlog.take() == (boxes, [])


def test_a_snapshot_taken_while_the_person_draws_is_set_right(session, same) -> None:
    one = session(journal_compact_mb=0.02).begin()
    stop = threading.Event()

    def resync() -> None:
        while not stop.is_set():
            one.journal.resync()
            time.sleep(0.01)

    other = threading.Thread(target=resync)
    other.start()
    for seed in range(8):
        one.paint_many(60, seed)
    stop.set()
    other.join()
    assert one.journal.flush()
    assert same(recover(one.journal.path), one)


@pytest.mark.parametrize("late", ["_verify", "sync_folder"])
def test_labels_that_come_while_others_are_written_are_written_too(
    session, monkeypatch, late
) -> None:
    one = session().begin()
    assert one.journal.flush()
    reached, go = threading.Event(), threading.Event()
    work = getattr(ledger_module, late)

    def slow(path) -> None:
        reached.set()
        assert go.wait(5)
        work(path)

    monkeypatch.setattr(ledger_module, late, slow)
    one.journal.resync(np.full(one.labels.shape, 3, np.int32))
    assert reached.wait(5)
    others = np.full((2, 30, 30), 7, np.int16)
    one.journal.resync(others, Reviewed(others.shape))
    go.set()
    assert one.journal.flush()
    found = recover(one.journal.path)
    assert found.labels.dtype == np.int16
    assert np.array_equal(found.labels, others)
    assert found.whole
    assert not found.notes


def test_labels_over_a_file_are_kept_by_what_was_changed(
    tmp_path, session, monkeypatch
) -> None:
    monkeypatch.setattr(ledger_module, "WHOLE_MB", 0)
    base = np.random.default_rng(0).integers(0, 9, (40, 60)).astype(np.int32)
    labels = ChunkedArray((40, 60), np.int32, (10, 10), base)
    settings = session().settings
    journal = Journal(labels, ImageIdentity.of(base), settings=settings)
    labels[3:7, 3:7], labels[20:30, 20:30] = 99, 0
    journal.record_box(np.s_[3:7, 3:7])
    journal.record_box(np.s_[20:30, 20:30])
    assert journal.flush()
    journal.resync()
    assert journal.flush()
    found = recover(journal.path, base=base)
    assert np.array_equal(np.asarray(found.labels), np.asarray(labels))
    assert found.whole
    assert sum(p.stat().st_size for p in journal.path.glob("snapshot*")) < 1500
    alone = recover(journal.path)
    assert not alone.whole
    assert "open it too" in alone.notes[0]
    assert (np.asarray(alone.labels)[3:7, 3:7] == 99).all()
    journal.close(finished=True)


def test_closing_says_whether_all_is_on_disk(session, same) -> None:
    one = session().begin()
    one.paint_many(20)
    assert one.journal.close(finished=False)
    assert one.journal.close(finished=False)
    assert same(recover(one.journal.path), one)


def test_what_is_ended_is_written_on_and_let_go_of(session, same) -> None:
    one, goes_on = session().begin(), threading.Event()
    ledger = one.journal._scribe.ledger
    sync = ledger.sync
    ledger.sync = lambda: goes_on.wait(5) and sync()
    one.paint_many(20)
    started = time.monotonic()
    one.journal.end(finished=False)
    assert time.monotonic() - started < 1
    goes_on.set()
    wait_for_ends()
    claim(one.journal.path, one.journal.identity).release()
    assert same(recover(one.journal.path), one)
    assert one.journal.close(finished=False)


@pytest.mark.parametrize("kind", ["zarr", "dask"])
def test_other_arrays_can_be_journaled(session, make, kind) -> None:
    values = np.random.default_rng(0).integers(0, 9, (6, 30, 30)).astype(np.int32)
    journal = Journal(
        make(values), ImageIdentity.of(values), settings=session().settings
    )
    assert journal.flush()
    assert np.array_equal(recover(journal.path).labels, values)
    journal.close(finished=True)
