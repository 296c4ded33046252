"""Records: read back whole, and past any damage."""

import hypothesis.strategies as st
from hypothesis import given

from napari_cihm.correction.journal.records import (
    HEAD_BYTES,
    MAGIC,
    Damage,
    Kind,
    Record,
    pack,
    read_records,
)

payloads = st.lists(
    st.binary(max_size=40) | st.just(MAGIC * 2) | st.just(pack(Kind.EDIT, 9, b"x")),
    min_size=1,
    max_size=6,
)
# A payload that is itself a record would be found once its own is damaged.
plain = st.lists(st.binary(max_size=40), min_size=1, max_size=6)


def written(texts: list[bytes]) -> tuple[bytes, list[int]]:
    """Return a file of records, and where each begins, with its end."""
    parts = [pack(Kind.EDIT, n, text, when=1.5 + n) for n, text in enumerate(texts)]
    places = [0]
    for part in parts:
        places.append(places[-1] + len(part))
    return b"".join(parts), places


@given(payloads)
def test_what_was_written_is_read(texts) -> None:
    data, _ = written(texts)
    read = list(read_records(data))
    assert read == [Record(Kind.EDIT, n, 1.5 + n, text) for n, text in enumerate(texts)]


@given(payloads, st.data())
def test_a_file_cut_anywhere_gives_every_whole_record(texts, data) -> None:
    file, places = written(texts)
    cut = data.draw(st.integers(0, len(file)))
    read = list(read_records(file[:cut]))
    whole = sum(place <= cut for place in places[1:])
    sound = [r for r in read if isinstance(r, Record)]
    assert [r.number for r in sound[:whole]] == list(range(whole))
    if cut not in places:
        assert isinstance(read[-1], Damage)
        assert read[-1].last
        assert read[-1].stop == cut


@given(plain, st.data())
def test_a_flipped_bit_costs_one_record(texts, data) -> None:
    file, places = written(texts)
    at = data.draw(st.integers(0, len(file) * 8 - 1))
    broken = bytearray(file)
    broken[at // 8] ^= 1 << at % 8
    hit = max(n for n, place in enumerate(places[:-1]) if place <= at // 8)
    read = list(read_records(bytes(broken)))
    sound = [r.number for r in read if isinstance(r, Record)]
    assert sound == [n for n in range(len(texts)) if n != hit]
    (damage,) = [r for r in read if isinstance(r, Damage)]
    assert (damage.start, damage.stop) == (places[hit], places[hit + 1])
    assert damage.last == (hit == len(texts) - 1)


@given(payloads, st.binary(min_size=1, max_size=80), st.data())
def test_bytes_pushed_in_between_cost_nothing_before_them(texts, junk, data) -> None:
    file, places = written(texts)
    at = data.draw(st.integers(0, len(file)))
    read = list(read_records(file[:at] + junk + file[at:]))
    sound = [r.number for r in read if isinstance(r, Record)]
    before = sum(place <= at for place in places[1:])
    assert sound[:before] == list(range(before))


def test_a_newer_version_is_not_guessed_at() -> None:
    record = bytearray(pack(Kind.EDIT, 0, b""))
    assert len(record) == HEAD_BYTES
    record[len(MAGIC)] = 9
    assert [type(r) for r in read_records(bytes(record))] == [Damage]
