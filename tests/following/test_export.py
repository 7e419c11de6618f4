"""What is exported is what other programs read."""

import json
import subprocess
from itertools import combinations

import pytest

pytestmark = pytest.mark.req("FOL-01")


@pytest.fixture
def busy(logs):
    """Two spans of one service that overlap, one of another, one open, a failed one, and a line of another program."""
    ids = {"correlation_id": "req-1", "trace_id": "0af7651916cd43dd8448eb211c80319c"}
    logs.span("gateway", 0, 100, "request", "Taking in", "00000000000000a1", **ids)
    logs.span("gateway", 10, 200, "call", "Calling", "00000000000000a2", parent_span_id="00000000000000a1", **ids)
    logs.span("worker", 20, None, "execute", "Generating", "00000000000000a3", parent_span_id="00000000000000a2", **ids)
    logs.tell("worker", 30, "execute", "Half", percent=50, extra={"sizes": [1, 2.5, None], "deep": {"a": True}}, **ids)
    logs.line("nginx", "2026-11-28T21:06:40.025Z GET /req-1 200")
    return logs


def export(narration, logs, tmp_path, name):
    target = tmp_path / f"story.{name}"
    done = narration("story", "req-1", str(logs.folder), "--export", name, str(target))
    assert done.returncode == 0, done.stderr
    return target


def test_ndjson_is_read_by_jq(busy, narration, tmp_path):
    target = export(narration, busy, tmp_path, "ndjson")
    read = subprocess.run(
        ["jq", "-rs", 'map(select(.correlation_id=="req-1")) | sort_by(.emitted_at_ms) | .[].human', str(target)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert read.stdout.splitlines() == [
        "Taking in",
        "Calling",
        "Generating",
        "Half",
        "Finished: Taking in",
        "Finished: Calling",
    ]


def test_otlp_is_read_by_the_official_protobuf_types(busy, narration, tmp_path):
    from google.protobuf import json_format
    from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

    data = json.loads(export(narration, busy, tmp_path, "otlp").read_text())
    # OTLP's JSON has hexadecimal ids where protobuf's own JSON has base64: the one known difference.
    records = [r for resource in data["resourceLogs"] for scope in resource["scopeLogs"] for r in scope["logRecords"]]
    assert {record.pop("traceId", None) for record in records} == {"0af7651916cd43dd8448eb211c80319c", None}
    for record in records:
        record.pop("spanId", None)
    request = json_format.ParseDict(data, ExportLogsServiceRequest())
    services = [resource.resource.attributes[0].value.string_value for resource in request.resource_logs]
    assert services == ["gateway", "worker", "nginx"]
    worker = request.resource_logs[1].scope_logs[0].log_records
    assert [record.body.string_value for record in worker] == ["Generating", "Half"]
    assert worker[0].time_unix_nano == 1_795_900_000_020_000_000
    assert worker[0].severity_text == "info"


def test_a_trace_has_one_lane_for_work_that_overlaps(busy, narration, tmp_path):
    events = json.loads(export(narration, busy, tmp_path, "chrome-trace").read_text())["traceEvents"]
    work = [event for event in events if event["ph"] == "X"]
    assert sorted(event["name"] for event in work) == ["call", "execute", "request"]
    for one, other in combinations(work, 2):
        if (one["pid"], one["tid"]) == (other["pid"], other["tid"]):
            assert one["ts"] + one["dur"] <= other["ts"] or other["ts"] + other["dur"] <= one["ts"]
    assert next(event for event in work if event["name"] == "execute")["cat"] == "open"
    assert {event["args"]["name"] for event in events if event["ph"] == "M"} == {"gateway", "worker", "nginx"}
    assert len([event for event in events if event["ph"] == "i"]) == 7


def test_a_file_that_cannot_be_written_is_told_and_is_no_traceback(logs, narration):
    logs.tell("a", 0, "x", "Said", correlation_id="req-1")
    done = narration("story", "req-1", str(logs.folder), "--export", "ndjson", "/nowhere/file")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.endswith("/nowhere/file: the story cannot be written there: No such file or directory\n")
