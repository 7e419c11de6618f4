"""The search in plain logs, on logs that are made up here."""

import json

import pytest

from fleet.plain_logs import Effort, search, write_plain_logs
from narration_core import decode

PORTS = {"7001": "store", "7002": "mailer"}


def event(ms, actor, human, level="info", **more):
    """Return an event."""
    fields = {"emitted_at_ms": 1_700_000_000_000 + ms, "level": level, "actor": actor, "action": "work", "target": "x"}
    return decode(json.dumps({**fields, "human": human, **more}))


def looked(tmp_path, told, cause):
    write_plain_logs([event(*one) for one in told], tmp_path)
    return search(tmp_path, "task-1", cause, first="front", ports=PORTS)


def test_a_plain_log_has_a_line_for_each_event_of_its_process_and_no_id_of_the_scope(tmp_path):
    worker = event(3, "worker", "Third", correlation_id="req-1", worker_id="w-1")
    write_plain_logs([event(2, "front", "Second", "warn"), event(1, "front", "First"), worker], tmp_path)
    assert (tmp_path / "front.log").read_text().splitlines() == [
        "2023-11-14T22:13:20.001+00:00 INFO  front: First (x)",
        "2023-11-14T22:13:20.002+00:00 WARN  front: Second (x)",
    ]
    assert "req-1" not in (tmp_path / "w-1.log").read_text()


def test_the_search_ends_at_the_line_with_the_cause(tmp_path):
    told = [(1, "front", "Got task-1"), (2, "front", "Refused task-1: it is too long"), (3, "front", "Forgot task-1")]
    effort = looked(tmp_path, told, "it is too long")
    assert (effort.found, effort.lines, effort.commands) == (True, 2, ["grep task-1 front.log"])


def test_it_goes_on_where_conspicuous_lines_lead_first(tmp_path):
    told = [
        (1, "front", "Got task-1"),
        (2, "front", "Calling GET host:7001/a"),
        (3, "front", "POST host:7002/b answered 503"),
        (3, "store", "Fine"),
        (3, "mailer", "The disk is full"),
        (4, "front", "Gave the task up: task-1"),
        (5, "mailer", "Something else, later"),
    ]
    effort = looked(tmp_path, told, "The disk is full")
    assert effort.found
    assert [command.split()[-1] for command in effort.commands] == ["front.log", "front.log", "mailer.log"]
    assert effort.lines == 2 + 4 + 1


def test_a_task_that_has_not_ended_is_looked_for_until_now(tmp_path):
    told = [(1, "front", "Got task-1"), (2, "front", "Calling GET host:7001/a"), (9, "store", "Waiting for a lock")]
    assert looked(tmp_path, told, "Waiting for a lock").found


@pytest.mark.parametrize("told", [[(1, "front", "Quiet")], [(1, "front", "Got task-1"), (1, "store", "Never named")]])
def test_what_is_nowhere_is_not_found(tmp_path, told):
    effort = looked(tmp_path, told, "Never named")
    assert not effort.found
    assert effort.lines <= 2


def test_a_sentence_on_two_lines_is_read_with_the_second(tmp_path):
    (tmp_path / "shown").write_text("Held by:   the store, which\n           is full\nmore\n")
    effort = Effort("the store, which is full")
    effort.read("cat shown", ["cat", tmp_path / "shown"])
    assert (effort.found, effort.lines) == (True, 2)
