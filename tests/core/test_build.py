"""One bad value, callback or sink costs itself, never the event; and what is written can be read back."""

import json
import math
import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from narration_core import Event, MemorySink, Narrator, configure, decode, stats
from narration_core._event import FIELDS
from narration_core._pipeline import PIPELINE

narrate = Narrator("tester")
ODD = (10**5000, -(10**5000), 2**64, -(2**63) - 1, math.nan, math.inf, -math.inf, "many", [1, 2], {"a": 1}, 1j, True)


class Unreadable:
    """Raises whatever it is asked."""

    def __str__(self):
        raise RuntimeError("no")

    __repr__ = __float__ = __hash__ = __bool__ = __len__ = __format__ = __str__


@pytest.mark.req("DEL-03")
@pytest.mark.parametrize("name", ["tokens_in", "percent"])
@pytest.mark.parametrize("value", [*ODD, Unreadable()], ids=[str(n) for n in range(13)])
@pytest.mark.parametrize("relayed", [True, False])
def test_a_number_that_cannot_be_one_is_kept_beside_its_field_and_the_line_can_be_read(memory, name, value, relayed):
    if relayed:
        PIPELINE.relay(Event(actor="a", action="b", target="c", human="Counted", extra={"n": value}, **{name: value}))
    else:
        narrate("count", "thing", f"Counted {{{name}}}", **{name: value})
    narrate("after", "thing", "After")
    line, after = memory.lines
    event = decode(line)
    assert decode(after).action == "after"
    assert event == memory.events[0]
    assert event.get(name) is None or type(event.get(name)) in {int, float}
    if value is not True:
        assert f"{name}_" in event.extra


@pytest.mark.req("DEL-03")
def test_the_sentence_shows_a_number_that_its_field_cannot_hold(memory):
    narrate("count", "thing", "Counted {tokens_in}", tokens_in=2**70)
    narrate("count", "thing", "Counted {percent}", percent=math.nan)
    assert [event.human for event in memory.events] == [f"Counted {2**70}", "Counted nan"]
    assert [event.extra for event in memory.events] == [{"tokens_in_": str(2**70)}, {"percent_": "nan"}]


@pytest.mark.req("DEL-03")
@given(value=st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), lambda inner:
       st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=10))  # fmt: skip
def test_any_value_at_all_is_read_back_as_it_is_written(value):
    memory = MemorySink()
    configure(sinks=[memory], strict=False)
    narrate("act", "thing", "Said", percent=value, tokens_in=value, device=value, odd=value)
    (line,) = memory.lines
    assert decode(line) == memory.events[0]
    json.loads(line)


@pytest.mark.req("DEL-03")
@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ({"good": 1, "bad": Unreadable()}, {"good": 1, "bad": "(Unreadable could not be read)"}),
        ([1, Unreadable(), 3], [1, "(Unreadable could not be read)", 3]),
        (
            {"a": [{"bad": Unreadable(), "good": 2}]},
            {"a": [{"bad": "(Unreadable could not be read)", "good": 2}]},
        ),
    ],
)
def test_an_item_that_cannot_be_read_costs_only_itself(memory, value, kept):
    narrate("act", "thing", "Said", odd=value)
    assert memory.events[0].extra["odd"] == kept


@pytest.mark.req("DEL-03")
def test_a_sentence_that_is_missing_costs_only_itself(memory):
    narrate("act", "thing", None)
    narrate.error("act", "thing", None, error_kind="x")
    assert [(event.human, decode(line).action) for event, line in zip(memory.events, memory.lines, strict=True)] == [
        ("", "act"),
        ("", "act"),
    ]


@pytest.mark.req("DEL-03")
def test_what_enriches_events_and_raises_costs_no_event(memory):
    def broken(fields):
        raise RuntimeError("no ids today")

    PIPELINE.apply(enrich=broken)
    errors = stats()["internal_errors"]
    try:
        narrate("act", "thing", "Said")
    finally:
        PIPELINE.apply(enrich=None)
    assert [event.human for event in memory.events] == ["Said"]
    assert stats()["internal_errors"] == errors + 1


class Broken:
    """A sink in memory that always raises."""

    name, background, idle = "broken", False, False

    def write(self, _batch):
        raise RuntimeError("no room")

    def close(self):
        pass


