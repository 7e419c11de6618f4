"""Logs of OpenTelemetry: what SDKs send becomes events like all others, in JSON and protobuf, packed or not."""

import asyncio
import base64
import gzip
import json
import time

import pytest
from aiohttp import web
from google.rpc.code_pb2 import Code
from google.rpc.status_pb2 import Status
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest, ExportLogsServiceResponse
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import SimpleLogRecordProcessor
from opentelemetry.sdk.resources import Resource

from narration_core import encode
from narration_core.contract import from_fields
from narration_core.following import Files, follow
from narration_core.following._export import otlp as exported
from narration_core.serving import requests
from narration_hub.config import Settings
from narration_hub.errors import HubError
from narration_hub.exchange import Exchange, Producer
from narration_hub.http.server import Server
from narration_hub.otlp import batches
from narration_hub.tickets import Tickets
from support.hub import bearer, hub

pytestmark = pytest.mark.req("HUB-06")

JSON, PROTOBUF = "application/json", "application/x-protobuf"
AT = 1_795_900_000_123
TRACE, SPAN = "5b8efff798038103d269b633813fc60c", "eee19b7ec3c1b174"
SECRET = "hunter2hunter2"
PRODUCER = "a-made-up-producer"


def value(given):
    """Return a value as OTLP/JSON has it."""
    match given:
        case bool():
            return {"boolValue": given}
        case int():
            return {"intValue": str(given)}
        case float():
            return {"doubleValue": given}
        case bytes():
            return {"bytesValue": base64.b64encode(given).decode()}
        case list():
            return {"arrayValue": {"values": [value(inner) for inner in given]}}
        case dict():
            return {"kvlistValue": {"values": pairs(given)}}
        case None:
            return {}
    return {"stringValue": given}


def pairs(given):
    return [{"key": name, "value": value(inner)} for name, inner in given.items()]


def record(body="Order placed", /, **more):
    """Return a log record; attributes as a plain dict."""
    attributes = {"attributes": pairs(more.pop("attributes", {}))}
    said = {"timeUnixNano": str(AT * 1_000_000), "severityNumber": 9, "body": value(body), **attributes}
    return {name: given for name, given in {**said, **more}.items() if given is not None}


def request(*records, service="checkout", scope="checkout.orders", **resource):
    about = {"service.name": service, **resource} if service else resource
    logs = {"scope": {"name": scope}, "logRecords": list(records)}
    return {"resourceLogs": [{"resource": {"attributes": pairs(about)}, "scopeLogs": [logs]}]}


def as_protobuf(body):
    """Return the same request in protobuf: there, ids are bytes, which its own JSON form writes as base64."""
    copy = json.loads(json.dumps(body))
    for resource in copy["resourceLogs"]:
        for logs in resource["scopeLogs"]:
            for one in logs["logRecords"]:
                for name in {"traceId", "spanId"} & one.keys():
                    one[name] = base64.b64encode(bytes.fromhex(one[name])).decode()
    from google.protobuf.json_format import ParseDict

    return ParseDict(copy, ExportLogsServiceRequest()).SerializeToString()


def written(body, media_type):
    return as_protobuf(body) if media_type == PROTOBUF else json.dumps(body).encode()


def events(body, media_type=JSON, bound=""):
    """Return what a request becomes, as it comes out of the hub's door."""
    exchange = Exchange(Settings())
    refused = []
    for batch in batches(written(body, media_type), media_type, bound):
        refused += exchange.take(batch.lines, Producer("test", batch.service)).refused
    assert [refusal.reason for refusal in refused] == []
    return [json.loads(line) for block in exchange.kept.blocks(None) for line in block.splitlines()]


def run(main):
    asyncio.run(asyncio.wait_for(main, 120))


async def post(one, body, media_type=JSON, *, token=None, headers=None):
    given = {"Content-Type": media_type, **bearer(token), **(headers or {})}
    async with one.session.post("/v1/logs", data=body, headers=given) as response:
        return response.status, response.content_type, await response.read(), response.headers


async def story(one, name, token=None):
    return [line["event"] for line in (await one.ask("GET", f"/v1/stories/{name}", token))["lines"]]


