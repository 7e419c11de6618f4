import asyncio
import resource
import subprocess
import sys

import pytest
from aiohttp import ClientSession, TCPConnector, web
from aiohttp.test_utils import TestClient, TestServer

from narration_core import Narrator, bind, bound, outbound_headers
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


@pytest.mark.req("INT-02")
def test_a_password_in_the_address_is_not_told(narration):
    async def main():
        async with ClientSession(trace_configs=[client_tracing(caller)]) as session:
            await session.get("http://jane:hunter2-made-up-pass@127.0.0.1:9/")

    with pytest.raises(OSError, match="127"):
        asyncio.run(main())
    narration.assert_event(action="call_failed", request="GET 127.0.0.1:9/")
    narration.assert_no_secrets("hunter2-made-up-pass")


def test_a_bad_answer_is_a_warning(narration):
    ask("/refused", client={"narrate": caller})
    narration.assert_event(actor="gateway", action="call", level="warn", status=503, error_kind="http_503")


@pytest.mark.req("INT-02")
def test_a_call_that_aiohttp_tries_again_by_itself_is_told_with_its_retries(narration):
    answered = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    moved = b"HTTP/1.1 302 Found\r\nLocation: /there\r\nContent-Length: 0\r\n\r\n"
    to_do = [answered, None, answered, moved, answered]  # None: the connection is closed without an answer

    async def serve(reader, writer):
        while await reader.read(4096):
            answer = to_do.pop(0)
            if answer is None:
                break
            writer.write(answer)
        writer.close()

    async def main():
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with server, ClientSession(trace_configs=[client_tracing(caller)]) as session:
            for _ in range(3):
                async with session.get(f"http://127.0.0.1:{port}/") as got:
                    assert await got.text() == "ok"

    asyncio.run(main())
    told = [event.extra.get("retries") for event in narration.events if event.get("status") is not None]
    assert told == [None, 1, None]


@pytest.mark.req("INT-01")
def test_a_caller_that_is_gone_is_no_failure(narration):
    async def slow(request):
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b"x" * 100_000)
            await asyncio.sleep(0)

    async def main():
        app = web.Application()
        correlate(app, narrate)
        app.router.add_get("/slow", slow)
        async with TestServer(app) as server:
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(b"GET /slow HTTP/1.1\r\nHost: shop\r\n\r\n")
            await reader.readline()
            writer.close()
            await narration.eventually(action="answer", level="info")

    asyncio.run(main())
    assert narration.events[-1].human.startswith("Stopped serving GET /slow")
    narration.assert_count(0, level="error")


@pytest.mark.narrated_errors
def test_what_fails_after_the_answer_has_begun_is_told_with_the_status_that_was_sent(narration):
    async def breaking(request):
        response = web.StreamResponse(status=206)
        await response.prepare(request)
        raise KeyError("torn")

    async def main():
        app = web.Application()
        correlate(app, narrate)
        app.router.add_get("/", breaking)
        async with TestServer(app) as server, TestClient(server) as session:
            assert (await session.get("/")).status == 206

    asyncio.run(main())
    narration.assert_event(action="request_failed", error_kind="KeyError")
    narration.assert_event(action="answer", status=206)


PROGRAM = """
import asyncio
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from narration_core import Narrator
from narration_core.bridges.aiohttp import correlate

async def broken(request):
    raise KeyError("password=hunter2-made-up-pass")

async def main():
    app = web.Application()
    correlate(app, Narrator("shelf"))
    app.router.add_get("/", broken)
    async with TestServer(app) as server, TestClient(server) as session:
        assert (await session.get("/")).status == 500

asyncio.run(main())
"""


@pytest.mark.req("INT-01")
def test_a_failure_shows_no_secret_where_nobody_has_set_logging_up():
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert "request_failed" in done.stdout
    assert done.stderr == ""
    assert "hunter2" not in done.stdout


@pytest.fixture
def many_files():
    """Allow as many open sockets as a thousand requests need on both sides; usual is half of that."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 4096 if hard == resource.RLIM_INFINITY else min(4096, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.req("INT-01")
@pytest.mark.usefixtures("many_files")
def test_a_thousand_requests_at_once_are_never_mixed(narration):
    async def main():
        together = asyncio.Event()
        here = []

        async def handler(request):
            here.append(request)
            if len(here) == 1000:
                together.set()
            await together.wait()
            assert f"/{bound()['correlation_id']}" == request.path
            await asyncio.to_thread(narrate, "work", request.path, "Working")
            return web.Response(text=outbound_headers()[ID])

        app = web.Application()
        correlate(app, narrate)
        app.router.add_get("/{rest:.*}", handler)
        async with TestServer(app) as server, ClientSession(connector=TCPConnector(limit=0)) as session:

            async def one(name):
                async with session.get(server.make_url(f"/{name}"), headers={ID: name}) as got:
                    return await got.text(), got.headers[ID]

            names = [f"req-{number}" for number in range(1000)]
            assert await asyncio.gather(*map(one, names)) == [(name, name) for name in names]

    asyncio.run(main())
    assert len(narration.events) == 3000
    for event in narration.events:
        assert event.correlation_id in event.target
