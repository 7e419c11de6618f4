"""The client against servers that behave badly, over real sockets."""

import asyncio
import socket
import struct
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web
from multidict import CIMultiDict

from narration_core import bind, configure
from narration_worker import client as client_module
from narration_worker.client import Message, NotAWorkerError, StreamCutError, WorkerClient, WorkerRefusedError


@asynccontextmanager
async def server(handler):
    """Serve one handler for every path; yield the address."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(app, handler_cancellation=True)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def refusal(status, code, *, retriable, **headers):
    body = {"code": code, "message": "made up", "retriable": retriable}
    return web.json_response(body, status=status, headers=headers)


def test_what_may_work_later_is_tried_again():
    asked = []

    async def handler(request):
        asked.append(request.path)
        if len(asked) < 3:
            return refusal(503, "LOADING", retriable=True)
        return web.json_response({"status": "healthy"})

    async def run():
        async with server(handler) as url, WorkerClient(url) as client:
            return await client.health()

    assert asyncio.run(run()) == {"status": "healthy"}
    assert len(asked) == 3


def test_what_cannot_work_is_asked_once():
    asked = []

    async def handler(request):
        asked.append(request.path)
        return refusal(400, "INVALID_REQUEST", retriable=False)

    async def run():
        async with server(handler) as url, WorkerClient(url) as client:
            with pytest.raises(WorkerRefusedError) as refused:
                await client.text(prompt="")
            return refused.value

    refused = asyncio.run(run())
    assert (refused.status, refused.code, refused.retriable) == (400, "INVALID_REQUEST", False)
    assert len(asked) == 1


def test_a_stream_that_has_begun_is_never_asked_for_again():
    asked = []

    async def handler(request):
        asked.append(request.path)
        answer = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await answer.prepare(request)
        await answer.write(b'event: started\ndata: {"job_id": "j"}\n\n')
        request.transport.abort()
        return answer

    async def run():
        async with server(handler) as url, WorkerClient(url) as client:
            stream = client.execute(prompt="a")
            first = await anext(stream)
            with pytest.raises(aiohttp.ClientError):
                await anext(stream)
            return first.name

    assert asyncio.run(run()) == "started"
    assert asked == ["/execute"]


@pytest.mark.req("NARR-2003", "AUTH-1001")
def test_the_bound_ids_and_the_token_travel_along():
    seen = CIMultiDict()

    async def handler(request):
        seen.update(request.headers)
        return web.json_response({})

    async def run():
        async with server(handler) as url, WorkerClient(url, token="made-up") as client:
            with bind(correlation_id="req-7"):
                await client.health()

    asyncio.run(run())
    assert seen["X-Correlation-Id"] == "req-7"
    assert seen["Authorization"] == "Bearer made-up"


def test_an_answer_that_is_no_json_is_still_a_refusal():
    async def handler(_):
        return web.Response(status=502, text="<html>Bad gateway</html>")

    async def run():
        async with server(handler) as url, WorkerClient(url, tries=2) as client:
            with pytest.raises(WorkerRefusedError) as refused:
                await client.cancel("j")
            return refused.value

    assert (asyncio.run(run()).status, asyncio.run(run()).code) == (502, "HTTP_502")


@pytest.mark.parametrize(
    ("asked", "at_most_ms"),
    [("inf", 100), ("nan", 100), ("-5", 100), ("Wed, 21 Oct 2015 07:28:00 GMT", 100), ("99999999", 20), ("0", 100)],
)
def test_a_pause_that_a_server_asks_for_is_a_pause_and_not_for_ever(monkeypatch, narration, asked, at_most_ms):
    monkeypatch.setattr(client_module, "LONGEST_ASKED_S", 0.02)
    monkeypatch.setattr(client_module, "FIRST_WAIT_S", 0.02 if asked == "99999999" else 0.1)
    configure(level="debug")

    async def handler(_):
        return refusal(429, "QUEUE_FULL", retriable=True, **{"Retry-After": asked})

    async def run():
        async with server(handler) as url, WorkerClient(url, tries=2) as client:
            with pytest.raises(WorkerRefusedError):
                await client.health()

    asyncio.run(run())
    retry = narration.assert_event(action="retry", error_kind="queue_full")
    assert 0 < retry.backoff_ms <= at_most_ms


@pytest.mark.parametrize("status", [429, 502, 503])
def test_the_page_of_a_proxy_is_a_failure_that_may_pass(status):
    asked = []

    async def handler(request):
        asked.append(request.path)
        if len(asked) == 1:
            return web.Response(status=status, text="<html>Please wait</html>", content_type="text/html")
        return web.json_response({"job_id": "j", "status": "cancelled"})

    async def run():
        async with server(handler) as url, WorkerClient(url, tries=2) as client:
            return await client.cancel("j")

    assert asyncio.run(run())["status"] == "cancelled"


@pytest.mark.parametrize("body", ["<html>Welcome</html>", "", "[]", "5"])
@pytest.mark.parametrize("call", ["health", "shutdown"])
def test_what_is_not_an_object_of_json_is_not_the_answer_of_a_worker(call, body):
    async def handler(_):
        return web.Response(text=body)

    async def run():
        async with server(handler) as url, WorkerClient(url) as client:
            return await getattr(client, call)()

    with pytest.raises(NotAWorkerError):
        asyncio.run(run())


def test_a_failure_without_a_status_is_not_the_health_of_a_worker():
    async def handler(_):
        return web.json_response({"detail": "Not Found"}, status=404)

    async def run():
        async with server(handler) as url, WorkerClient(url) as client:
            return await client.health()

    with pytest.raises(WorkerRefusedError):
        asyncio.run(run())


def test_nobody_there_is_told_after_the_last_try():
    async def run():
        async with WorkerClient("http://127.0.0.1:9", tries=2) as client:
            with pytest.raises(aiohttp.ClientConnectionError):
                await client.cancel("j")

    asyncio.run(run())


def test_a_client_that_is_not_open_says_so():
    with pytest.raises(RuntimeError, match="async with"):
        asyncio.run(WorkerClient("http://127.0.0.1:9").cancel("j"))


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_a_stream_is_read_the_same_however_it_is_cut(size):
    raw = (
        b': a comment\n\nid: 1\nevent: started\ndata: {"a": 1}\n\n'
        b'event: token\r\nid: 2\r\ndata: {"t":\r\ndata:  "\xe2\x82\xac"}\r\n\r\n'
        b'data: {"no": "name"}\n\nevent: end\ndata: {}\n\nevent: never read\ndata: {}\n'
    )  # fmt: skip

    async def handler(request):
        answer = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await answer.prepare(request)
        for start in range(0, len(raw), size):
            await answer.write(raw[start : start + size])
        return answer

    async def run():
        async with server(handler) as url, WorkerClient(url) as client:
            return [message async for message in client.execute(prompt="a")]

    assert asyncio.run(run()) == [
        Message("started", {"a": 1}, 1),
        Message("token", {"t": "\u20ac"}, 2),
        Message("message", {"no": "name"}, 2),
        Message("end", {}, 2),
    ]


STARTED = b'event: started\ndata: {"job_id": "j"}\n\n'


@pytest.mark.parametrize(
    ("content_type", "sent"),
    [
        ("text/event-stream", STARTED + b'event: token\ndata: {"t": "hi", "i": 0}\n\n'),
        ("text/event-stream", STARTED + b'event: end\ndata: {"tokens_out": 3'),
        ("text/event-stream", STARTED + b"event: token\ndata: {oops\n\n"),
        ("text/event-stream", b""),
        ("text/html", b"<html>"),
        ("text/event-stream", STARTED + b'event: token\ndata: ["hi"]\n\nevent: end\ndata: {}\n\n'),
        ("text/event-stream", STARTED + b'event: token\ndata: {"i": 0}\n\nevent: end\ndata: {}\n\n'),
        ("text/event-stream", STARTED + b"event: error\ndata: 5\n\n"),
        ("text/event-stream", STARTED + b"data: " + b"a" * (5 << 20) + b"\n\nevent: end\ndata: {}\n\n"),
    ],
    ids=["no end", "half an end", "not JSON", "nothing", "a page", "a list", "no text", "a number", "a long line"],
)
def test_the_end_of_the_file_is_not_the_end_of_the_stream(content_type, sent):
    async def handler(_):
        return web.Response(body=sent, content_type=content_type)

    async def run():
        async with server(handler) as url, WorkerClient(url) as client:
            return await client.text(prompt="a")

    with pytest.raises(StreamCutError):
        asyncio.run(run())


@pytest.mark.parametrize("how", ["closed", "reset"])
def test_a_connection_that_breaks_cuts_the_stream(how):
    async def handler(request):
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(STARTED)
        if how == "reset":
            request.transport.get_extra_info("socket").setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
            )
        request.transport.abort()
        return response

    async def run():
        async with server(handler) as url, WorkerClient(url) as client:
            return await client.text(prompt="a")

    with pytest.raises(StreamCutError, match="the connection broke in the middle of the stream"):
        asyncio.run(run())


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_an_answer(status):
    asked = []

    async def handler(request):
        asked.append(request.path)
        return web.Response(status=status, headers={"Location": "/elsewhere"})

    async def run():
        async with server(handler) as url, WorkerClient(url) as client:
            with pytest.raises(WorkerRefusedError) as refused:
                await client.shutdown()
            return refused.value.code

    assert asyncio.run(run()) == f"HTTP_{status}"
    assert asked == ["/shutdown"]


@pytest.mark.parametrize("number", ["\u00b2", "9" * 5000, "-1", "one"])
def test_an_id_that_is_no_number_is_none(number):
    stream = f"id: {number}\nevent: end\ndata: {{}}\n\n".encode()

    async def handler(_):
        return web.Response(body=stream, content_type="text/event-stream")

    async def run():
        async with server(handler) as url, WorkerClient(url) as client:
            return [message async for message in client.execute(prompt="a")]

    assert asyncio.run(run()) == [Message("end", {}, None)]


@pytest.mark.parametrize("body", [b'{"message": "x"}', b'{"code": ["x"], "message": "x"}'])
def test_an_error_event_without_a_code_is_still_an_error(body):
    async def handler(_):
        return web.Response(body=STARTED + b"event: error\ndata: %b\n\n" % body, content_type="text/event-stream")

    async def run():
        async with server(handler) as url, WorkerClient(url) as client:
            return await client.text(prompt="a")

    with pytest.raises(WorkerRefusedError):
        asyncio.run(run())
