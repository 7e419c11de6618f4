"""The story of any id: widened to its requests, in the order of cause, whatever the files and clocks are like."""

import json
import os
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from narration_core.following import Files, follow
from narration_core.following._lines import Line
from narration_core.following._story import in_order

START_MS = 1_795_900_000_000  # as in conftest

pytestmark = pytest.mark.req("FOL-01")


def story(logs, asked, *paths):
    with Files([str(path) for path in paths] or [str(logs.folder)]) as files:
        return follow(files, asked)


def said(found):
    return [line.event.human if line.event else line.text for line in found.lines]


@pytest.mark.parametrize("asked", ["req-1", "job-1", "session-abc123", "trace-1", "task-1", "span-1"])
def test_any_id_gives_the_whole_story(logs, asked):
    logs.tell(
        "gateway", 0, "accept", "Taking it", correlation_id="req-1", session_id="session-abc123", trace_id="trace-1"
    )
    logs.tell("worker", 1, "run", "Running", correlation_id="req-1", job_id="job-1", task_id="task-1", span_id="span-1")
    logs.tell("worker", 2, "run", "Not this one", correlation_id="req-10", job_id="job-10")
    found = story(logs, asked)
    assert said(found) == ["Taking it", "Running"]
    assert found.ids == ["req-1"]


def test_a_session_has_the_stories_of_all_its_requests(logs):
    for number in range(3):
        ids = {"correlation_id": f"req-{number}", "session_id": "session-1"}
        logs.tell("gateway", 10 * number, "accept", f"Taking {number}", **ids)
        logs.tell("worker", 10 * number + 1, "run", f"Running {number}", correlation_id=f"req-{number}")
    found = story(logs, "session-1")
    assert found.ids == ["req-0", "req-1", "req-2"]
    assert [said(part) for part in found.parts()] == [[f"Taking {n}", f"Running {n}"] for n in range(3)]


def test_lines_of_other_programs_stand_in_their_place_by_time(logs):
    logs.tell("gateway", 0, "accept", "Taking it", correlation_id="req-1")
    logs.line("nginx", "2026-11-28T21:06:40.005Z proxy req-1 to 10.0.0.7")
    logs.tell("gateway", 10, "answer", "Answered", correlation_id="req-1")
    assert said(story(logs, "req-1")) == ["Taking it", "2026-11-28T21:06:40.005Z proxy req-1 to 10.0.0.7", "Answered"]


def test_a_torn_line_and_a_line_of_a_megabyte_stop_nothing_and_are_counted(logs):
    logs.tell("a", 0, "one", "First", correlation_id="req-1")
    logs.line("a", b'{"emitted_at_ms":1795900000001,"actor":"a","action":"torn","correlation_id":"req-1","hum')
    logs.line("a", b'{"correlation_id":"req-1","human":"' + b"x" * (1 << 20) + b'"}')
    logs.tell("a", 2, "two", "Last", correlation_id="req-1")
    with Files([str(logs.folder)]) as files:
        found = follow(files, "req-1")
        assert (files.searched.unreadable, files.searched.counts.too_long) == (1, 1)
    assert [line.kind for line in found.lines] == ["narration", "text", "narration"]


def test_a_clock_that_goes_back_keeps_the_order_of_the_file_and_is_told(logs):
    for at, human in ((1000, "One"), (1001, "Two"), (500, "Three"), (1002, "Four")):
        logs.tell("a", at, "step", human, correlation_id="req-1")
    logs.tell("b", 900, "step", "Before", correlation_id="req-1")
    found = story(logs, "req-1")
    assert said(found) == ["Before", "One", "Two", "Three", "Four"]
    assert "clock goes back by 501 ms" in found.notes[0]


def test_a_host_whose_clock_is_behind_answers_after_it_is_called(logs):
    logs.tell("gateway", 0, "call", "Calling", correlation_id="req-1", event="call", span_id="s1")
    logs.tell("worker", -3000, "request", "Taking", correlation_id="req-1", span_id="s2", parent_span_id="s1")
    logs.tell("worker", -2990, "request", "Done", correlation_id="req-1", span_id="s2", parent_span_id="s1")
    logs.tell("gateway", 15, "call", "Answered", correlation_id="req-1", event="call_end", span_id="s1")
    found = story(logs, "req-1")
    assert said(found) == ["Calling", "Taking", "Done", "Answered"]
    assert "3000 ms behind" in found.notes[0]


