import asyncio
import logging

import pytest

from narration_core import CORRELATION_HEADER, Catalogue, Inbound, Narrator, bind, configure, flush
from narration_core._scope import Scope
from narration_core.bridges._request import inbound_scope, outbound_scope
from narration_core.bridges.stdlib import LoggingSink, NarrationHandler

narrate = Narrator("tester")
TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
TOKEN = "ghp_" + "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7cF0aB3dE6"


def logger(name):
    found = logging.getLogger(name)
    found.setLevel(1)
    found.propagate = False
    found.handlers = [NarrationHandler()]
    return found


def test_log_records_become_events(memory):
    with bind(correlation_id="c"):
        logger("My.Library").warning("disk %s at {percent}", "sda", extra={"device": "sda", "unknown": object()})
    (event,) = memory.events
    assert (event.level, event.actor, event.action, event.human) == (
        "warn",
        "my.library",
        "log",
        "disk sda at {percent}",
    )
    assert (event.device, event.correlation_id) == ("sda", "c")


def test_logged_exceptions_are_told_in_short(memory):
    try:
        raise KeyError("gone")
    except KeyError:
        logger("lib").exception("It broke")
    assert memory.events[0].error_kind == "KeyError"
    assert memory.events[0].extra["exception"] == "KeyError: 'gone'"


def test_events_become_log_records_and_do_not_come_back(memory, caplog):
    configure(sinks=[LoggingSink(), memory], level="trace", strict=False)
    logging.getLogger("tester").addHandler(NarrationHandler())
    try:
        with caplog.at_level(1, logger="tester"):
            narrate.warn("act", "t", "Careful with {device}", device="cpu")
            flush()
    finally:
        logging.getLogger("tester").handlers.clear()
    (record,) = caplog.records
    assert (record.name, record.levelno, record.getMessage()) == ("tester", logging.WARNING, "Careful with cpu")
    assert record.narration_device == "cpu"
    assert len(memory.events) == 1


def test_structlog_narrates(memory):
    import structlog

    from narration_core.bridges.structlog import NarrationProcessor

    log = structlog.wrap_logger(
        structlog.PrintLogger(), processors=[structlog.processors.add_log_level, NarrationProcessor("shop")]
    )
    log.warning("order received", device="cpu", order=7)
    (event,) = memory.events
    assert (event.level, event.actor, event.human, event.device) == ("warn", "shop", "order received", "cpu")
    assert event.extra == {"order": 7}


@pytest.mark.req("ORCH-3309")
def test_opentelemetry_ids_come_in_and_records_go_out(memory):
    from opentelemetry.sdk._logs import LoggerProvider
    from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
    from opentelemetry.sdk.trace import TracerProvider

    from narration_core.bridges.otel import OtelSink, use_trace_ids

    exporter = InMemoryLogRecordExporter()
    provider = LoggerProvider()
    provider.add_log_record_processor(SimpleLogRecordProcessor(exporter))
    configure(sinks=[OtelSink(provider), memory], strict=False)
    use_trace_ids()
    try:
        with TracerProvider().get_tracer("t").start_as_current_span("work") as span:
            narrate.warn("act", "t", "Inside a span", device="cpu")
    finally:
        use_trace_ids(on=False)
    flush()
    (event,) = memory.events
    assert event.trace_id == f"{span.get_span_context().trace_id:032x}"
    (exported,) = exporter.get_finished_logs()
    assert exported.log_record.body == "Inside a span"
    assert exported.log_record.trace_id == span.get_span_context().trace_id
    assert exported.log_record.attributes["device"] == "cpu"
    provider.shutdown()


@pytest.mark.req("NARR-2003")
def test_ids_cross_aiohttp_services(memory):
    import aiohttp
    from aiohttp import web

    from narration_core.bridges.aiohttp import client_tracing, correlation_middleware

    async def handler(_request):
        narrate("serve", "t", "Serving")
        return web.Response(text="ok")

    async def main():
        app = web.Application(middlewares=[correlation_middleware(narrate)])
        app.router.add_get("/", handler)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
        answers = []
        async with aiohttp.ClientSession(trace_configs=[client_tracing()]) as session:
            with bind(correlation_id="req-1"):
                answers.append((await session.get(url)).headers[CORRELATION_HEADER])
            answers.append(
                (await session.get(url, headers={CORRELATION_HEADER: "two words"})).headers[CORRELATION_HEADER]
            )
            answers.append((await session.get(url + "missing")).headers[CORRELATION_HEADER])
        await runner.cleanup()
        return answers

    first, second, third = asyncio.run(main())
    served = [event.correlation_id for event in memory.events if event.action == "serve"]
    assert served == [first, second]
    assert first == "req-1"
    assert second != "two words"
    assert len(third) == 36
    (replaced,) = [event for event in memory.events if event.action == "correlation_replaced"]
    assert replaced.correlation_id == second


