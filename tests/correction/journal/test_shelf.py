"""Journals found again, kept apart, and pruned with a word."""

import multiprocessing
import threading
import time

import numpy as np
import pytest

from napari_cihm.correction.journal import (
    ImageIdentity,
    Journal,
    claim,
    discard,
    headings,
    journal_home,
    journals,
    prune,
    recover,
    unfinished,
)
from napari_cihm.correction.journal.files import LOG
from napari_cihm.correction.journal.found import is_live
from napari_cihm.correction.journal.records import MAGIC
from napari_cihm.correction.journal.shelf import DAY
from napari_cihm.errors import InputError


def identity() -> ImageIdentity:
    shape = (3, 40, 50)
    image = np.arange(np.prod(shape), dtype=np.uint16).reshape(shape)
    return ImageIdentity.of(image, "renamed.tif")


def test_unfinished_work_is_offered_for_the_image_it_was_done_on(session) -> None:
    one = session().begin(layer="nuclei")
    one.paint_many(12)
    one.journal.close(finished=False)
    (found,) = unfinished(identity(), one.settings)
    assert found.path == one.journal.path
    assert found.layer == "nuclei"
    assert found.strokes == 12
    assert not found.live
    assert 0 <= time.time() - found.last < 60
    other = ImageIdentity.of(np.zeros((3, 40, 50), np.uint16))
    assert unfinished(other, one.settings) == []


def test_work_of_which_only_a_snapshot_is_left_is_offered_and_kept(session) -> None:
    one = session().begin()
    one.paint_many(3)
    assert one.journal.flush()
    one.journal.resync()
    one.journal.close(finished=False)
    assert prune(one.settings, now=time.time() + 2 * DAY) is None
    (found,) = unfinished(identity(), one.settings)
    assert found.strokes == 1


def test_a_log_that_was_only_just_begun_hides_nothing(session) -> None:
    one = session().begin()
    one.paint_many(3)
    one.journal.close(finished=False)
    (one.journal.path / LOG.format(1)).touch()  # the power went as it was resumed
    (found,) = unfinished(identity(), one.settings)
    assert found.strokes == 3
    assert recover(found.path).strokes == 3
    discard(found)
    assert journals(one.settings)[0].finished


def test_finished_empty_and_living_journals_are_not_offered(session) -> None:
    finished = session().begin()
    finished.paint_many(3)
    finished.journal.close(finished=True)
    empty = session().begin()
    empty.journal.flush()
    empty.journal.close(finished=False)
    living = session().begin()
    living.paint_many(3)
    living.journal.flush()
    assert unfinished(identity(), living.settings) == []
    states = {j.path: (j.finished, j.live) for j in journals(living.settings)}
    assert states == {
        finished.journal.path: (True, False),
        empty.journal.path: (False, False),
        living.journal.path: (False, True),
    }


def test_looking_twice_at_once_hides_nothing(session) -> None:
    one = session().begin()
    one.paint_many(3)
    one.journal.close(finished=False)
    done = threading.Event()

    def keep_looking() -> None:
        while not done.is_set():
            assert not is_live(one.journal.path)

    others = [threading.Thread(target=keep_looking) for _ in range(2)]
    for other in others:
        other.start()
    try:
        found = [len(unfinished(identity(), one.settings)) for _ in range(100)]
    finally:
        done.set()
        for other in others:
            other.join()
    assert found == [1] * 100


def test_resuming_goes_on_in_the_same_folder(session, same) -> None:
    one = session().begin(facts={"model": "abc"})
    one.paint_many(12)
    one.journal.close(finished=False)
    (found,) = unfinished(identity(), one.settings)
    back = recover(found.path)
    two = session()
    two.labels, two.reviewed = back.labels, back.reviewed
    two.begin(resumed=claim(found.path, found.identity), facts=back.facts)
    two.paint_many(9, seed=5)
    assert two.journal.path == one.journal.path
    two.journal.close(finished=False)
    again = recover(found.path)
    assert same(again, two)
    assert again.facts == {"model": "abc"}
    assert len(journals(one.settings)) == 1


def test_a_journal_cannot_be_resumed_twice(session) -> None:
    one = session().begin()
    one.paint_many(2)
    one.journal.close(finished=False)
    (found,) = unfinished(identity(), one.settings)
    two = session().begin(resumed=claim(found.path, found.identity))
    with pytest.raises(InputError, match="open in another window"):
        claim(found.path, found.identity)
    with pytest.raises(InputError, match="open in another window"):
        discard(found)
    two.journal.close(finished=False)


@pytest.mark.parametrize("torn", [False, True])
def test_what_is_discarded_goes_as_finished_work_does(session, same, torn) -> None:
    one = session().begin()
    one.paint_many(5)
    one.journal.close(finished=False)
    log = one.journal.path / "log-000000.cihm"
    if torn:
        log.write_bytes(log.read_bytes()[:-50])
    (found,) = unfinished(identity(), one.settings)
    discard(found)
    assert unfinished(identity(), one.settings) == []
    assert prune(one.settings) is None
    assert same(recover(found.path), one)
    assert prune(one.settings, now=time.time() + 31 * DAY).count == 1
    assert journals(one.settings) == []