# -- the official exporter ----------------------------------------------------------------------------


def export(url, compression, headers=None):
    """Emit two records through the official SDK and exporter; return nothing, as applications see it."""
    resource = Resource({"service.name": "payments", "service.version": "2.1", "host.name": "node-7"})
    provider = LoggerProvider(resource=resource)
    exporter = OTLPLogExporter(f"{url}/v1/logs", compression=compression, headers=headers)
    provider.add_log_record_processor(SimpleLogRecordProcessor(exporter))
    logger = provider.get_logger("payments.cards")
    common = {"timestamp": AT * 1_000_000, "trace_id": int(TRACE, 16), "span_id": int(SPAN, 16)}
    ids = {"correlation_id": "req-7", "job_id": "job-7"}
    said = {"amount": 12.5, "tried": 3, "final": True, "cards": ["a", "b"], "password": SECRET}
    logger.emit(
        LogRecord(**common, severity_number=SeverityNumber.ERROR2, body="Card refused", attributes={**ids, **said})
    )
    logger.emit(LogRecord(**common, event_name="card.retry", attributes=ids))
    provider.shutdown()


@pytest.mark.parametrize("compression", [Compression.NoCompression, Compression.Gzip, Compression.Deflate])
def test_the_official_exporter_is_understood(compression):
    async def main():
        async with hub() as one:
            await asyncio.to_thread(export, one.url, compression)
            refused, retry = await story(one, "req-7")
            assert refused.items() >= {
                "emitted_at_ms": AT, "level": "error", "actor": "payments", "action": "log", "human": "Card refused",
                "correlation_id": "req-7", "job_id": "job-7", "trace_id": TRACE, "span_id": SPAN, "amount": 12.5,
                "tried": 3, "final": True, "cards": ["a", "b"], "logger": "payments.cards", "host.name": "node-7",
                "emitted_by": "payments@2.1", "origin": "otlp",
            }.items()  # fmt: skip
            assert SECRET not in json.dumps(refused)
            assert (retry["action"], retry["human"], retry["level"]) == ("card.retry", "card.retry", "info")
            board = await one.ask("GET", "/v1/jobs")
            assert [job["job_id"] for job in board["jobs"]] == ["job-7"]
            assert [service["service"] for service in board["services"]] == ["payments"]
            async with one.stream("/v1/jobs/job-7/stream") as reader:
                assert await reader.sentences(2) == ["Card refused", "card.retry"]

    run(main())


# -- what becomes of a record -------------------------------------------------------------------------


@pytest.mark.parametrize("media_type", [JSON, PROTOBUF])
def test_both_forms_say_the_same(media_type):
    attributes = {
        "correlation_id": "req-1", "http.route": "/cart", "exception.type": "KeyError", "n": -(1 << 40), "ok": False,
        "nested": {"a": [1, "b", 1.5]}, "raw": b"bytes", "nothing": None,
    }  # fmt: skip
    said = record("Cart lost", traceId=TRACE, spanId=SPAN, attributes=attributes, droppedAttributesCount=2)
    (found,) = events(request(said, **{"service.instance.id": "i-1", "telemetry.sdk.language": "go"}), media_type)
    found.pop("nothing", None)
    assert found == {
        "emitted_at_ms": AT, "level": "info", "actor": "checkout", "action": "log", "target": "checkout",
        "human": "Cart lost", "correlation_id": "req-1", "trace_id": TRACE, "span_id": SPAN, "error_kind": "KeyError",
        "emitted_by": "checkout@unversioned", "http.route": "/cart", "n": -(1 << 40), "ok": False,
        "nested.a": [1, "b", 1.5], "raw": "bytes", "logger": "checkout.orders", "dropped_attributes": 2,
        "service.instance.id": "i-1", "origin": "otlp",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("number", "text", "level"),
    [
        *[(n, "", name) for n, name in enumerate(
            [name for name in ("trace", "debug", "info", "warn", "error", "fatal") for _ in range(4)], start=1)],
        (0, "WARNING", "warn"), (0, "Critical", "fatal"), (0, "", "info"), (0, "gibberish", "info"),
        (25, "", "info"), (17, "INFO", "error"),
    ],
)  # fmt: skip
def test_every_severity_is_a_level(number, text, level):
    (found,) = events(request(record(severityNumber=number, severityText=text)))
    assert found["level"] == level


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        (record({"message": "From data", "user": "u"}), "From data"),
        (record(None, eventName="order.placed"), "order.placed"),
        (record(["a", 1]), '["a",1]'),
        (record(None, attributes={"size": 3, "kind": "big"}), "size=3 kind=big"),
        (record(7), "7"),
        (record("Two\nlines \x1b[31m"), "Two lines [31m"),
    ],
)
def test_a_record_without_text_says_what_it_has(said, sentence):
    (found,) = events(request(said))
    assert found["human"] == sentence


