import json

import pytest

from narration_core import Event, MemorySink, Narrator, configure
from narration_core.sinks._pretty import columns, pretty

narrate = Narrator("tester")


def event(**fields):
    return Event(
        **{"emitted_at_ms": 1, "level": "warn", "actor": "pool", "action": "a", "target": "gpu", "human": "Hot gpu"}
        | fields
    )


def test_the_time_the_level_the_short_id_and_what_the_sentence_does_not_show():
    line = pretty(event(correlation_id="0b0e9a3e-43f6", device="GPU0", worker_id="w1", human="Hot gpu at w1"))
    clock, level, rest = line.split(maxsplit=2)
    assert clock.endswith(".001")
    assert level == "WARN"
    assert rest == "[pool      ] a              : Hot gpu at w1 #0b0e9a3e device=GPU0 correlation_id=0b0e9a3e-43f6"


def test_a_short_id_stands_there_once_and_is_found_by_grep():
    assert pretty(event(correlation_id="req-xyz", device="GPU0")).endswith(" correlation_id=req-xyz device=GPU0")


def test_an_exception_has_its_frames_and_no_locals(memory):
    def failing():
        password = "hunter2swordfish9"  # noqa: F841 - it must not be seen
        raise ValueError("password=hunter2swordfish9")

    configure(sinks=[memory], strict=False)
    try:
        failing()
    except ValueError:
        narrate.error("fail", "t", "Failing")
    told = memory.events[0]
    assert told.extra["frames"][-1].endswith("failing")
    assert "test_pretty.py:" in told.extra["frames"][-1]
    shown = pretty(told).splitlines()
    assert shown[1].startswith("    ValueError: password=")
    assert shown[-1] == f"        {told.extra['frames'][-1]}"
    assert "hunter2" not in json.dumps(told.to_dict()) + "\n".join(shown)
    configure()


def test_a_deep_traceback_leaves_out_its_middle():
    def deeper(depth):
        return deeper(depth - 1) if depth else 1 / 0

    memory = MemorySink()
    configure(sinks=[memory], strict=False)
    try:
        deeper(200)
    except ZeroDivisionError:
        narrate.error("fail", "t", "Failing")
    frames = memory.events[0].extra["frames"]
    assert len(frames) == 21
    assert "more frames" in frames[10]
    configure()


@pytest.mark.parametrize(("text", "width"), [("abc", 3), ("日本", 4), ("e\u0301", 1), ("🙂", 2)])
def test_wide_characters_count_double(text, width):
    assert columns(text) == width


def test_what_is_too_wide_goes_on_the_next_line():
    lines = pretty(event(device="GPU0", extra={"note": "日" * 15, "other": "x"}), width=80).splitlines()
    assert all(columns(line) <= 80 for line in lines)
    assert len(lines) > 1
    assert "".join(lines).count("GPU0") == 1


def test_long_texts_in_lists_are_cut():
    line = pretty(event(extra={"items": ["x" * 500, 1, {"k": "y" * 500}]}))
    assert len(line) < 250
    assert "items=[xxx" in line


def test_host_and_pid_when_asked_for(memory):
    configure(sinks=[memory], process=True)
    narrate("a", "t", "Hello")
    assert memory.events[0].extra.keys() == {"host", "pid"}
    configure()