def test_a_structlog_exception_is_told(memory):
    import structlog

    from narration_core.bridges.structlog import NarrationProcessor

    logger = structlog.wrap_logger(None, processors=[NarrationProcessor("svc")])
    try:
        raise KeyError("gone")
    except KeyError:
        logger.exception("It broke")
    assert memory.events[0].error_kind == "KeyError"
    assert memory.events[0].extra["exception"] == "KeyError: 'gone'"


def test_a_field_of_another_type_does_not_lose_the_record(memory):
    logger("lib").info("Loading", extra={"device": 5, "percent": "50", "tokens_in": "many"})
    (event,) = memory.events
    assert (event.device, event.percent, event.tokens_in) == ("5", 50, None)


@pytest.mark.req("NARR-2003")
def test_every_answer_carries_the_correlation_id():
    from aiohttp import web
    from aiohttp.test_utils import TestClient, TestServer

    from narration_core.bridges.aiohttp import correlate

    async def answer(request):
        if request.path == "/stream":
            response = web.StreamResponse()
            await response.prepare(request)
            return response
        if request.path == "/missing":
            raise web.HTTPNotFound
        if request.path == "/broken":
            raise RuntimeError("broken")
        return web.Response()

    async def ids():
        app = web.Application()
        correlate(app, narrate)
        for path in ("/plain", "/stream", "/missing", "/broken"):
            app.router.add_get(path, answer)
        async with TestClient(TestServer(app)) as client:
            for path in ("/plain", "/stream", "/missing", "/broken", "/nowhere"):
                async with client.get(path, headers={CORRELATION_HEADER: "req-1"}) as response:
                    yield path, response.headers.get(CORRELATION_HEADER)

    async def gathered():
        return [pair async for pair in ids()]

    assert [found for _, found in asyncio.run(gathered())] == ["req-1"] * 5


POINT = Catalogue("shop").point("act", "act", "t", "Acting", channel="request")


def lines_in(scope, memory):
    for _ in range(3):  # the first events of a point are built the slow way
        POINT.told_in(scope, {"emitted_at_ms": 1})
    return memory.lines[-1]


@pytest.mark.parametrize("has_span", [True, False])
@pytest.mark.parametrize(
    "ids",
    [
        Inbound("req-1", None, None, refused=False),
        Inbound("req-1", TRACE, SPAN, refused=False),
        Inbound("req-1", "4" * 32, SPAN, refused=False),
        Inbound("req-1", TRACE, "4285397033167824", refused=False),
        Inbound("req-1", TRACE, SPAN, refused=False, job_id="job-1", session_id="s-1"),
        Inbound("req-1", TRACE, SPAN, refused=False, job_id=TOKEN),
        Inbound(TOKEN, TRACE, SPAN, refused=False),
        Inbound("4285397033167824", None, None, refused=False),
    ],
)
def test_the_ids_of_a_request_are_written_and_redacted_as_bound_ones_are(memory, ids, has_span):
    narrate("start", "t", "The rules are loaded with the first event")
    scope = inbound_scope(ids, has_span=has_span)
    line = lines_in(scope, memory)
    assert line == lines_in(Scope(scope.fields), memory)
    assert TOKEN.encode() not in line
    assert b"4285397033167824" not in line


@pytest.mark.parametrize("has_span", [True, False])
@pytest.mark.parametrize(
    "bound",
    [
        {},
        {"correlation_id": "req-1"},
        {"correlation_id": "req-1", "trace_id": TRACE, "span_id": SPAN, "job_id": "job-1"},
        {"correlation_id": TOKEN},
        {"correlation_id": "req-1", "session_id": 's"1'},
        {"correlation_id": "req-1", "session_id": "password=" + TOKEN},
        {"correlation_id": "req-1", "engine": "v1"},
        {"correlation_id": "req-1", "job_id": 7},
    ],
)
def test_the_ids_of_a_call_are_written_and_redacted_as_bound_ones_are(memory, bound, has_span):
    with bind(**bound):
        scope = outbound_scope(has_span=has_span)
    line = lines_in(scope, memory)
    assert line == lines_in(Scope(scope.fields), memory)
    assert TOKEN.encode() not in line