def test_who_says_it_is_the_token_else_the_resource_else_the_logger():
    assert events(request(record(), service="Check Out"))[0]["actor"] == "check_out"
    assert events(request(record(), service="checkout"), bound="gateway")[0]["actor"] == "gateway"
    assert events(request(record(), service=""))[0]["actor"] == "checkout.orders"
    assert events(request(record(), service="", scope=""))[0]["actor"] == "unknown"
    (found,) = events(request(record(attributes={"actor": "bob", "level": "loud", "message": "x"})))
    assert (found["actor"], found["level"], found["human"]) == ("checkout", "info", "Order placed")


def test_a_time_that_is_not_known_is_now():
    before = time.time_ns() // 1_000_000
    (observed, unknown) = events(
        request(record(timeUnixNano=None, observedTimeUnixNano=AT * 1_000_000), record(timeUnixNano="0"))
    )
    assert observed["emitted_at_ms"] == AT
    assert before <= unknown["emitted_at_ms"] <= time.time_ns() // 1_000_000


def test_our_own_export_comes_back_as_it_was(tmp_path):
    kept = {
        "emitted_at_ms": AT, "level": "warn", "actor": "poold", "action": "spawn", "target": "gpu0",
        "human": "Spawning an engine", "correlation_id": "req-9", "trace_id": TRACE, "span_id": SPAN,
        "job_id": "job-9", "event": "spawn_start", "percent": 50, "duration_ms": 12.5, "emitted_by": "poold@3",
    }  # fmt: skip
    log = tmp_path / "poold.log"
    log.write_bytes(encode(from_fields(kept)) + b"\n")
    with Files([str(log)]) as files:
        (body,) = exported(follow(files, "req-9"))
    assert events(json.loads(body)) == [{**kept, "logger": "narration", "origin": "otlp"}]


@pytest.mark.req("ORCH-3304")
@pytest.mark.parametrize("media_type", [JSON, PROTOBUF])
@pytest.mark.parametrize(
    "said",
    [
        record(f"Logged in with password={SECRET}"),
        record(attributes={"password": SECRET}),
        record(attributes={"http.request.header.authorization": [f"Bearer {SECRET}"]}),
        record(attributes={"http": {"headers": {"authorization": f"Basic {SECRET}"}}}),
        record(attributes={"raw": f"password={SECRET}".encode()}),
        record({"api_key": SECRET, "message": "Called"}),
        record([{"token": SECRET}]),
        record(None, attributes={"api_key": SECRET}),
    ],
)
def test_secrets_are_gone(said, media_type):
    assert SECRET not in json.dumps(events(request(said), media_type))


# -- what is refused ----------------------------------------------------------------------------------

