"""What goes to a collector: as the protocol says it, once taken never again, and what is rejected is a number."""

import os
import subprocess
import sys

import pytest

from narration_core import Narrator, configure, flush, stats
from narration_core.contract import from_fields
from narration_core.sinks import OtlpSink
from narration_core.sinks._otlp import LaterError, headers_in
from support.collector import records, running_collector

pytestmark = pytest.mark.req("ORCH-3309")
TRACE = "0af7651916cd43dd8448eb211c80319c"


@pytest.fixture
def collector():
    with running_collector() as (kind, url):
        yield kind, url


def said(human="Spawning", **more):
    known = {"emitted_at_ms": 1_795_900_000_123, "level": "warn", "actor": "poold", "action": "spawn", "target": "gpu0"}
    return from_fields({**known, "human": human, **more})


def test_an_event_is_a_log_record_of_its_service(collector):
    kind, url = collector
    sink = OtlpSink(url, {"X-Scope-OrgID": "7"})
    ids = {"trace_id": TRACE, "span_id": "00000000000000a1", "correlation_id": "req-1"}
    sink.send([said(emitted_by="pool@1.2", percent=50, **ids), said("Alone", actor="other", trace_id="mine")])
    sink.close()
    ((path, headers, body),) = kind.seen
    assert (path, headers["X-Scope-OrgID"], headers["Content-Type"]) == ("/v1/logs", "7", "application/json")
    assert [resource["resource"]["attributes"] for resource in body["resourceLogs"]] == [
        [
            {"key": "service.name", "value": {"stringValue": "pool"}},
            {"key": "service.version", "value": {"stringValue": "1.2"}},
        ],
        [{"key": "service.name", "value": {"stringValue": "other"}}],
    ]
    first, second = records(body)
    attributes = {pair["key"]: pair["value"] for pair in first.pop("attributes")}
    assert first == {
        "timeUnixNano": "1795900000123000000", "severityNumber": 13, "severityText": "warn",
        "body": {"stringValue": "Spawning"}, "eventName": "poold.spawn", "traceId": TRACE, "spanId": "00000000000000a1",
    }  # fmt: skip
    assert attributes["narration.correlation_id"] == {"stringValue": "req-1"}
    assert attributes["narration.percent"] in ({"intValue": "50"}, {"doubleValue": 50.0})
    assert "traceId" not in second
    assert {"key": "narration.trace_id", "value": {"stringValue": "mine"}} in second["attributes"]


def test_a_path_of_ones_own_stays(collector):
    kind, url = collector
    sink = OtlpSink(f"{url}/otlp/v1/logs")
    sink.send([said()])
    assert [path for path, _, _ in kind.seen] == ["/otlp/v1/logs"]
    sink.close()


@pytest.mark.parametrize(
    ("answer", "rejected"),
    [
        ((200, {}, b'{"partialSuccess":{"rejectedLogRecords":"2","errorMessage":"too old"}}'), 2),
        ((200, {}, b'{"partialSuccess":{"rejectedLogRecords":1}}'), 1),
        ((200, {}, b'{"partialSuccess":{}}'), 0),
        ((200, {}, b"not JSON"), 0),
        ((400, {}, b""), 3),
        ((401, {}, b""), 3),
        ((413, {}, b""), 3),
    ],
)
def test_what_can_never_be_taken_is_counted_and_not_sent_again(collector, answer, rejected):
    kind, url = collector
    kind.answers.append(answer)
    sink = OtlpSink(url)
    sink.send([said(), said(), said()])
    assert (sink.rejected, len(kind.seen)) == (rejected, 1)
    sink.close()


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_what_may_be_taken_later_waits_as_long_as_it_is_asked_to(collector, status):
    kind, url = collector
    kind.answers += [(status, {"Retry-After": "7"}, b""), (status, {}, b"")]
    sink = OtlpSink(url)
    with pytest.raises(LaterError, match=str(status)):
        sink.send([said()])
    assert sink.cool_off_s == 7
    with pytest.raises(LaterError):
        sink.send([said()])
    assert sink.cool_off_s != 7
    sink.send([said()])
    assert (sink.rejected, len(kind.seen)) == (0, 3)
    sink.close()


def test_a_collector_that_is_away_is_named_without_secrets():
    sink = OtlpSink("http://user:hidden-word@127.0.0.1:9")
    with pytest.raises(OSError, match=r"the collector at http://127\.0\.0\.1:9 cannot be reached") as failure:
        sink.send([said()])
    assert "hidden-word" not in str(failure.value)
    with pytest.raises(ValueError, match="the collector's address"):
        OtlpSink("nowhere")
    for name, value in (("a b", "c"), ("a", "b\r\nc: d"), ("a", "\u00e9")):
        with pytest.raises(ValueError, match="a header"):
            OtlpSink("http://127.0.0.1:9", {name: value})


def test_what_came_from_opentelemetry_does_not_go_back(collector):
    kind, url = collector
    sink = OtlpSink(url)
    sink.send([said("Theirs", origin="otlp")])
    assert kind.seen == []
    sink.send([said("Ours"), said("Theirs", origin="otlp")])
    ((_, _, body),) = kind.seen
    assert [record["body"]["stringValue"] for record in records(body)] == ["Ours"]
    sink.close()


def test_a_process_exports_what_it_narrates_when_the_collector_is_back(collector):
    kind, url = collector
    kind.answers.append((503, {"Retry-After": "0"}, b""))
    sink = OtlpSink(url)
    configure(sinks=[sink], strict=False)
    for number in range(1000):
        Narrator("shop")("take_order", "tea", "Order {number}", number=number)
    flush(60)
    told = [record["body"]["stringValue"] for _, _, body in kind.seen[1:] for record in records(body)]
    assert sorted(told) == sorted(f"Order {number}" for number in range(1000))
    assert stats()["sink_failures"]["otlp"] == 1
    configure(sinks=[])


def test_headers_are_those_of_the_variable():
    given = {"NARRATION_OTLP_HEADERS": "Authorization=Bearer%20a%2Cb, X-Scope-OrgID = 7,nonsense,=x"}
    assert headers_in(given) == {"Authorization": "Bearer a,b", "X-Scope-OrgID": "7"}


@pytest.mark.parametrize("status", [200, 401])
def test_one_variable_sends_everything_and_a_collector_that_takes_nothing_is_told_once(collector, status):
    kind, url = collector
    kind.answers += [(status, {}, b"{}")] * 10
    program = """
from narration_core import Narrator, flush
for number in range(3):
    Narrator("shop")("take_order", "tea", "Order {number}", number=number)
    flush()
"""
    environment = {**os.environ, "NARRATION_OTLP": url, "NARRATION_OTLP_HEADERS": "Authorization=Bearer%20hidden-word"}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.count("Order") == 3
    assert {headers["Authorization"] for _, headers, _ in kind.seen} == {"Bearer hidden-word"}
    assert [record["body"]["stringValue"] for _, _, body in kind.seen for record in records(body)] == [
        f"Order {number}" for number in range(3)
    ]
    told = done.stderr.splitlines()
    assert len(told) == (status == 401)
    assert all("takes no events: it answers 401" in line and "hidden-word" not in line for line in told)


@pytest.mark.parametrize("url", ["nowhere", "ftp://collector"])
def test_an_impossible_address_is_told_and_nothing_breaks(url):
    program = "from narration_core import Narrator; Narrator('shop')('open', 'door', 'Opening')"
    environment = {**os.environ, "NARRATION_OTLP": url}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert "Opening" in done.stdout
    assert "NARRATION_OTLP is ignored: the collector's address" in done.stderr