@pytest.mark.req("DEL-03")
def test_a_sink_in_memory_that_raises_is_reported_by_the_others_once():
    memory = MemorySink()
    configure(sinks=[Broken(), memory], strict=False)
    for _ in range(3):
        narrate("act", "thing", "Said")
    assert [event.action for event in memory.events].count("act") == 3
    (notice,) = [event for event in memory.events if event.action == "sink_failed"]
    assert (notice.target, notice.error_kind) == ("broken", "RuntimeError")
    assert stats()["sink_failures"]["broken"] == 3
    configure()


@pytest.mark.req("DEL-03")
def test_a_notice_of_the_facade_itself_is_never_a_mistake(strict):
    sink = Broken()
    sink.name = "x" * 300
    PIPELINE.outputs.failed(sink, RuntimeError("no"), 5.0)
    assert strict.events[-1].action == "sink_failed"


@pytest.mark.req("DEL-03")
def test_an_event_that_another_process_calls_off_is_told_as_info(memory):
    PIPELINE.relay(decode(b'{"actor":"a","action":"b","target":"c","human":"From a child","level":"off"}'))
    assert [event.level for event in memory.events] == ["info"]


@pytest.mark.req("DEL-03")
@pytest.mark.parametrize("name", [name for name in FIELDS if name not in {"level", "actor", "action"}])
@pytest.mark.parametrize("value", [5, 1.5, True, b"x", ["x"], {"x": 1}, float("nan"), 10**400, object()])
def test_a_foreign_event_with_a_field_of_another_type_is_passed_on(memory, name, value):
    PIPELINE.relay(Event(**{"actor": "a", "action": "b", "human": "Said", name: value}))
    assert [event.action for event in memory.events] == ["b"]
    assert decode(memory.lines[0]).actor == "a"


@pytest.mark.parametrize("name", ["cute", "story"])
def test_what_is_told_one_way_only_has_that_as_its_sentence(memory, name):
    configure(sinks=[memory], strict=True)
    narrate("greet", "caller", **{name: "Hello, {device}!"}, device="GPU0")
    (event,) = memory.events
    assert (event.human, getattr(event, name)) == ("Hello, GPU0!", "Hello, GPU0!")


def test_what_streams_show_follows_the_mode(memory, monkeypatch):
    lines = []

    class Shown(MemorySink):
        def write(self, batch):
            lines.extend(record.formatted for record in batch)

    shown = Shown()
    for mode in ("human", "cute", None):
        monkeypatch.setenv("NARRATION_MODE", "story")
        configure(sinks=[shown], mode=mode)
        narrate("greet", "caller", "Greeting", cute="Hello!", story='"Hi," it said.')
        narrate("greet", "caller", "Plain")
    configure(mode="human")
    head = "[tester    ] greet          : "
    plain = f"{head}Plain"
    assert lines == [f"{head}Greeting", plain, f"{head}Hello!", plain, f'{head}"Hi," it said.', plain]


@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [
        ("retry_after_ms", 1.5, 1),
        ("queue_position", "12.7", 12),
        ("tokens_in", "many", None),
        ("emitted_at_ms", "x", ...),
    ],
)
def test_what_a_number_cannot_hold_is_kept_under_another_name(memory, name, value, kept):
    narrate("count", "thing", "Counted", **{name: value})
    (event,) = memory.events
    assert event.extra == {f"{name}_": value}
    if kept is ...:
        assert event.emitted_at_ms > 1_600_000_000_000
    else:
        assert getattr(event, name) == kept
    assert decode(memory.lines[0]) == event


@pytest.mark.parametrize(("name", "value"), [("retry_after_ms", 2.0), ("queue_position", "12"), ("tokens_in", 7)])
def test_a_whole_number_of_another_type_is_kept_once(memory, name, value):
    narrate("count", "thing", "Counted", **{name: value})
    (event,) = memory.events
    assert (getattr(event, name), event.extra) == (int(value), {})


def test_a_value_that_does_not_fit_is_said_once_and_never_shown():
    program = """
from narration_core import Narrator
narrate = Narrator("shop")
for value in ("hunter2-made-up-pass", 1.5):
    narrate("wait", "till", "Waiting", retry_after_ms=value, emitted_at_ms="x")
"""
    environment = {**os.environ, "NARRATION_FORMAT": "off", "NARRATION_STRICT": "0"}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment)
    assert done.stderr.splitlines() == [
        "narration: wait: a value of emitted_at_ms does not fit the field; it is kept as emitted_at_ms_",
        "narration: wait: a value of retry_after_ms does not fit the field; it is kept as retry_after_ms_",
    ]