MALFORMED = {
    "not JSON": b"nonsense",
    "not UTF-8": b'{"resourceLogs": [{"resource": {"attributes": [{"key": "\xff"}]}}]}',
    "an array": b"[]",
    "spans": b'{"resourceSpans": []}',
    "names of protobuf": b'{"resource_logs": []}',
    "a number for text": json.dumps(request(record(severityText=3))).encode(),
    "base64 ids": json.dumps(request(record(traceId="W47/95gDgQPSabYzgT/GDA=="))).encode(),
    "bad bytes": json.dumps(request(record(attributes={}, body={"bytesValue": "%"}))).encode(),
    "too deep": b'{"resourceLogs":' + b"[" * 100_000,
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_body_is_refused_whole(body):
    with pytest.raises(HubError) as refused:
        batches(body, JSON, "")
    assert refused.value.code == "INVALID_REQUEST"
    assert "nonsense" not in refused.value.message


def test_ids_of_another_length_or_of_zeros_are_no_ids():
    odd = record(traceId="abcd", spanId="00" * 8)
    for media_type in (JSON, PROTOBUF):
        (found,) = events(request(odd), media_type)
        assert not {"trace_id", "span_id"} & found.keys()


def test_refusals_are_answered_in_the_media_type_of_the_request():
    async def main():
        async with hub() as one:
            status, kind, body, _ = await post(one, b"nonsense")
            assert (status, kind) == (400, JSON)
            assert json.loads(body) == {"code": 3, "message": "the body is not JSON"}
            status, kind, body, _ = await post(one, b"\xff\xff", PROTOBUF)
            told = Status.FromString(body)
            assert (status, kind, told.code) == (400, PROTOBUF, Code.INVALID_ARGUMENT)
            assert told.message == "the body is not an ExportLogsServiceRequest in protobuf"
            status, kind, body, _ = await post(one, b"<logs/>", "application/xml")
            assert (status, kind) == (415, JSON)
            assert "application/x-protobuf" in json.loads(body)["message"]
            many = json.dumps(request(*[{"body": value("x")}] * 10_001)).encode()
            assert (await post(one, gzip.compress(many), headers={"Content-Encoding": "gzip"}))[0] == 413
            bomb = gzip.compress(b" " * (200 << 20))
            status, kind, _, _ = await post(one, bomb, PROTOBUF, headers={"Content-Encoding": "gzip"})
            assert (status, kind) == (413, PROTOBUF)
            assert (await post(one, b"no", headers={"Content-Encoding": "gzip"}))[0] == 400

    run(main())


def test_a_body_that_comes_too_late_may_come_again(monkeypatch):
    monkeypatch.setattr(requests, "BODY_TIMEOUT_S", 0.1)

    async def main():
        runner = web.AppRunner(Server(Exchange(Settings()), Tickets()).application())
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        reader, writer = await asyncio.open_connection(*runner.addresses[0])
        writer.write(b"POST /v1/logs HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-protobuf\r\n")
        writer.write(b"Content-Length: 100\r\n\r\nnot all")
        answer = await reader.readuntil(b"\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 503 ")
        assert b"Retry-After: 5" in answer
        assert b"Content-Type: application/x-protobuf" in answer
        writer.close()
        await runner.cleanup()

    run(main())


@pytest.mark.parametrize("media_type", [JSON, PROTOBUF])
def test_part_of_a_request_may_be_refused(media_type):
    long = record(attributes={"request_id": "x" * 300})
    body = written(request(record("One"), {}, record("Two", attributes={"job_id": "job-1"}), long), media_type)

    async def main():
        async with hub() as one:
            status, kind, answer, _ = await post(one, body, media_type)
            assert (status, kind) == (200, media_type)
            if media_type == JSON:
                partial = json.loads(answer)["partialSuccess"]
                assert partial == {"rejectedLogRecords": "2", "errorMessage": "it has no human"}
            else:
                read = ExportLogsServiceResponse.FromString(answer).partial_success
                assert (read.rejected_log_records, read.error_message) == (2, "it has no human")
            async with one.stream("/v1/operator/stream") as reader:
                assert await reader.sentences(2) == ["One", "Two"]
            whole = await post(one, written(request(record("Three")), media_type), media_type)
            assert whole[2] == (b"{}" if media_type == JSON else b"")
            assert (await post(one, b"{}" if media_type == JSON else b"", media_type))[0] == 200

    run(main())


@pytest.mark.req("SSE-07")
def test_a_second_try_shows_nothing_twice():
    timed = json.dumps(request(record("Once"), record("Once"))).encode()
    untimed = json.dumps(request(record("Each time", timeUnixNano=None))).encode()

    async def main():
        async with hub() as one:
            for body in (timed, timed, untimed, untimed):
                assert (await post(one, body))[::2] == (200, b"{}")
            async with one.stream("/v1/operator/stream") as reader:
                assert await reader.sentences(4) == ["Once", "Once", "Each time", "Each time"]
            assert "narration_hub_repeated_total 2" in await (await one.session.get("/metrics")).text()

    run(main())


def test_fields_that_mean_something_at_the_hub_are_kept_under_another_name():
    same = [record("Logon", attributes={"event_id": "4624", "hub": "h"}, timeUnixNano=None) for _ in range(2)]
    found = events(request(*same))
    assert [one["attributes.event_id"] for one in found] == ["4624", "4624"]
    assert [one["attributes.hub"] for one in found] == ["h", "h"]


@pytest.mark.req("AUTH-1001")
def test_producers_send_and_tickets_do_not(tmp_path):
    producers = tmp_path / "producers"
    producers.write_text(f"{PRODUCER} gateway\n")
    body = json.dumps(request(record(attributes={"job_id": "job-1"}))).encode()

    async def main():
        async with hub("--producer-token-file", str(producers), AUTH_TOKEN="operator") as one:
            status, kind, refusal, headers = await post(one, body)
            assert (status, kind, headers["WWW-Authenticate"]) == (401, JSON, "Bearer")
            assert json.loads(refusal)["code"] == 16
            assert (await post(one, body, token=PRODUCER))[0] == 200
            ticket = (await one.ask("POST", "/v1/jobs/job-1/ticket", "operator", status=201))["ticket"]
            assert (await post(one, body, token=ticket))[0] == 403
            async with one.stream("/v1/operator/stream", "operator") as reader:
                assert (await reader.next())[1]["event"]["actor"] == "gateway"
            for _ in range(31):
                status, kind, _, headers = await post(one, body, PROTOBUF, token="wrong")
            assert (status, kind) == (429, PROTOBUF)
            assert 1 <= int(headers["Retry-After"]) <= 60

    run(main())


def test_without_opentelemetry_proto_json_is_taken_and_protobuf_is_told_why(tmp_path):
    (tmp_path / "opentelemetry").mkdir()
    (tmp_path / "opentelemetry" / "__init__.py").touch()  # shadows what is installed

    async def main():
        async with hub(PYTHONPATH=str(tmp_path)) as one:
            status, kind, body, _ = await post(one, as_protobuf(request(record())), PROTOBUF)
            assert (status, kind) == (415, PROTOBUF)
            told = Status.FromString(body)
            assert told.code == Code.INVALID_ARGUMENT
            assert "pip install 'narration-core[hub]' where the hub runs, or send application/json" in told.message
            assert (await post(one, json.dumps(request(record())).encode()))[0] == 200

    run(main())


# -- whatever comes -----------------------------------------------------------------------------------

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(max_size=20)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
)
KNOWN = (
    "actor action target level human message event percent job_id hub event_id duration_ms time extra narration.actor"
)
NAMES = st.sampled_from([*KNOWN.split(), "emitted_at_ms"]) | st.text()
RECORDS = st.builds(
    lambda body, attributes, number, at, text: record(
        body, attributes=attributes, severityNumber=number, timeUnixNano=at, severityText=text
    ),
    VALUES,
    st.dictionaries(NAMES, VALUES, max_size=5),
    st.integers(0, 30),
    st.integers(0, 1 << 70).map(str),
    st.text(max_size=8),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(RECORDS, max_size=3))
def test_any_valid_request_is_taken_or_refused_with_reasons(records):
    body = json.dumps(request(*records)).encode("utf-8", "surrogatepass")
    exchange = Exchange(Settings())
    try:
        found = batches(body, JSON, "")
    except HubError as error:
        assert error.code == "INVALID_REQUEST"  # noqa: PT017 - either way is right
        return
    for batch in found:
        answer = exchange.take(batch.lines, Producer("test", batch.service))
        assert answer.accepted + answer.repeated + len(answer.refused) == len(batch.lines)
    assert sum(len(batch.lines) for batch in found) == len(records)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200), st.sampled_from([JSON, PROTOBUF]))
def test_any_bytes_are_taken_or_refused(body, media_type):
    try:
        batches(body, media_type, "")
    except HubError as error:
        assert error.code == "INVALID_REQUEST"  # noqa: PT017 - either way is right