def paint_elsewhere(home, value: int) -> None:
    """Correct the same image in another process."""
    from napari_cihm.config import CorrectSettings
    from napari_cihm.correction.edits import changed, edit_of

    labels = np.zeros((3, 40, 50), np.int32)
    settings = CorrectSettings(journal_folder=home)
    journal = Journal(labels, identity(), settings=settings)
    for place in range(30):
        before = labels[:1, place : place + 4, :4].copy()
        edit = edit_of([changed((0, place, 0), before, before * 0 + value)], labels)
        edit.apply(labels)
        journal.record(edit)
    journal.close(finished=False)


def test_windows_on_one_image_keep_apart(session, tmp_path) -> None:
    settings = session().settings
    home = journal_home(settings)
    spawn = multiprocessing.get_context("spawn")
    windows = [spawn.Process(target=paint_elsewhere, args=(home, n)) for n in (1, 2)]
    for window in windows:
        window.start()
    for window in windows:
        window.join(60)
        assert window.exitcode == 0
    found = unfinished(identity(), settings)
    assert len(found) == 2
    values = [np.unique(recover(j.path).labels).tolist() for j in found]
    assert sorted(values) == [[0, 1], [0, 2]]
    assert all(recover(j.path).strokes == 30 for j in found)


def test_old_finished_journals_go_and_unfinished_ones_stay(session) -> None:
    done, open_ = session().begin(), session().begin()
    for one, finished in ((done, True), (open_, False)):
        one.paint_many(4)
        one.journal.close(finished=finished)
    settings = done.settings
    assert prune(settings) is None
    word = prune(settings, now=time.time() + 31 * DAY)
    assert word.count == 1
    assert word.text.startswith("Removed 1 journal of finished work (")
    assert [j.path for j in journals(settings)] == [open_.journal.path]


def test_too_many_megabytes_take_the_oldest_first(session) -> None:
    made = []
    for _ in range(3):
        one = session().begin()
        one.paint_many(40)
        one.journal.close(finished=True)
        made.append(one.journal.path)
        time.sleep(0.02)
    settings = one.settings
    newest = journals(settings)[0]
    assert newest.path == made[-1]
    word = prune(settings.but(journal_keep_mb=newest.megabytes * 1.5))
    assert word.count == 2
    assert [j.path for j in journals(settings)] == [made[-1]]


def test_a_journal_in_which_nothing_was_done_goes_after_a_day(session) -> None:
    one = session().begin()
    one.journal.close(finished=False)
    assert prune(one.settings) is None
    assert prune(one.settings, now=time.time() + 2 * DAY).count == 1


def test_a_damaged_log_is_offered_all_the_same_and_never_pruned(session) -> None:
    one = session().begin()
    one.paint_many(12)
    one.journal.close(finished=False)
    log = one.journal.path / "log-000000.cihm"
    data = bytearray(log.read_bytes())
    strokes = [at for at in range(len(data)) if data.startswith(MAGIC, at)][1:]
    for damaged in (data[: strokes[3] + 9], data):
        # One byte in the head of the first stroke; and the last is torn.
        damaged[strokes[0] + 9] ^= 0xFF
        log.write_bytes(damaged)
        (found,) = unfinished(identity(), one.settings)
        assert not found.sound
        assert found.strokes == recover(found.path).strokes > 0
    log.write_bytes(data[: strokes[0] + 9])
    assert unfinished(identity(), one.settings) == []
    assert prune(one.settings, now=time.time() + 99 * DAY) is None
    assert one.journal.path.exists()


def test_a_living_journal_is_never_pruned(session) -> None:
    one = session().begin()
    one.journal.flush()
    assert prune(one.settings, now=time.time() + 99 * DAY) is None
    assert one.journal.path.exists()


def test_labels_that_a_journal_was_begun_with_are_known_again(session) -> None:
    one = session()
    one.labels[:2] = 3
    before = one.labels.copy()
    one.begin()
    one.paint_many(5)
    one.journal.close(finished=False)
    (found,) = journals(one.settings)
    assert found.began_with(before)
    assert not found.began_with(one.labels)
    assert not found.began_with(before.astype(np.int64))


def test_listing_does_not_read_snapshots(session, monkeypatch) -> None:
    one = session().begin()
    one.paint_many(5)
    one.journal.close(finished=False)
    read = headings.contents

    def short(file, limit):
        assert limit > 0
        return read(file, limit)

    monkeypatch.setattr(headings, "contents", short)
    assert len(unfinished(identity(), one.settings)) == 1


def test_strangers_in_the_folder_are_let_be(session, tmp_path) -> None:
    one = session()
    home = journal_home(one.settings)
    (home / "holiday").mkdir(parents=True)
    (home / "holiday" / "photo.jpg").write_bytes(b"x")
    (home / "notes.txt").write_text("mine")
    assert journals(one.settings) == []
    assert prune(one.settings, now=time.time() + 999 * DAY) is None
    assert (home / "holiday" / "photo.jpg").exists()


def test_no_folder_yet_means_no_journals(session) -> None:
    assert journals(session().settings) == []


def test_a_journal_that_is_gone_is_not_made_anew_by_a_look(tmp_path) -> None:
    gone = tmp_path / "gone"
    assert not is_live(gone)
    assert not gone.exists()
