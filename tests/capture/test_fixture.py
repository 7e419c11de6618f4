"""The capture: its own events, nobody else's (NARR-6007)."""

import asyncio
import contextvars
import gc
import sys
import threading
import tracemalloc

import pytest

from narration_capture import capture
from narration_core import (
    CountingSources,
    Event,
    NarratingExecutor,
    Narrator,
    bind,
    encode,
    new_correlation_id,
    propagate,
    stats,
)

narrate = Narrator("pool-managerd")


def spawn(**fields):
    narrate("spawn", "GPU0", "Spawning an engine", **fields)


@pytest.mark.req("ORCH-3306")
def test_a_test_hears_what_it_narrates(narration):
    spawn(device="GPU0")
    assert [event.action for event in narration.events] == ["spawn"]
    assert narration.of(device="GPU0") == narration.events
    assert narration.of(device="GPU1") == []


def test_it_hears_what_a_sink_would_get_and_raw_fields_only_on_request(narration):
    with pytest.raises(RuntimeError, match="only on request"):
        narration.raw  # noqa: B018 - reading it is the test
    narration.keep_raw()
    spawn(identity="somebody")
    assert narration.raw[0]["identity"] == "somebody"
    assert narration.raw[0]["human"] == "Spawning an engine"


@pytest.mark.req("NARR-6007")
def test_the_inner_of_two_captures_hears_its_own_events_only(narration):
    spawn(device="outer")
    with capture("inner") as inner:
        spawn(device="inner")
    spawn(device="outer again")
    assert [event.device for event in inner.events] == ["inner"]
    assert [event.device for event in narration.events] == ["outer", "outer again"]


@pytest.mark.req("NARR-6007")
def test_concurrent_captures_in_tasks_never_mix():
    async def one(name):
        with capture(name) as narration:
            for _ in range(20):
                spawn(device=name)
                await asyncio.sleep(0)
        return {event.device for event in narration.events}, len(narration.events), narration.orphans

    async def all_of_them():
        return await asyncio.gather(*(one(f"gpu{number}") for number in range(10)))

    for number, (devices, count, orphans) in enumerate(asyncio.run(all_of_them())):
        assert (devices, count, orphans) == ({f"gpu{number}"}, 20, [])


@pytest.mark.req("NARR-6007")
def test_concurrent_captures_in_threads_never_mix():
    captured_events = {}
    together = threading.Barrier(8)

    def one(name):
        with capture(name) as narration:
            together.wait()
            for _ in range(200):
                spawn(device=name)
        captured_events[name] = [event.device for event in narration.events]

    threads = [threading.Thread(target=one, args=(f"gpu{number}",)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert captured_events == {f"gpu{number}": [f"gpu{number}"] * 200 for number in range(8)}


def in_a_thread(work):
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


def test_a_thread_without_context_is_an_orphan(narration):
    in_a_thread(spawn)
    assert narration.events == []
    assert [event.action for event in narration.orphans] == ["spawn"]
    with pytest.raises(AssertionError, match="1 event came without this test's context"):
        narration.assert_no_orphans()


def test_a_thread_with_context_is_none(narration):
    in_a_thread(propagate(spawn))
    with NarratingExecutor(max_workers=2) as pool:
        pool.submit(spawn).result()
    assert len(narration.events) == 2
    narration.assert_no_orphans()


def test_what_comes_after_the_end_of_a_capture_is_an_orphan_of_those_still_open(narration):
    with capture() as inner:
        context = contextvars.copy_context()
    context.run(spawn)
    assert inner.events == []
    assert narration.events == []
    assert [event.action for event in narration.orphans] == ["spawn"]


def test_the_end_of_a_capture_leaves_no_tap():
    from narration_core._pipeline import PIPELINE

    before = PIPELINE.outputs.taps
    with capture(), capture():
        assert len(PIPELINE.outputs.taps) == len(before) + 1
    assert PIPELINE.outputs.taps == before


def test_clock_and_ids_can_be_injected():
    def story():
        with capture(sources=CountingSources()) as narration, bind(correlation_id=new_correlation_id()):
            spawn()
        return [encode(event) for event in narration.events]

    assert story() == story()


@pytest.fixture
def narration_sources():
    return CountingSources(start_ms=5000)


def test_the_fixture_takes_injected_sources(narration):
    spawn()
    assert narration.events[0].emitted_at_ms == 5000


def test_feeding_takes_events_lines_and_mappings_as_they_are(narration):
    narration.feed(
        Event(actor="a", action="b", target="c", human="One"),
        b'{"actor":"a","action":"b","target":"c","human":"Two","decode_ms":3}',
        {"actor": "a", "action": "b", "human": "password=made-up-secret"},
    )
    assert [event.human for event in narration.events] == ["One", "Two", "password=made-up-secret"]
    assert narration.events[1].decode_time_ms == 3


def test_replay_reads_json_lines(narration, tmp_path):
    path = tmp_path / "told.jsonl"
    path.write_bytes(b'{"actor":"a","action":"b","human":"One"}\n\n{"actor":"a","action":"c","human":"Two"}\n')
    assert [event.action for event in narration.replay(path)] == ["b", "c"]
    narration.assert_story([("a", "b"), ("a", "c")], only=True)


def test_replay_says_which_line_is_no_event(narration, tmp_path):
    path = tmp_path / "told.jsonl"
    path.write_bytes(b'{"actor":"a","action":"b"}\nnot json\n')
    with pytest.raises(ValueError, match=r"told\.jsonl:2: not a JSON object"):
        narration.replay(path)


@pytest.mark.req("NARR-9001")
def test_a_child_process_is_heard_with_its_points(narration, tmp_path):
    program = tmp_path / "child.py"
    program.write_text(
        "from narration_core import Narrator\nNarrator('child').warn('start', 'itself', 'Starting')\n"
        "import sys\nsys.stdout.write('hello\\n')\n"
    )
    result = narration.process([sys.executable, str(program)])
    assert result.exit_code == 0
    event = narration.assert_event(actor="child", action="start", level="warn")
    assert event.source_location.endswith("child.py:2:53")
    narration.assert_event(action="raw_output", text="hello")
    assert len(narration.events) == 2


def test_capturing_costs_less_than_a_kilobyte_an_event():
    count = 20_000
    with capture() as narration, bind(correlation_id="req-xyz", job_id="job-123"):
        spawn(engine="llamacpp-v1", device="GPU0", pool_id="default")
        gc.collect()
        tracemalloc.start()
        for _ in range(count):
            spawn(engine="llamacpp-v1", device="GPU0", pool_id="default")
        gc.collect()
        size, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert len(narration.captured) == count + 1
    # What still waits for the sinks is theirs.
    queued = sum(stats()["queued"].values())
    assert size / count < 1024 + 600 * queued / count
