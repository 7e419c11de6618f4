import asyncio
import contextlib
import functools
import json
import pickle

import pytest

from narration_core import (
    NarrationMistake,
    Narrator,
    _emitters,
    bind,
    bound,
    configure,
    decode,
    register_field,
    sample,
    stats,
)

narrate = Narrator("pool-managerd")


def told(memory):
    return [(event.level, event.action, event.human) for event in memory.events]


@pytest.mark.req("ORCH-3300", "ORCH-3301")
def test_the_call_of_the_contract(memory):
    narrate(
        "spawn",
        "GPU0",
        "Spawning engine {engine} for pool '{pool_id}' on {device}",
        engine="llamacpp-v1",
        pool_id="default",
        device="GPU0",
        cute="Waking {engine} up on its cosy {device}",
        story='"Ready?" asked pool-managerd. "Ready," said {engine}.',
    )
    line = json.loads(memory.lines[0])
    assert isinstance(line.pop("emitted_at_ms"), int)
    assert line == {
        "level": "info",
        "actor": "pool-managerd",
        "action": "spawn",
        "target": "GPU0",
        "human": "Spawning engine llamacpp-v1 for pool 'default' on GPU0",
        "cute": "Waking llamacpp-v1 up on its cosy GPU0",
        "story": '"Ready?" asked pool-managerd. "Ready," said llamacpp-v1.',
        "pool_id": "default",
        "engine": "llamacpp-v1",
        "device": "GPU0",
        "emitted_by": "tests@1",
    }


@pytest.mark.req("NARR-1002")
def test_every_level_is_a_method_and_mute_says_nothing(memory):
    for level in ("mute", "trace", "debug", "info", "warn", "error", "fatal"):
        getattr(narrate, level)("a", "t", level)
    assert [event.level for event in memory.events] == ["trace", "debug", "info", "warn", "error", "fatal"]


@pytest.mark.parametrize(("threshold", "heard"), [("trace", 6), ("info", 4), ("error", 2), ("mute", 0)])
def test_the_threshold_silences_what_is_below(memory, threshold, heard):
    configure(sinks=[memory], level=threshold, strict=False)
    for level in ("trace", "debug", "info", "warn", "error", "fatal"):
        getattr(narrate, level)("a", "t", "x")
    assert len(memory.events) == heard
    assert narrate.enabled("fatal") is (heard > 0)


def test_a_disabled_level_runs_the_code_of_a_function_that_does_nothing(memory):
    configure(sinks=[memory], level="warn")
    assert narrate.debug.__code__ is _emitters._OFF
    configure(sinks=[memory], level="debug")
    assert narrate.debug.__code__ is _emitters._ON


def test_a_level_function_that_a_caller_keeps_follows_the_threshold(memory):
    configure(sinks=[memory], level="warn", strict=False)
    debug, warn = narrate.debug, narrate.warn
    debug("a", "t", "Not yet")
    configure(sinks=[memory], level="debug", strict=False)
    debug("a", "t", "Now")
    configure(sinks=[memory], level="mute", strict=False)
    warn("a", "t", "No longer")
    assert [event.human for event in memory.events] == ["Now"]


@pytest.mark.req("NARR-7001")
def test_emitted_by_and_time_are_filled_in_and_never_overwritten(memory):
    narrate("a", "t", "x")
    narrate("a", "t", "x", emitted_by="other@2")
    assert [event.emitted_by for event in memory.events] == ["tests@1", "other@2"]
    assert all(event.emitted_at_ms > 1_700_000_000_000 for event in memory.events)
    narrate("a", "t", "x", emitted_at_ms=5)
    assert memory.lines[-1].startswith(b'{"emitted_at_ms":5,')
    narrate("a", "t", "x", emitted_at_ms="yesterday")
    assert memory.events[-1].emitted_at_ms > 1_700_000_000_000


MISTAKES = {
    "a field nobody registered": lambda: narrate("a", "t", "x", colour="red"),
    "an action with capitals": lambda: narrate("Spawn", "t", "x"),
    "a homograph in the action": lambda: narrate("spаwn", "t", "x"),  # noqa: RUF001 - on purpose
    "a long sentence": lambda: narrate("a", "t", "x" * 101),
    "a long cute text": lambda: narrate("a", "t", "x", cute="x" * 151),
    "a long story": lambda: narrate("a", "t", "x", story="x" * 201),
    "a template field that is missing": lambda: narrate("a", "t", "Hello {device}"),
    "a field of the wrong type": lambda: narrate("a", "t", "x", tokens_in="many"),
    "a time that is none": lambda: narrate("a", "t", "x", emitted_at_ms="yesterday"),
    "a template that looks into its field": lambda: narrate("a", "t", "Hello {device.name}", device="GPU0"),
    "a template with a format that does not fit": lambda: narrate("a", "t", "Hello {device:d}", device="GPU0"),
    "a template with a brace too many": lambda: narrate("a", "t", "Hello {device}}", device="GPU0"),
    "no target": lambda: narrate("a", "", "x"),
    "no sentence": lambda: narrate.info("a"),
}


