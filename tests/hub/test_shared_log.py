"""What a hub holds for Redis: in order, bounded, and every entry that goes before Redis had it is counted."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from narration_hub.engine import Entry
from narration_hub.redis_engine import Link, RedisEngine, _engine
from narration_hub.redis_engine._log import Log
from narration_hub.streams import Limits
from support.servers import stream_server

STEPS = st.lists(st.tuples(st.sampled_from(["add", "push", "rewind"]), st.integers(1, 9)), max_size=40)


def entry(number):
    return Entry("somebody", f"p-{number}", number, b"frame %d" % number, f"job-{number % 2}", None)


@pytest.mark.req("HUB-05")
@given(STEPS, st.integers(1, 12))
def test_redis_gets_everything_in_order_or_it_is_counted(steps, most):
    log = Log(most, 1 << 20)
    sent, had = 0, set()
    for step, count in steps:
        if step == "add":
            for _ in range(count):
                sent += 1
                log.append(entry(sent))
        elif step == "push":
            start = log.is_pushed_to
            batch = log.pending(count, 1 << 20)
            numbers = [one.at_ms for one in batch]
            assert numbers == list(range(start + 1, start + 1 + len(batch)))
            had.update(numbers)
            log.pushed(start + len(batch))
        else:
            log.rewind(since_ms=sent - count)
            kept = [one.at_ms for one in log.of(None, "")]
            assert all(number > log.is_pushed_to for number in range(max(1, sent - count), sent + 1) if number in kept)
        kept = [one.at_ms for one in log.of(None, "")]
        assert kept == list(range(sent - len(kept) + 1, sent + 1))
        assert len(kept) <= most
        assert log.lost == len(set(range(1, sent - len(kept) + 1)) - had)
        assert log.waiting == sum(1 for number in kept if number > log.is_pushed_to)
        tail = [one.at_ms for one in log.tail(since_ms=sent - 2)]
        assert set(tail) >= {number for number in kept if number not in had}
        for name in ("job-0", "job-1"):
            waiting = [number for number in kept if number > log.is_pushed_to and f"job-{number % 2}" == name]
            assert log.has_waiting("job", name) == bool(waiting)


def test_bytes_bound_it_and_a_batch():
    log = Log(1000, 100)
    for number in range(1, 31):
        log.append(entry(number))
    assert sum(len(one.frame) for one in log.of(None, "")) <= 100
    assert [one.at_ms for one in log.pending(500, 20)] == [log.is_pushed_to + 1, log.is_pushed_to + 2]
    assert len(log.pending(500, 1)) == 1


@pytest.mark.fault
@pytest.mark.req("HUB-05")
def test_what_redis_never_gets_is_told_when_it_is_back(tmp_path, monkeypatch, memory):
    monkeypatch.setattr(_engine, "_LOG_EVENTS", 5)

    async def main():
        with stream_server(tmp_path) as server:
            server.kill()
            engine = RedisEngine(Link(server.url, "one", Limits()), Limits())
            await engine.join()
            for number in range(1, 10):
                engine.publish(entry(number))
            server.start()
            while not engine.is_shared:  # noqa: ASYNC110 - the engine's own task is what changes it
                await asyncio.sleep(0.001)
            ring = await engine.open_everything()
            await engine.close()
            return [frame.decode() for frame in ring.frames()]

    assert asyncio.run(asyncio.wait_for(main(), 60)) == [f"frame {number}" for number in range(5, 10)]
    (told,) = (event for event in memory.events if event.level == "warn")
    assert (told.action, told.get("events")) == ("engine", 4)
