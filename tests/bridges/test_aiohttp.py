import asyncio

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestClient, TestServer

from narration_core import Narrator, bind
from narration_core.bridges.aiohttp import client_tracing, correlate

ID = "X-Correlation-Id"
narrate = Narrator("shelf")
caller = Narrator("gateway")


async def answer(request):
    narrate("work", "order", "Working")
    match request.path:
        case "/missing":
            raise web.HTTPNotFound
        case "/broken":
            raise KeyError("no such shelf")
        case "/refused":
            return web.Response(status=503)
        case "/talk":
            socket = web.WebSocketResponse()
            await socket.prepare(request)
            await socket.close()
            return socket
    return web.Response(text="ok")


def application(**options):
    app = web.Application()
    correlate(app, narrate, **options)
    app.router.add_get("/{rest:.*}", answer)
    return app


def ask(*paths, headers=None, server=None, client=None, bound=None):
    async def main():
        running = TestServer(application(**(server or {})))
        async with TestClient(running, trace_configs=[client_tracing(**(client or {}))]) as session:
            with bind(**(bound or {})):
                return [await session.get(path, headers=headers) for path in paths]

    return asyncio.run(main())


@pytest.mark.req("INT-01")
def test_requests_answers_and_failures_are_told(narration):
    paths = ("/order", "/missing", "/broken", "/refused")
    answers = ask(*paths, headers={ID: "req-1"})
    assert [answer.headers[ID] for answer in answers] == ["req-1"] * 4
    statuses = [event.get("status") for event in narration.events if event.action == "answer"]
    assert statuses == [200, 404, 500, 503]
    narration.assert_event(action="request_failed", level="error", error_kind="KeyError", request="GET /broken")
    narration.assert_event(action="answer", level="warn", status=503)
    narration.assert_every("correlation_id", "req-1")


def test_a_websocket_is_told_to_its_close(narration):
    async def main():
        async with TestServer(application()) as running, TestClient(running) as client:
            async with client.ws_connect("/talk", headers={ID: "req-1"}) as socket:
                await socket.receive()
            return socket._response.headers[ID]

    assert asyncio.run(main()) == "req-1"
    narration.assert_event(action="answer", status=101, request="GET /talk", correlation_id="req-1")


@pytest.mark.req("INT-02")
@pytest.mark.req("CTX-02")
def test_a_call_is_told_on_both_sides_and_carries_the_ids(narration):
    ids = {"correlation_id": "req-1", "job_id": "job-1", "session_id": "s1"}
    ask("/order?token=abc", server={"trust": "inside"}, client={"narrate": caller, "trust": "inside"}, bound=ids)
    story = [("gateway", "call"), ("shelf", "request"), ("shelf", "work"), ("shelf", "answer"), ("gateway", "call")]
    narration.assert_story(story, only=True)
    call, request, _, _, ended = narration.events
    assert (request.parent_span_id, request.trace_id) == (call.span_id, call.trace_id)
    assert (call.event, request.event, ended.event) == ("call", "request", "call")
    assert (ended.span_id, ended.get("status")) == (call.span_id, 200)
    narration.assert_every("correlation_id", "req-1")
    narration.assert_every("job_id", "job-1")
    narration.assert_every("session_id", "s1")


@pytest.mark.req("CTX-02")
@pytest.mark.parametrize("narrator", [None, caller])
def test_a_stranger_is_sent_no_job_and_no_session(narration, narrator):
    async def main():
        async with TestClient(TestServer(app), trace_configs=[client_tracing(narrator)]) as session:
            with bind(correlation_id="req-1", job_id="job-1", session_id="s1"):
                return await (await session.get("/")).json()

    async def echo(request):
        return web.json_response({name.lower(): value for name, value in request.headers.items()})

    app = web.Application()
    app.router.add_get("/", echo)
    got = asyncio.run(main())
    assert got["x-correlation-id"] == "req-1"
    assert "baggage" not in got


def test_a_call_that_nobody_answers_is_told(narration):
    async def main():
        async with ClientSession(trace_configs=[client_tracing(caller)]) as session:
            await session.get("http://127.0.0.1:9/")

    with pytest.raises(OSError, match="127"):
        asyncio.run(main())
    failed = narration.assert_event(action="call_failed", level="warn", event="call_failed", request="GET 127.0.0.1:9/")
    assert failed.error_kind.endswith("ClientConnectorError")
    assert failed.correlation_id == narration.events[0].correlation_id


def test_a_bad_answer_is_a_warning(narration):
    ask("/refused", client={"narrate": caller})
    narration.assert_event(actor="gateway", action="call", level="warn", status=503, error_kind="http_503")
