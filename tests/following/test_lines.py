"""Lines of any logger are understood by their usual names, and others are shown as they are."""

import json
import time
from datetime import UTC, datetime

import pytest

from narration_core.following._lines import belongs, mention, parse
from narration_core.following._scan import Hit
from narration_core.following._story_text import sentence

pytestmark = pytest.mark.req("FOL-01")

AT = 1_795_900_000_123


def read(line, before=b"", source="logs/orders.log"):
    return parse(Hit(0, line.encode() if isinstance(line, str) else line, before), source)


RECORDS = {
    "structlog": {
        "event": "Order placed",
        "level": "warning",
        "timestamp": "2026-11-28T21:06:40.123Z",
        "request_id": "r-1",
    },
    "python-json-logger": {
        "asctime": "2026-11-28 21:06:40,123+00:00",
        "levelname": "WARNING",
        "name": "orders.api",
        "message": "Order placed",
        "correlation_id": "r-1",
    },
    "ECS": {
        "@timestamp": "2026-11-28T21:06:40.123Z",
        "log": {"level": "warn", "logger": "orders"},
        "message": "Order placed",
        "service": {"name": "orders"},
        "http": {"request": {"id": "r-1"}},
    },
    "pino": {"level": 40, "time": AT, "msg": "Order placed", "name": "orders", "req": {"id": "r-1"}},
    "zap": {"level": "warn", "ts": AT / 1000, "logger": "orders", "msg": "Order placed", "requestId": "r-1"},
    "zerolog": {"level": "warn", "time": "2026-11-28T21:06:40.123Z", "message": "Order placed", "req_id": "r-1"},
    "slog": {"time": "2026-11-28T22:06:40.123+01:00", "level": "WARN", "msg": "Order placed", "correlationId": "r-1"},
    "OpenTelemetry": {
        "timestamp": AT * 1_000_000,
        "severity_text": "WARN",
        "body": "Order placed",
        "attributes": {"x": 1},
        "correlation_id": "r-1",
    },
}


WRITTEN = {
    "loguru": {
        "text": "2026 | WARNING | Order placed\n",
        "record": {
            "extra": {"request_id": "r-1"}, "level": {"name": "WARNING", "no": 30}, "message": "Order placed",
            "name": "__main__", "time": {"repr": "2026-11-28 21:06:40", "timestamp": AT / 1000},
        },
    },
    "monolog": {
        "message": "Order placed", "context": {"request_id": "r-1"}, "level": 300, "level_name": "WARNING",
        "channel": "app", "datetime": "2026-11-28T21:06:40.123+00:00",
    },
    "GELF": {"short_message": "Order placed", "timestamp": AT / 1000, "level": 4, "request_id": "r-1"},
    "Serilog": {
        "@t": "2026-11-28T21:06:40.123Z", "@mt": "{What} placed", "What": "Order", "@l": "Warning", "RequestId": "r-1",
    },
    "OTLP": {
        "timeUnixNano": str(AT * 1_000_000), "severityText": "WARN", "body": {"stringValue": "Order placed"},
        "attributes": [{"key": "request_id", "value": {"stringValue": "r-1"}}],
    },
}  # fmt: skip
RECORDS |= WRITTEN


@pytest.mark.parametrize("name", RECORDS)
def test_the_json_of_other_loggers_is_read_by_its_usual_names(name):
    line = read(json.dumps(RECORDS[name]))
    assert line.kind == "record"
    assert line.event.human == "Order placed"
    assert line.event.correlation_id == "r-1"
    assert line.event.level == "warn"
    assert line.at_ms == AT
    assert line.service.startswith("orders")