@pytest.mark.req("ORCH-3305", "NARR-1004", "NARR-1005", "NARR-4003")
@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)
def test_strict_mode_raises_mistakes(strict, mistake):
    with pytest.raises(NarrationMistake):
        mistake()
    assert not strict.events


@pytest.mark.req("NARR-9003")
@pytest.mark.parametrize("name", MISTAKES)
def test_otherwise_a_mistake_is_mended_and_counted(memory, name):
    before = stats()["mistakes"]
    MISTAKES[name]()
    assert len(memory.events) == 1
    json.loads(memory.lines[0])
    # The length of a text and its template are looked at in strict mode only.
    assert (stats()["mistakes"] > before) is not ("long" in name or "template" in name)


def test_a_field_may_be_registered(strict):
    register_field("colour_test", str, "what colour it has")
    narrate("a", "t", "It is {colour_test}", colour_test="red")
    assert strict.events[0].get("colour_test") == "red"


class Hostile:
    def __str__(self):
        raise RuntimeError("no")

    __repr__ = __format__ = __str__


@pytest.mark.req("NARR-9003")
@pytest.mark.parametrize(
    "value", [Hostile(), float("nan"), 1 << 80, {1: {2: {3: object()}}}, [[]] * 500, b"\xff", {"a"}]
)
def test_no_value_can_raise_into_the_caller(memory, value):
    narrate("a", "t", "Value {device}", device=value, weird=value)
    assert len(memory.lines) == 1
    json.loads(memory.lines[0])


def test_nested_values_are_bounded(memory):
    deep = current = {}
    for _ in range(5000):
        current["x"] = current = {}
    narrate("a", "t", "x", deep=deep, wide=list(range(100_000)))
    assert len(memory.lines[0]) < 20_000


def test_changing_a_value_afterwards_changes_no_event(memory):
    values = [1]
    narrate("a", "t", "x", things=values)
    values.append(2)
    assert memory.events[0].extra["things"] == [1]


def test_an_error_inside_an_except_tells_the_exception_in_short(memory):
    try:
        try:
            raise KeyError("inner")
        except KeyError as why:
            error = ValueError("outer")
            error.add_note("seen at noon")
            raise error from why
    except ValueError:
        secret_local = "must-not-appear"
        narrate.error("a", "t", "It failed: {error_kind}")
    (event,) = memory.events
    assert event.error_kind == "ValueError"
    assert event.human == "It failed: ValueError"
    assert event.extra["exception"] == "ValueError: outer (seen at noon) <- KeyError: 'inner'"
    assert secret_local.encode() not in memory.lines[0]


def test_an_exception_group_is_told_with_its_members(memory):
    try:
        raise ExceptionGroup("both", [ValueError("one"), TypeError("two")])
    except* (ValueError, TypeError):
        narrate.error("a", "t", "It failed")
    assert "ValueError: one" in memory.events[0].extra["exception"]


def test_a_span_tells_its_start_progress_and_end(memory):
    with bind(correlation_id="c"), narrate.span("model_load", "m", "Loading {model_ref}", model_ref="m") as span:
        span.progress(25, "Loading {model_ref}: {percent} %")
        narrate("inside", "t", "Inside")
        span.note(tokens_in=3)
    start, progress, inside, end = memory.events
    assert [event.event for event in (start, progress, end)] == [
        "model_load_start",
        "model_load_progress",
        "model_load_end",
    ]
    assert {event.span_id for event in memory.events} == {start.span_id}
    assert inside.trace_id == start.trace_id
    assert end.duration_ms is not None
    assert end.tokens_in == 3
    assert end.human == "Finished: Loading m"


def test_spans_know_their_parents(memory):
    with narrate.span("outer", "t", "Outer"), narrate.span("inner", "t", "Inner"):
        pass
    outer, inner, _, _ = memory.events
    assert inner.parent_span_id == outer.span_id
    assert inner.trace_id == outer.trace_id


def test_a_failing_span_tells_the_kind_and_lets_the_exception_go_on(memory):
    with pytest.raises(KeyError), narrate.span("work", "t", "Working"):
        raise KeyError("gone")
    assert told(memory)[-1] == ("error", "work", "Failed (KeyError): Working")
    assert memory.events[-1].error_kind == "KeyError"


def test_a_quiet_span_tells_only_failures(memory):
    with narrate.span("work", "t", "Working", quiet=True):
        pass
    assert memory.events == []
    with pytest.raises(KeyError), narrate.span("work", "t", "Working", quiet=True):
        raise KeyError
    assert [event.level for event in memory.events] == ["error"]


