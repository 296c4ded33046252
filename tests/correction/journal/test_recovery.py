"""Journals that were torn, flipped, cut or left half made."""

import shutil
from itertools import pairwise
from pathlib import Path

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from napari_cihm.correction.journal import recover
from napari_cihm.correction.journal.records import HEAD_BYTES, Kind, read_records
from napari_cihm.errors import ReadError, ShapeError

RIGHT_ARRAYS = settings(
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """A journal, the states it went through, and where its records lie."""
    from napari_cihm.config import CorrectSettings
    from napari_cihm.correction.edits import changed, edit_of
    from napari_cihm.correction.journal import ImageIdentity, Journal

    home = tmp_path_factory.mktemp("told")
    labels = np.zeros((30, 30), np.int32)
    labels[:4] = 1
    journal = Journal(
        labels,
        ImageIdentity.of(labels, "cells"),
        settings=CorrectSettings(journal_folder=home),
    )
    journal.flush()
    states = [labels.copy()]
    rng = np.random.default_rng(0)
    for value in range(2, 14):
        y, x = (int(n) for n in rng.integers(0, 22, 2))
        before = labels[y : y + 8, x : x + 8].copy()
        after = np.where(rng.random(before.shape) < 0.8, value, before)
        edit = edit_of([changed((y, x), before, after)], labels)
        edit.apply(labels)
        journal.record(edit)
        states.append(labels.copy())
    journal.flush()
    kept = home / "kept"
    shutil.copytree(journal.path, kept)
    journal.close(finished=True)
    log = (kept / "log-000000.cihm").read_bytes()
    places, at = [], 0
    for record in read_records(log):
        places.append(at)
        at += HEAD_BYTES + len(record.payload)
        assert record.kind == (Kind.EDIT if len(places) > 1 else Kind.BEGIN)
    assert len(places) == 13
    return kept, states, [*places, len(log)]


def with_log(kept: Path, log: bytes, place: Path) -> Path:
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(kept, place)
    (place / "log-000000.cihm").write_bytes(log)
    return place


@given(st.data())
@RIGHT_ARRAYS
def test_a_log_cut_anywhere_gives_all_that_was_whole(told, tmp_path, data) -> None:
    kept, states, places = told
    log = (kept / "log-000000.cihm").read_bytes()
    cut = data.draw(st.integers(0, len(log)))
    found = recover(with_log(kept, log[:cut], tmp_path / "cut"))
    strokes = max(0, sum(place <= cut for place in places[1:]) - 1)
    assert found.strokes == strokes
    assert np.array_equal(found.labels, states[strokes])
    assert found.whole
    torn = cut not in places
    assert (
        found.notes
        == ["The last record was still being written and is dropped."] * torn
    )


@given(st.data())
@RIGHT_ARRAYS
def test_a_flipped_bit_loses_one_stroke_and_says_so(told, tmp_path, data) -> None:
    kept, states, places = told
    log = bytearray((kept / "log-000000.cihm").read_bytes())
    at = data.draw(st.integers(0, len(log) * 8 - 1))
    log[at // 8] ^= 1 << at % 8
    hit = max(n for n, place in enumerate(places[:-1]) if place <= at // 8)
    found = recover(with_log(kept, bytes(log), tmp_path / "flipped"))
    expected = np.zeros_like(states[0])
    # By hand: every stroke but the damaged one, each as what it changed.
    expected[...] = states[0]
    for stroke in range(1, len(states)):
        if stroke != hit:
            moved = states[stroke] != states[stroke - 1]
            expected[moved] = states[stroke][moved]
    assert np.array_equal(found.labels, expected)
    assert found.strokes == len(states) - 1 - (hit > 0)
    last = hit == len(states) - 1
    assert found.whole == last
    said = "being written and is dropped" if last else "1 damaged records"
    assert said in found.notes[0]


@given(st.data())
@RIGHT_ARRAYS
def test_a_flipped_bit_in_the_snapshot_keeps_every_stroke(told, tmp_path, data) -> None:
    kept, states, _ = told
    place = tmp_path / "snapshot"
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(kept, place)
    file = place / "snapshot-000000.cihm"
    snapshot = bytearray(file.read_bytes())
    at = data.draw(st.integers(0, len(snapshot) * 8 - 1))
    snapshot[at // 8] ^= 1 << at % 8
    file.write_bytes(bytes(snapshot))
    found = recover(place)
    assert found.strokes == len(states) - 1
    moved = np.any([a != b for a, b in pairwise(states)], axis=0)
    assert np.array_equal(found.labels[moved], states[-1][moved])
    if not np.array_equal(found.labels, states[-1]):
        assert not found.whole
        assert "snapshot is damaged" in found.notes[0]


def test_a_snapshot_cut_short_by_a_crash_does_not_count(told, tmp_path) -> None:
    kept, states, _ = told
    place = tmp_path / "cut"
    shutil.copytree(kept, place)
    whole = (place / "snapshot-000000.cihm").read_bytes()
    (place / "snapshot-000001.cihm.part").write_bytes(whole[: len(whole) // 2])
    (place / "log-000001.cihm").write_bytes(b"")
    found = recover(place)
    assert np.array_equal(found.labels, states[-1])


def test_a_first_snapshot_never_finished_is_filled_from_the_labels(
    told, tmp_path
) -> None:
    kept, states, _ = told
    place = tmp_path / "none"
    shutil.copytree(kept, place)
    (place / "snapshot-000000.cihm").unlink()
    found = recover(place, base=states[0])
    assert np.array_equal(found.labels, states[-1])
    assert found.whole
    alone = recover(place)
    assert not alone.whole
    assert alone.notes == [
        "The first snapshot was not finished: parts nobody edited are missing."
    ]
    moved = np.any([a != b for a, b in pairwise(states)], axis=0)
    assert np.array_equal(alone.labels[moved], states[-1][moved])
    with pytest.raises(ShapeError, match="under a journal of shape"):
        recover(place, base=np.zeros((3, 3), int))


def test_the_user_s_labels_are_not_written(told, tmp_path) -> None:
    kept, states, _ = told
    base = states[0].copy()
    recover(kept, base=base)
    assert np.array_equal(base, states[0])


def test_a_log_older_than_the_snapshot_counts_no_more(told, tmp_path) -> None:
    kept, states, places = told
    place = tmp_path / "newer"
    shutil.copytree(kept, place)  # whose log could not be removed
    shutil.copy(place / "snapshot-000000.cihm", place / "snapshot-000001.cihm")
    log = (kept / "log-000000.cihm").read_bytes()
    (place / "log-000001.cihm").write_bytes(log[: places[1]])
    found = recover(place)
    assert found.whole and np.array_equal(found.labels, states[0])


def test_what_is_no_journal_says_so(tmp_path) -> None:
    with pytest.raises(ReadError, match="is not a readable journal"):
        recover(tmp_path)
    (tmp_path / "log-000000.cihm").write_bytes(b"\x00" * 4000)
    with pytest.raises(ReadError, match="is not a readable journal"):
        recover(tmp_path)


@given(st.binary(max_size=3000), st.booleans())
@RIGHT_ARRAYS
def test_junk_is_never_a_crash(told, tmp_path, junk, behind) -> None:
    kept, states, _ = told
    log = (kept / "log-000000.cihm").read_bytes()
    found = recover(
        with_log(kept, log + junk if behind else junk + log, tmp_path / "junk")
    )
    assert np.array_equal(found.labels, states[-1])
