"""The index finds what reading every line finds, whatever became of its file; it only decides how fast."""

import os
import sqlite3
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from narration_core.following import belonging
from narration_hub import index as indexes
from narration_hub.store import Store
from narration_hub.stored_line import Mark, marked
from support.hub import event

IDS = ["req-1", "req-10", "job-1", "a.b", "x/y z", "é-1", "tail.", "4bf92f3577b34da6a3ce929d0e0e4736"]
BETWEEN = [" ", "=", ".", ":", "/", "-", "..", "('", "é"]
some_id = st.sampled_from(IDS)
told = st.fixed_dictionaries(
    {"human": st.lists(st.sampled_from([*IDS, *BETWEEN, "word"]), min_size=1, max_size=6).map("".join)},
    optional={"correlation_id": some_id, "job_id": some_id, "session_id": some_id},
)


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    monkeypatch.setattr(indexes, "BLOCK_BYTES", 400)
    monkeypatch.setattr(indexes, "CHUNK_BYTES", 1500)
    monkeypatch.setattr(indexes, "_MARGIN", 1)


def found(store, ids):
    return [(line.event.human, line.event.extra["hub"]) for line in belonging(store.lines_with(ids), ids)]


def read(store, ids):
    """Return the same without the index: every line is looked at."""
    lines = (text for path in store.segments() for text in path.read_bytes().splitlines())
    return [(line.event.human, line.event.extra["hub"]) for line in belonging(lines, ids)]


def line(number, **fields):
    mark = Mark(number, "localhost", "poold", f"p-{number}")
    return marked(event(**fields), mark)


@pytest.mark.req("HUB-03")
@settings(deadline=None)
@given(
    st.lists(st.lists(told, min_size=1, max_size=9), min_size=1, max_size=9),
    st.lists(some_id, min_size=1, max_size=2, unique=True),
    st.randoms(use_true_random=False),
)
def test_it_finds_what_reading_every_line_finds(tmp_path_factory, batches, ids, chance):
    store = Store(tmp_path_factory.mktemp("store"), 1 << 30, 1, segment_bytes=3000)
    number = 0
    for batch in batches:
        store.append([line(number := number + 1, **fields) for fields in batch])
        if chance.random() < 0.5:
            store.catch_up()
        if store.must_turn():
            store.turn({})
    assert found(store, ids) == read(store, ids)
    store.catch_up()
    assert found(store, ids) == read(store, ids)
    store.close()


def filled(folder, count=400):
    store = Store(folder, 1 << 30, 1, segment_bytes=20_000)
    for number in range(count):
        store.append([line(number, human=f"Step {number}", correlation_id=f"req-{number % 40}")])
        if store.must_turn():
            store.turn({})
    while store._index.catch_up(store.segments()):
        pass
    return store


def test_few_lines_are_looked_at(tmp_path):
    store = filled(tmp_path)
    for path in store.segments():
        places, end = store._index._places(path.name, [zlib.crc32(b"req-7")])
        assert len(places) <= path.read_bytes().count(b'"req-7"')
        assert end > path.stat().st_size - 1500
    store.close()


@pytest.mark.fault
@pytest.mark.req("HUB-03")
@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.unlink(),
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(os.urandom(5000)),
        lambda path: path.write_bytes(path.read_bytes()[:6000]),
        lambda path: path.write_bytes(path.read_bytes()[:4096] + os.urandom(len(path.read_bytes()) - 4096)),
        lambda path: sqlite3.connect(path).execute("PRAGMA user_version=99").connection.close(),
    ],
    ids=["deleted", "emptied", "garbage", "cut", "damaged", "of another version"],
)
def test_a_damaged_index_is_made_again(tmp_path, damage):
    filled(tmp_path).close()
    path = tmp_path / "index.sqlite3"
    assert path.stat().st_size > 4096
    damage(path)
    store = Store(tmp_path, 1 << 30, 1)
    assert len(found(store, ["req-7"])) == 10
    store.catch_up()
    assert found(store, ["req-7"]) == read(store, ["req-7"])
    store.close()


@pytest.mark.fault
def test_a_segment_that_became_shorter_is_indexed_again(tmp_path):
    filled(tmp_path).close()
    first = min(tmp_path.glob("events-*.jsonl"))
    lines = first.read_bytes().splitlines(keepends=True)
    first.write_bytes(b"".join(lines[:1]))
    store = Store(tmp_path, 1 << 30, 1)
    with first.open("ab") as file:
        file.write(line(999, human="Instead", correlation_id="req-7"))
    store.catch_up()
    assert found(store, ["req-7"]) == read(store, ["req-7"])
    store.close()


@pytest.mark.fault
def test_a_deleted_segment_is_forgotten(tmp_path):
    store = filled(tmp_path)
    before = store._index.size
    for path in store.segments()[:-1]:
        path.unlink()
    store.catch_up()
    assert found(store, ["req-7"]) == read(store, ["req-7"])
    rows = sqlite3.connect(tmp_path / "index.sqlite3").execute("SELECT count(DISTINCT segment) FROM chunk").fetchone()
    assert rows[0] <= 1
    assert before > 0
    store.close()


@pytest.mark.fault
def test_without_a_place_for_the_index_every_line_is_read(tmp_path):
    (tmp_path / "index.sqlite3").mkdir()
    (tmp_path / "index.sqlite3" / "file").write_text("a folder that cannot be deleted")
    store = filled(tmp_path)
    assert len(found(store, ["req-7"])) == 10
    store.close()