@pytest.mark.req("NARR-8001")
def test_traced_narrates_functions_of_every_kind(memory):
    @narrate.traced
    def plain(number):
        return number + 1

    @narrate.traced(human="Fetching", device="cpu")
    async def coroutine():
        return 2

    @narrate.traced
    def generator():
        got = yield 1
        return got

    @narrate.traced
    async def async_generator():
        yield 1
        yield 2

    async def collect():
        return [item async for item in async_generator()]

    assert plain(1) == 2
    assert asyncio.run(coroutine()) == 2
    running = generator()
    next(running)
    with pytest.raises(StopIteration) as stop:
        running.send("x")
    assert stop.value.value == "x"
    assert asyncio.run(collect()) == [1, 2]
    assert [action for _, action, _ in told(memory)] == [
        "plain", "plain", "coroutine", "coroutine", "generator", "generator", "async_generator", "async_generator",
    ]  # fmt: skip
    assert all(event.duration_ms is not None for event in memory.events[1::2])


def test_a_traced_generator_does_not_lend_its_span_to_its_consumer(memory):
    @narrate.traced
    def generator():
        narrate("inside", "t", "Inside")
        try:
            yield 1
        except KeyError:
            yield 2

    @narrate.traced
    async def async_generator():
        narrate("inside", "t", "Inside")
        yield 1

    running = generator()
    next(running)
    narrate("consumer", "t", "Outside")
    assert running.throw(KeyError()) == 2
    running.close()

    async def consume():
        async for _ in async_generator():
            narrate("consumer", "t", "Outside")

    asyncio.run(consume())
    assert all((event.span_id is None) == (event.action == "consumer") for event in memory.events)
    assert len(memory.events) == 8


@pytest.mark.req("NARR-9002")
def test_sampling_skips_tells_and_never_touches_warnings(memory):
    from narration_core._pipeline import PIPELINE

    clock = [0.0]
    PIPELINE.sampler._now = lambda: clock[0]
    sample("token", per_second=2)
    try:
        for _ in range(10):
            narrate("token", "t", "A token")
        narrate.warn("token", "t", "Important")
        clock[0] = 1.0
        narrate("token", "t", "Another")
    finally:
        PIPELINE.sampler.clear()
        PIPELINE.settle()
    actions = [(event.level, event.action) for event in memory.events]
    assert actions == [("info", "token")] * 2 + [("warn", "token"), ("info", "narration_sampled"), ("info", "token")]
    assert memory.events[3].extra["skipped"] == 8


def test_the_location_of_a_call_is_noted_when_asked(memory):
    configure(sinks=[memory], source_location=True, strict=False)
    narrate("a", "t", "x")
    narrate.warn("a", "t", "x")
    with narrate.span("s", "t", "x"):
        pass
    places = [event.source_location for event in memory.events]
    assert all(place.startswith("tests/core/test_narrator.py:") for place in places)
    lines = [int(place.split(":")[1]) for place in places]
    assert lines == [lines[0], lines[0] + 1, lines[0] + 2, lines[0] + 2]


class Unreadable(str):
    """Text that cannot be looked at."""

    __slots__ = ()

    def __len__(self):
        raise RuntimeError("no")

    __str__ = __len__


@pytest.mark.req("NARR-9003")
@pytest.mark.parametrize("field", ["target", "human", "cute", "device"])
@pytest.mark.parametrize("value", [Unreadable("x"), range(10**12), [[1], [2]]], ids=["unreadable", "endless", "nested"])
def test_a_value_where_text_is_wanted_costs_neither_the_event_nor_time(memory, field, value):
    given = {"target": "t", "human": "x"} | {field: value}
    narrate("a", given.pop("target"), given.pop("human"), **given)
    assert json.loads(memory.lines[0])["action"] == "a"


@pytest.mark.req("NARR-4005")
def test_a_field_cannot_pose_as_another_by_invisible_characters(memory):
    narrate("a", "t", "x", **{"level\u200b": "fatal", "actor\u200b": "root", "human\u202e": "forged"})
    line = json.loads(memory.lines[0])
    assert (line["level"], line["actor"], line["human"]) == ("info", "pool-managerd", "x")
    assert (line["level_"], line["actor_"], line["human_"]) == ("fatal", "root", "forged")


def test_a_line_is_never_longer_than_what_is_read_back(memory):
    narrate("a", "t", "x", small="kept", **{f"field{number}": ["y" * 8192] * 200 for number in range(5)})
    narrate("a", "t", "x", **{f"field{number}": "\u00fc" * 100 for number in range(20_000)})
    for line in memory.lines:
        assert decode(line).action == "a"
    assert memory.events[0].extra["small"] == "kept"
    assert "bytes left out" in memory.events[0].extra["field0"]


