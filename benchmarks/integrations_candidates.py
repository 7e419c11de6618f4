"""One candidate of `benchmarks.integrations`: measures itself and prints its CPU time a request as JSON."""

import asyncio
import itertools
import json
import os
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path

WARM_UP = 300


def starlette():
    from starlette.applications import Starlette
    from starlette.responses import PlainTextResponse
    from starlette.routing import Route

    async def answer(request):
        return PlainTextResponse("ok")

    return Starlette(routes=[Route("/order/{number}", answer)])


def scope(number):
    # New ids each time, as callers send them: what is remembered of the last ones helps nobody.
    name = f"{number * 2654435761 % 2**32:08x}-e2bb-4255-8caf-4136c566a962".encode()
    trace = f"00-4bf92f3577b34da6a3ce929d{number * 2654435761 % 2**32:08x}-00f067aa{number:08x}-01".encode()
    return {
        "type": "http",
        "method": "GET",
        "path": f"/order/{number % 50}",
        "raw_path": b"/order/7",
        "query_string": b"",
        "headers": [
            (b"host", b"shop"),
            (b"user-agent", b"benchmark"),
            (b"accept", b"*/*"),
            (b"x-correlation-id", name),
            (b"traceparent", trace),
        ],
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "scheme": "http",
        "server": ("shop", 80),
        "client": ("127.0.0.1", 1),
        "root_path": "",
    }


async def receive():
    return {"type": "http.request", "body": b"", "more_body": False}


async def send(message):
    pass


TURNS = 20


def added(bare, measured, count):
    """Return what a request costs more than the same without the bridge, in microseconds, and what it costs without.

    A processor changes its speed by half within seconds, so both take turns of milliseconds, and the middle counts.

    Args:
        bare: serves or sends so many requests, without the bridge, and returns the CPU time in seconds.
        measured: the same with it.
        count: how many requests of each.
    """
    number = max(1, count // TURNS)
    bare(WARM_UP)
    measured(WARM_UP)
    before, more, without = bare(number), [], []
    for _ in range(TURNS):
        one = measured(number)
        after = bare(number)
        more.append(one - (before + after) / 2)
        without.append(after)
        before = after
    return {"us": statistics.median(more) / number * 1e6, "bare_us": statistics.median(without) / number * 1e6}


def served(app, count):
    """Return what an application costs more than that of `starlette`."""
    numbers = itertools.count()

    def serving(one):
        async def turn(count):
            scopes = [scope(next(numbers)) for _ in range(count)]
            began = time.process_time()
            for request in scopes:
                await one(request, receive, send)
            return time.process_time() - began

        return lambda count: loop.run_until_complete(turn(count))

    loop = asyncio.new_event_loop()
    return added(serving(starlette()), serving(app), count)


def to_file(**options):
    from narration_core import FileSink, configure, warm_up

    configure(sinks=[FileSink(Path(tempfile.mkdtemp()) / "events.jsonl")], **options)
    warm_up()
    while threading.active_count() > 1 and any("warm" in thread.name for thread in threading.enumerate()):
        time.sleep(0.1)  # what a server does once, on a thread of its own, is no part of a request


def asgi_narration(count, **options):
    from narration_core import Narrator
    from narration_core.bridges.asgi import NarrationMiddleware

    to_file()
    return served(NarrationMiddleware(starlette(), narrate=Narrator("shop"), **options), count)


def asgi_narration_inside(count):
    return asgi_narration(count, trust="inside")


def asgi_narration_muted(count):
    return asgi_narration(count, levels={"request": "mute", "answer": "mute"})


def by_hand():
    """Return two functions that tell a request and its answer, as a program does that has no bridge."""
    from narration_core import Narrator

    narrate = Narrator("shop")

    def begin():
        narrate("request", "GET /order/7", "Serving GET /order/7", event="request")

    def end():
        narrate("answer", "GET /order/7", "Answered GET /order/7 after 1 ms", event="request", duration_ms=1)

    return begin, end


def asgi_by_hand(count):
    from narration_core import bind

    to_file()
    inner = starlette()
    begin, end = by_hand()

    async def app(scope, receive, send):
        with bind(
            correlation_id=scope["headers"][3][1].decode(), trace_id=os.urandom(16).hex(), span_id=os.urandom(8).hex()
        ):
            begin()
            await inner(scope, receive, send)
            end()

    return served(app, count)


def asgi_logfire(count):
    import logfire
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult

    file = open(Path(tempfile.mkdtemp()) / "spans.jsonl", "w")

    class ToFile(SpanExporter):
        def export(self, spans):
            file.writelines(span.to_json(indent=None) + "\n" for span in spans)
            return SpanExportResult.SUCCESS

    logfire.configure(send_to_logfire=False, console=False, additional_span_processors=[SimpleSpanProcessor(ToFile())])
    app = starlette()
    logfire.instrument_starlette(app)
    return served(app, count)


def asgi_logfire_no_export(count):
    import logfire

    logfire.configure(send_to_logfire=False, console=False)
    app = starlette()
    logfire.instrument_starlette(app)
    return served(app, count)


def called(client, count):
    """Return what a call costs more than one of a client without the bridge."""
    import httpx

    def calling(one):
        def turn(count):
            began = time.process_time()
            for _ in range(count):
                one.get("http://stock/shelf/7")
            return time.process_time() - began

        return turn

    with client, httpx.Client(transport=mock()) as bare:
        return added(calling(bare), calling(client), count)


def through(transport, count):
    import httpx

    return called(httpx.Client(transport=transport), count)


def mock():
    import httpx

    return httpx.MockTransport(lambda _: httpx.Response(200))


def httpx_narration(count, **options):
    from narration_core import Narrator, bind
    from narration_core.bridges.httpx import NarrationTransport

    to_file()
    with bind(correlation_id="req-1", trace_id="1" * 32, span_id="2" * 16):
        return through(NarrationTransport(Narrator("shop"), mock(), **options), count)


def httpx_narration_muted(count):
    return httpx_narration(count, levels={"call": "mute", "answer": "mute"})


def httpx_by_hand(count):
    import httpx

    from narration_core import bind

    to_file()
    inner = mock()
    begin, end = by_hand()

    class Transport(httpx.BaseTransport):
        def handle_request(self, request):
            with bind(span_id=os.urandom(8).hex(), parent_span_id="2" * 16):
                begin()
                response = inner.handle_request(request)
                end()
            return response

    with bind(correlation_id="req-1", trace_id="1" * 32, span_id="2" * 16):
        return through(Transport(), count)


def httpx_logfire(count):
    import httpx
    import logfire
    from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor

    logfire.configure(send_to_logfire=False, console=False)
    client = httpx.Client(transport=mock())
    HTTPXClientInstrumentor.instrument_client(client)
    return called(client, count)


def asgi_two_events(count):
    """What two bare events with these fields cost, to the same file: the part that is not the bridge's."""
    from narration_core import Narrator, bind

    to_file()
    narrate = Narrator("shop")
    with bind(correlation_id="req-1", trace_id="1" * 32, span_id="2" * 16):

        def turn(count):
            began = time.process_time()
            for _ in range(count):
                narrate("request", "GET /order/7", "Serving GET /order/7", event="request")
                narrate("answer", "GET /order/7", "Answered GET /order/7 after 1 ms", event="request", duration_ms=1)
            return time.process_time() - began

        return added(lambda _: 0.0, turn, count)


if __name__ == "__main__":
    name, rounds = sys.argv[1], int(sys.argv[2])
    print(json.dumps(globals()[name](rounds)))