def test_what_went_wrong_is_told_after_the_message():
    for error in (
        {"err": {"type": "Error", "message": "deadlock"}},
        {"error": "deadlock"},
        {"err": "deadlock\n  at x"},
    ):
        line = read(json.dumps({"level": 50, "time": AT, "msg": "Not stored", "req": {"id": "r-1"}} | error))
        assert line.event.human == "Not stored: deadlock"
    same = read(json.dumps({"level": 50, "time": AT, "msg": "a deadlock", "error": "deadlock"}))
    assert same.event.human == "a deadlock"


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-28T21:06:40.123+00:00 host labels[77]: printing r-1",
        "<34>1 2026-11-28T21:06:40.123Z host labels 77 ID47 - printing r-1",
        '<34>1 2026-11-28T21:06:40.123Z host labels 77 - [x@1 a="b"] printing r-1',
    ],
)
def test_a_line_of_syslog_is_of_the_program_that_it_names(text):
    line = read(text)
    assert (line.service, line.event.human, line.at_ms, line.event.emitted_at_ms) == ("labels", "printing r-1", AT, AT)


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("2026-11-28 21:06:40,123 ERROR [billing] charge of r-1 failed", "error"),
        ("2026-11-28 21:06:40.123 | WARNING  | app:pay:9 - r-1", "warn"),
        ("2026/11/28 21:06:40 [crit] 7#7: *3 r-1", "fatal"),
        ('127.0.0.1 - - [28/Nov/2026:21:06:40 +0000] "GET /r-1 HTTP/1.1" 504 14 "-"', "error"),
        ('127.0.0.1 - - [28/Nov/2026:21:06:40 +0000] "GET /r-1 HTTP/1.1" 200 500 "-"', "info"),
    ],
)
def test_plain_text_has_the_level_that_it_names_and_stays_as_it_is(text, level):
    line = read(text)
    assert (line.event.level, line.event.human, line.service) == (level, text, "orders")
    assert sentence(line) == text


def test_logfmt_in_single_quotes_is_read_too():
    line = read("event='It\\'s \"done\"' request_id='r-1' level='info' timestamp='2026-11-28T21:06:40.123Z'")
    assert (line.event.human, line.event.correlation_id, line.at_ms) == ('It\'s "done"', "r-1", AT)


@pytest.mark.parametrize(
    "around",
    [
        "2026-11-28T21:06:40.123Z stdout F {}",
        '{{"log":"{}\\n","stream":"stdout","time":"2026-11-28T21:06:40.123Z"}}',
    ],
)
def test_a_record_without_a_time_has_that_of_the_container_that_it_came_from(around):
    inner = '{"msg":"Order placed","request_id":"r-1"}'
    line = read(around.format(inner.replace('"', '\\"') if "log" in around else inner))
    assert (line.event.human, line.at_ms, line.guessed) == ("Order placed", AT, False)


def test_logfmt_is_read_too():
    line = read('time=2026-11-28T21:06:40.123Z level=error msg="Order \\"9\\" lost" request_id=r-1')
    assert (line.event.human, line.event.level, line.event.correlation_id, line.at_ms) == (
        'Order "9" lost', "error", "r-1", AT,
    )  # fmt: skip


def test_a_pretty_line_of_ours_is_an_event():
    line = read("[pool-managerd] spawn          : Spawning engine for r-1", b"2026-11-28T21:06:40.123Z before\n")
    assert (line.event.actor, line.event.action, line.event.human) == (
        "pool-managerd",
        "spawn",
        "Spawning engine for r-1",
    )
    assert (line.at_ms, line.guessed) == (AT, True)


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-28T21:06:40.123Z r-1 gone",
        "2026-11-28 21:06:40,123Z [r-1] gone",
        "1795900000.123 r-1 gone",
        '127.0.0.1 - - 2026-11-28T21:06:40.123+00:00 "GET /r-1"',
    ],
)
def test_plain_text_has_the_time_that_it_says(text):
    line = read(text)
    assert (line.event, line.at_ms, line.guessed, line.text) == (None, AT, False, text)


@pytest.mark.parametrize(
    ("text", "at_ms"),
    [
        ('10.0.0.7 - - [28/Nov/2026:21:06:40 +0000] "GET /r-1"', AT - 123),
        ("2026/11/28 21:06:40.123 r-1", AT),
        ("I1128 21:06:40.123456    7 a.go:1] r-1", AT),
        ("Nov 28 21:06:40 host sshd[7]: r-1", AT - 123),
        ("<13>Nov 28 21:06:40 host a: r-1", AT - 123),
    ],
)
def test_the_times_of_servers_are_read(text, at_ms, monkeypatch):
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    try:
        year = datetime.now(UTC).year
        found = datetime.fromtimestamp(read(text).at_ms / 1000, UTC)
        expected = datetime.fromtimestamp(at_ms / 1000, UTC)
        # Klog and syslog name no year; theirs is this year or, for days to come, the last one.
        assert found.replace(year=2026) == expected
        assert found.year == 2026 or found.year in {year, year - 1}
    finally:
        monkeypatch.undo()
        time.tzset()