def broken_exceptions():
    class BrokenError(Exception):
        def __str__(self):
            raise RuntimeError("no")

    noted = BrokenError()
    noted.__notes__ = [BrokenError(), 5]
    yield noted
    unlisted = ValueError("x")
    unlisted.__notes__ = 7
    yield unlisted
    group = ValueError("leaf")
    for _ in range(2000):
        group = ExceptionGroup("g", [group])
    yield group


@pytest.mark.req("NARR-9003")
@pytest.mark.parametrize("error", list(broken_exceptions()), ids=["broken", "odd notes", "deep group"])
def test_no_exception_is_too_broken_to_be_told(memory, error):
    try:
        raise error
    except Exception:  # noqa: BLE001 - any at all
        narrate.error("load", "model", "Cannot load the model")
    assert memory.events[0].error_kind
    assert memory.events[0].extra["exception"]


@pytest.mark.req("NARR-8001")
def test_a_traced_async_generator_takes_what_is_sent_and_thrown_in(memory):
    @narrate.traced
    async def steps():
        answer = yield "first"
        try:
            yield answer
        except KeyError:
            yield "caught"

    async def use():
        async with contextlib.aclosing(steps()) as running:
            return [await running.__anext__(), await running.asend("sent"), await running.athrow(KeyError())]

    assert asyncio.run(use()) == ["first", "sent", "caught"]
    assert [event.event for event in memory.events] == ["steps_start", "steps_end"]


def test_traced_takes_callables_without_a_name(memory):
    assert narrate.traced(functools.partial(max, 1))(2) == 2
    assert memory.events[0].action == "partial"


@pytest.mark.req("ORCH-3305")
def test_what_a_span_says_at_its_end_is_not_held_against_its_sentence(strict):
    with narrate.span("load", "model", "x" * 100):
        pass
    with pytest.raises(TimeoutError), narrate.span("load", "model", "x" * 100):
        raise TimeoutError
    assert len(strict.events) == 4


def test_a_span_that_is_a_mistake_leaves_nothing_bound(strict):
    with pytest.raises(NarrationMistake), narrate.span("load", "model", "x" * 101):
        pytest.fail("the block must not run")
    assert not bound()


def test_a_span_entered_inside_itself_puts_back_what_it_found(memory):
    span = narrate.span("load", "model", "Loading")
    with span, span:
        pass
    assert not bound()
    first, second, third, fourth = (event.span_id for event in memory.events)
    assert (first, second) == (fourth, third)


@pytest.mark.parametrize("limit", [{"per_second": float("nan")}, {"per_second": 1, "burst": 0}])
def test_a_rate_that_means_nothing_is_refused(memory, limit):
    with pytest.raises(ValueError, match="cannot sample 'token'"):
        sample("token", **limit)


@pytest.mark.parametrize(
    ("name", "advice"), [("warning", "narrate.warn"), ("critical", "narrate.fatal"), ("exception", "narrate.error")]
)
def test_names_of_logging_say_what_to_use(name, advice):
    with pytest.raises(AttributeError, match=advice):
        getattr(narrate, name)
    assert not hasattr(narrate, name)
    assert not hasattr(narrate, "nothing_of_the_kind")


def test_a_narrator_has_no_hook_that_every_look_up_pays_for():
    assert type(narrate).__getattribute__ is object.__getattribute__
    assert not hasattr(type(narrate), "__getattr__")


def test_a_narrator_without_an_actor_acts_for_whoever_is_bound_or_for_the_service(memory):
    library = Narrator()

    @library.traced(action="enqueue", human="Enqueuing job {job_id}")
    def enqueue(job_id):
        library("check", job_id, "Checking the job")

    with bind(actor="orchestratord"):
        enqueue("j1")
        narrate("spawn", "GPU0", "Spawning an engine")
        with bind(actor="pool-managerd.gpu0"):
            library.warn("retry", "engine", "Trying again")
    library("idle", "queue", "Waiting for work")
    library("call", "engine", "Calling the engine", actor="adapter-host")
    assert [(event.actor, event.action) for event in memory.events] == [
        ("orchestratord", "enqueue"),
        ("orchestratord", "check"),
        ("orchestratord", "enqueue"),
        ("pool-managerd", "spawn"),
        ("pool-managerd.gpu0", "retry"),
        ("tests", "idle"),
        ("adapter-host", "call"),
    ]
    assert memory.events[0].job_id == "j1"
    assert all(event.extra == {} for event in memory.events)
    assert repr(library) == "Narrator()"


def test_a_narrator_without_an_actor_can_be_pickled(memory):
    pickle.loads(pickle.dumps(Narrator()))("act", "thing", "Said")  # noqa: S301 - our own
    assert memory.events[0].actor == "tests"
