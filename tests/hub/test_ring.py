"""Rings against a plain list: order kept, gaps exact, no event twice."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from narration_hub.ring import JOINED_BYTES, JOINED_FRAMES, Ring


def frame(number, size=0):
    return b"data: %d%s\n\n" % (number, b"x" * size)


def numbers(data):
    """The numbers of the frames in bytes; a gap is a negative one."""
    found = []
    for block in data.split(b"\n\n")[:-1]:
        text = block.partition(b"data: ")[2]
        found.append(-int(text.partition(b":")[2].rstrip(b"}")) if text.startswith(b"{") else int(text.rstrip(b"x")))
    return found


def drained(ring, cursor):
    found = []
    while (piece := ring.read(cursor)) is not None:
        found += numbers(piece.data)
        assert piece.cursor > cursor
        cursor = piece.cursor
    return found, cursor


@pytest.mark.req("SSE-05")
@given(
    most=st.integers(1, 150),
    steps=st.lists(st.tuples(st.sampled_from(["add", "read", "resume"]), st.integers(1, 200)), max_size=30),
)
def test_what_a_reader_gets_and_what_it_misses_is_everything(most, steps):
    ring = Ring(most, 1 << 20)
    sent = 0
    cursor, got, missed = 0, [], 0
    for step, count in steps:
        if step == "add":
            for _ in range(count):
                sent += 1
                ring.append(frame(sent))
        elif step == "resume":
            assert ring.cursor_of(f"{ring.epoch}-{cursor}") == cursor
        else:
            found, cursor = drained(ring, cursor)
            missed += -sum(number for number in found if number < 0)
            got += [number for number in found if number > 0]
    found, cursor = drained(ring, cursor)
    missed += -sum(number for number in found if number < 0)
    got += [number for number in found if number > 0]
    assert got == sorted(set(got))
    assert len(got) + missed == sent == cursor


def test_bytes_bound_a_ring_and_the_last_event_stays():
    ring = Ring(1000, 500)
    for number in range(1, 101):
        ring.append(frame(number, 40))
    assert ring.bytes <= 500
    ring.append(frame(101, 5000))
    assert numbers(ring.read(100).data) == [101]
    assert (ring.first, ring.last) == (101, 101)


@pytest.mark.req("SSE-10")
def test_one_write_joins_many_events_and_is_bounded():
    ring = Ring(10_000, 1 << 24)
    for number in range(1, 201):
        ring.append(frame(number))
    assert ring.read(0).cursor == JOINED_FRAMES
    for number in range(201, 221):
        ring.append(frame(number, JOINED_BYTES // 4))
    piece = ring.read(200)
    assert 1 <= piece.cursor - 200 < 20
    assert len(piece.data) <= JOINED_BYTES + 1000


def test_readers_at_the_same_place_share_their_bytes():
    ring = Ring(1000, 1 << 20)
    for number in range(1, 6):
        ring.append(frame(number))
    assert ring.read(0).data is ring.read(0).data
    ring.append(frame(6))
    assert numbers(ring.read(0).data) == [1, 2, 3, 4, 5, 6]


def test_the_bytes_that_readers_share_go_with_the_last_of_them():
    ring = Ring(1000, 1 << 20)
    for number in range(1, 6):
        ring.append(frame(number))
    ring.readers = 2
    shared = ring.read(0).data
    ring.leave()
    assert ring.read(0).data is shared
    ring.leave()
    assert ring.read(0).data is not shared
    assert ring.read(0).data == shared


@pytest.mark.req("SSE-05")
@pytest.mark.parametrize("given_id", ["", "-", "x-1", "{epoch}", "{epoch}-", "{epoch}-4", "{epoch}--1", "{epoch}-1x",
                                      "{epoch}-\u0661", "{epoch}-99999999999999999999"])  # fmt: skip
def test_an_id_that_is_not_of_this_stream_is_unknown(given_id):
    ring = Ring(10, 1000)
    for number in range(1, 4):
        ring.append(frame(number))
    assert ring.cursor_of(given_id.format(epoch=ring.epoch)) is None
    assert ring.cursor_of(f"{ring.epoch}-3") == 3


@pytest.mark.req("HUB-05", "SSE-05")
def test_a_ring_that_goes_on_alone_knows_the_ids_from_before_and_takes_back_nothing():
    ring = Ring(10, 1000)
    for number in range(1, 4):
        ring.append(frame(number))
    before = ring.epoch
    assert ring.goes_on_with(before, 1, 5)
    assert not ring.goes_on_with(before, 5, 9)  # 4 is missing
    assert not ring.goes_on_with(before, 1, 2)  # the other one is behind
    ring.branch()
    ring.append(frame(4))
    assert ring.epoch != before
    assert b"id: %b-4\n" % ring.epoch.encode() in ring.read(3).data
    assert [ring.cursor_of(f"{before}-{number}") for number in (2, 3, 4)] == [2, 3, None]
    assert ring.cursor_of(f"{ring.epoch}-4") == 4
    assert not ring.goes_on_with(before, 1, 9)
    assert ring.begin_anew(before, 7) > 0
    assert (ring.first, ring.last, ring.life, ring.bytes) == (8, 7, 1, 0)
    assert ring.cursor_of(f"{before}-7") == 7


@pytest.mark.req("HUB-05", "SSE-05")
@pytest.mark.parametrize("renew", ["begin_anew", "branch"])
def test_a_ring_with_new_numbers_never_repeats_the_bytes_that_were_read_before(renew):
    ring = Ring(10, 1 << 20)
    ring.append(frame(1, JOINED_BYTES))
    ring.append(frame(2))
    assert numbers(ring.read(0).data) == [1]
    if renew == "branch":
        ring.branch()
    else:
        ring.begin_anew("new", 0)
        ring.append(frame(1))
    ring.append(frame(3))
    piece = ring.read(0)
    assert piece.cursor > 0
    assert ring.epoch.encode() in piece.data.partition(b"\n")[0]
    assert drained(ring, 0)[0] == ([1, 2, 3] if renew == "branch" else [1, 3])
