"""What the hub does when its disk is full, and what it hands out of its memory."""

import asyncio
import errno
import json
import resource

import pytest

from narration_hub import kept
from narration_hub.config import Settings
from narration_hub.exchange import Exchange, Producer
from narration_hub.store import Store
from support.hub import event

SOMEBODY = Producer("localhost", "poold", "p1")


@pytest.mark.fault
@pytest.mark.req("HUB-03")
def test_a_full_disk_stops_nothing_and_is_told_once(tmp_path, narration):
    store = Store(tmp_path, 1 << 30, 1)
    exchange = Exchange(Settings(), store)
    exchange.take([event(human="Kept")], SOMEBODY)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (store.segments()[0].stat().st_size, hard))
    try:
        for _ in range(3):
            assert exchange.take([event(human="Shown only")], SOMEBODY).accepted == 1
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    store._try_again_at = 0.0
    exchange.take([event(human="Kept again")], SOMEBODY)
    exchange.close()
    failed = narration.assert_event(action="store", level="error")
    assert failed.get("folder") == str(tmp_path)
    narration.assert_event(action="store", events=3)
    assert sum(told.action == "store" for told in narration.events) == 2
    again = Exchange(Settings(), Store(tmp_path, 1 << 30, 1))
    assert again.restore() == 2
    ring = again.streams.find("job", "job-1")
    assert (ring.first, ring.last) == (5, 5)  # the numbers of what was shown only are not given out again
    again.close()


@pytest.mark.req("HUB-01")
def test_the_end_of_what_is_kept_in_memory_is_whole_lines_of_about_so_many_bytes():
    exchange = Exchange(Settings())
    for start in range(0, 600, 100):
        exchange.take([event(human=f"Step {number}") for number in range(start, start + 100)], Producer("owner"))
    blocks = list(exchange.kept.blocks(None))
    assert len(blocks) > 1
    lines = b"".join(blocks).splitlines()
    assert [json.loads(line)["human"] for line in lines] == [f"Step {number}" for number in range(600)]
    some = b"".join(exchange.kept.blocks(20_000)).splitlines()
    assert 10 < len(some) < 100
    assert some == lines[-len(some) :]
    assert list(exchange.kept.blocks(1)) == []


@pytest.mark.req("HUB-01")
def test_a_story_takes_no_more_memory_than_it_may_and_says_how_much_is_missing(tmp_path, monkeypatch):
    monkeypatch.setattr(kept, "MOST_STORY_BYTES", 50_000)
    exchange = Exchange(Settings(), Store(tmp_path, 1 << 30, 1))
    lines = [event(human=f"Step {number} {'x' * 5000}", correlation_id="req-1") for number in range(30)]
    exchange.take(lines, SOMEBODY)
    story = asyncio.run(exchange.kept.story(["req-1"]))
    assert 8 <= len(story.lines) < 10
    assert len(story.lines) + story.missed == 30
    exchange.close()


@pytest.mark.req("HUB-04")
def test_a_job_that_has_settled_is_looked_at_again_when_it_is_heard(narration):
    now = 0.0
    exchange = Exchange(Settings(stall_s=5.0))
    exchange.board._clock = lambda: now

    def tell(kind):
        exchange.take([event(human=kind, event=kind, span_id="a1b2c3d4e5f60718")], SOMEBODY)

    def look():
        """Return what is still to be looked at, and how often the job was told to be stalled."""
        exchange.look()
        stalls = sum(told.action == "stall" for told in narration.events)
        return [state for _, state in exchange.board.quiet()], stalls

    tell("work_start")
    ring = exchange.streams.find("job", "job-1")
    now = 3.0
    assert look() == ([], 0)
    now = 10.0
    assert look() == ([], 1)
    assert [job.state(now, 5.0) for job in exchange.board.jobs()] == ["stalled"]
    tell("work_end")
    now = 20.0
    assert look() == ([], 1)
    assert ring.end == "ended"
    tell("work_start")
    assert ring.end is None
    assert [job.state(now, 5.0) for job in exchange.board.jobs()] == ["running"]
    now = 30.0
    assert look() == ([], 2)
    exchange.close()


@pytest.mark.fault
@pytest.mark.req("HUB-03")
def test_a_file_that_cannot_be_read_is_told_once(tmp_path, narration):
    store = Store(tmp_path, 1 << 30, 1)
    exchange = Exchange(Settings(), store)
    store.leave(tmp_path / "events-00000007.jsonl", OSError(errno.EIO, "Input/output error"))
    exchange.look()
    exchange.look()
    exchange.close()
    (told,) = [told for told in narration.events if told.action == "store"]
    assert (
        told.human == "events-00000007.jsonl is not shown: Input/output error; make it readable, then restart the hub"
    )
    narration.assert_event(action="store", level="error", error_kind="unreadable_segment", folder=str(tmp_path))