def test_plain_text_without_a_time_has_that_of_the_line_before_it():
    before = b'{"emitted_at_ms":1795900000123,"actor":"a","action":"b"}\nTraceback (most recent call last):\n'
    line = read("KeyError: 'r-1'", before)
    assert (line.at_ms, line.guessed) == (AT, True)


@pytest.mark.parametrize(
    "line",
    [
        b'{"emitted_at_ms":1795900000123,"actor":"worker","acti',
        b'{"a":',
        b"\xff\xfe r-1 \x80",
        b'["r-1"]',
        b"{}",
        b'{"event":"\\ud800 r-1"}',
    ],
)
def test_what_cannot_be_understood_is_text(line):
    assert read(line).kind in {"text", "record"}


def test_a_hostile_file_cannot_drive_the_terminal():
    hostile = {
        "emitted_at_ms": AT,
        "actor": "a\u001b[2J",
        "action": "b",
        "human": "red\u001b[31m\u202e\nforged",
        "correlation_id": "r-1",
    }
    line = read(json.dumps(hostile))
    assert "\x1b" not in line.service + line.event.human
    assert "\n" not in line.event.human
    assert "\x1b" not in read(b"r-1 \x1b]0;title\x07\x1b[2J").text


@pytest.mark.parametrize(
    ("text", "is_there"),
    [
        ("id=r-1.", True), ("[r-1]", True), ("r-1", True), ('"r-1"', True), ("/jobs/r-1/stream", True),
        ("r-1: gone", True),
        ("r-10", False), ("xr-1", False), ("r-1-2", False), ("r-1.2", False), ("r_r-1", False), ("a.r-1", False),
    ],
)  # fmt: skip
def test_an_id_is_found_whole(text, is_there):
    assert belongs(read(text), ["r-1"], mention(["r-1"])) is is_there


def test_an_event_of_another_request_that_mentions_an_id_does_not_belong():
    event = {"emitted_at_ms": AT, "actor": "a", "action": "b", "human": "after r-1", "correlation_id": "r-2"}
    assert not belongs(read(json.dumps(event)), ["r-1"], mention(["r-1"]))
    del event["correlation_id"]
    assert belongs(read(json.dumps(event)), ["r-1"], mention(["r-1"]))


NARRATED = json.dumps(
    {"emitted_at_ms": AT, "level": "info", "actor": "shop", "action": "place", "target": "-", "human": "Placed"}
    | {"correlation_id": "r-1"},
    separators=(",", ":"),
)
WRAPPED = {
    "Docker": '{"log":' + json.dumps(NARRATED + "\n") + ',"stream":"stdout","time":"2026-11-28T10:00:00Z"}',
    "Kubernetes": f"2026-11-28T10:00:00.123456789Z stdout F {NARRATED}",
    "Compose": f"web-1  | {NARRATED}",
    "syslog": f"Nov 28 10:00:00 host shop[12]: {NARRATED}",
}  # fmt: skip


@pytest.mark.parametrize("name", WRAPPED)
def test_narration_inside_the_lines_of_a_container_is_read(name):
    line = read(WRAPPED[name])
    assert (line.kind, line.service, line.at_ms) == ("narration", "shop", AT)
    assert line.event.correlation_id == "r-1"


def test_a_record_without_a_message_says_its_fields_and_is_not_torn():
    line = read('{"time":"2026-11-28T21:06:40.123Z","request_id":"r-1","method":"GET","path":"/x","status":500}')
    assert (line.kind, line.is_torn, line.at_ms) == ("record", False, AT)
    assert line.event.human == "method=GET path=/x status=500"
    assert read('{"request_id":"r-1","met').is_torn


@pytest.mark.parametrize("container", ["attributes", "fields", "context", "mdc", "extra"])
def test_ids_that_a_logger_puts_into_a_container_are_found(container):
    line = read(json.dumps({"message": "Placed", container: {"correlation_id": "r-1", "user": "u"}}))
    assert line.event.correlation_id == "r-1"