def test_standard_input_can_be_searched_twice(logs, narration):
    logs.tell("a", 0, "one", "First", correlation_id="req-1", job_id="job-1")
    logs.tell("a", 1, "two", "Second", correlation_id="req-1")
    done = narration("story", "job-1", "-", given=logs.path("a").read_bytes())
    assert "First" in done.stdout
    assert "Second" in done.stdout


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 50)), max_size=40), st.randoms())
def test_any_interleaving_keeps_the_order_of_each_file(steps, chance: random.Random):
    files: dict[str, list[Line]] = {}
    for place, (source, at_ms) in enumerate(steps):
        files.setdefault(source, []).append(Line(source, place, at_ms, None, str(place), "text"))
    sources = list(files)
    chance.shuffle(sources)
    ordered, _ = in_order([line for source in sources for line in files[source]])
    assert sorted(line.text for line in ordered) == sorted(str(place) for place in range(len(steps)))
    for source, own in files.items():
        assert [line for line in ordered if line.source == source] == own


@given(st.lists(st.lists(st.integers(0, 1000), max_size=20).map(sorted), max_size=5))
def test_files_with_good_clocks_are_merged_by_time(times):
    lines = [Line(str(f), n, at, None, "", "text") for f, its in enumerate(times) for n, at in enumerate(its)]
    ordered, notes = in_order(lines)
    assert [line.at_ms for line in ordered] == sorted(at for its in times for at in its)
    assert not notes


def test_only_what_is_the_same_is_shown_once(logs, narration):
    for at, said in enumerate(["Request started", "Calling the bank", "Calling the bank"]):
        logs.line("api", json.dumps({"time": START_MS + at, "name": "api", "msg": said, "request_id": "req-1"}))
    for at, target in enumerate(["GPU0", "GPU1"]):
        logs.tell("pool", 100 + at, "spawn", f"Spawning on {target}", target=target, correlation_id="req-1")
    rows = narration("story", "req-1", str(logs.folder)).stdout
    for said in ("Request started", "Calling the bank (2 times", "Spawning on GPU0", "Spawning on GPU1"):
        assert said in rows


def test_threads_that_write_a_little_out_of_order_are_no_bad_clock(logs):
    for at in (0, 50, 47, 60):
        logs.tell("api", at, "x", "Said", correlation_id="req-1")
    assert story(logs, "req-1").notes == []


def test_a_time_that_is_that_of_the_line_before_keeps_its_hour(logs, narration):
    logs.tell("a", 0, "x", "Said", correlation_id="req-1")
    logs.line("a", "no time here: req-1")
    assert "\n~21:06:40.00  a  no time here: req-1\n" in narration("story", "req-1", str(logs.folder)).stdout


ODD = [
    {"emitted_at_ms": 99999999999999999, "actor": "a", "action": "x", "target": "-", "human": "Far", "level": "info"},
    {"emitted_at_ms": -5, "actor": "a", "action": "x", "target": "-", "human": "Before", "level": "info"},
    {"time": 1e300, "msg": "Inf"},
    {"time": "\u00b2", "msg": "Superscript"},
    {"time": "9999-99-99T00:00:00Z", "msg": "Date"},
    {"time": "0001-01-01T00:00:00", "msg": "Year one"},
    {"time": "9999-12-31T23:59:59-14:00", "msg": "Last year"},
    {"time": {"a": 1}, "level": [1], "msg": {"a": 1}},
]


@pytest.mark.parametrize("command", ["story", "why", "tail", "json", "chrome-trace", "otlp", "ndjson"])
def test_odd_values_and_file_names_are_no_traceback(logs, narration, command):
    path = os.fsdecode(os.fsencode(str(logs.folder)) + b"/\xff\x1b[31m.log")
    with open(path, "w", encoding="utf-8") as file:  # noqa: PTH123 - a name that is not text
        file.writelines(json.dumps(record | {"correlation_id": "req-1"}) + "\n" for record in ODD)
    folder = str(logs.folder)
    arguments = {
        "story": ["story", "req-1", folder, "--tree"],
        "why": ["why", "req-1", folder],
        "tail": ["tail", "--no-follow", folder],
        "json": ["story", "req-1", folder, "-o", "json"],
    }.get(command, ["story", "req-1", folder, "--export", command, "-"])
    done = narration(*arguments)
    assert (done.returncode, done.stderr) == (0, "")
    assert "\x1b" not in done.stdout


def test_an_id_of_no_known_kind_leads_to_the_request_whose_lines_name_it(logs, narration):
    logs.tell("orders", 0, "take", "Taking the order", target="order-77", correlation_id="req-1")
    logs.tell("payments", 9, "charge", "Charging the card", correlation_id="req-1")
    logs.line("mailer", '{"time":1795900000500,"msg":"sent","request_id":"req-2","order":"order-88"}')
    logs.tell("payments", 9, "charge", "Charging another card", correlation_id="req-2")
    found = narration("story", "order-77", "logs")
    assert found.returncode == 0
    assert "Charging the card" in found.stdout
    assert "another" not in found.stdout
    assert "nothing has order-77 as its id" in " ".join(found.stdout.split())
    other = narration("story", "order-88", "logs")
    assert "Charging another card" in other.stdout
    assert narration("story", "order-8", "logs").returncode == 1
