import asyncio
import contextlib

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from narration_core import Narrator, bound, flush, outbound_headers
from narration_core.bridges.asgi import NarrationMiddleware

ID = "X-Correlation-Id"
TRACE, SPAN = "1" * 32, "2" * 16
PARENT = f"00-{TRACE}-{SPAN}-01"
HTTP = {"type": "http", "method": "GET", "headers": []}
narrate = Narrator("shop")


async def order(request):
    narrate("order", "order-7", "Taking order 7")
    return PlainTextResponse("taken")


async def broken(request):
    raise KeyError("no such shelf")


async def refused(request):
    return PlainTextResponse("closed", 503)


async def stream(request):
    async def pieces():
        for piece in ("a", "b"):
            narrate("piece", piece, "Sending a piece")
            yield piece

    return StreamingResponse(pieces())


async def stream_that_breaks(request):
    async def pieces():
        yield "a"
        raise RuntimeError("the shelf fell")

    return StreamingResponse(pieces())


async def websocket(socket):
    await socket.accept()
    narrate("talk", "guest", "Talking")
    await socket.send_text(await socket.receive_text())
    await socket.close(1000)


ROUTES = [
    Route("/order", order),
    Route("/broken", broken),
    Route("/refused", refused),
    Route("/stream", stream),
    Route("/stream-that-breaks", stream_that_breaks),
    WebSocketRoute("/talk", websocket),
]


def wrapped(**options):
    return NarrationMiddleware(Starlette(routes=ROUTES), narrate=narrate, **options)


def added(**options):
    app = Starlette(routes=ROUTES)
    app.add_middleware(NarrationMiddleware, narrate=narrate, **options)
    return app


WAYS = {"wrapped": wrapped, "added": added}


@pytest.fixture(params=WAYS)
def client(request, narration):
    return TestClient(WAYS[request.param](), raise_server_exceptions=False)


@pytest.mark.req("INT-01")
def test_a_request_and_its_answer_are_told_with_its_id(client, narration):
    answer = client.get("/order?token=abc", headers={ID: "req-1"})
    assert (answer.text, answer.headers[ID]) == ("taken", "req-1")
    narration.assert_story([("shop", "request"), ("shop", "order"), ("shop", "answer")], only=True)
    told = narration.assert_event(action="answer", status=200, request="GET /order", event="request")
    assert told.duration_ms is not None
    narration.assert_every("correlation_id", "req-1")
    narration.assert_event(action="request", event="request", human="Serving GET /order", span_id=told.span_id)


@pytest.mark.req("INT-01")
def test_a_failure_is_told_in_its_story_and_answered_with_the_id(client, narration):
    answer = client.get("/broken", headers={ID: "req-1"})
    assert (answer.status_code, answer.headers[ID]) == (500, "req-1")
    narration.assert_story([("shop", "request"), ("shop", "request_failed"), ("shop", "answer")], only=True)
    failed = narration.assert_event(action="request_failed", level="error", error_kind="KeyError")
    assert failed.extra["exception"] == "KeyError: 'no such shelf'"
    assert failed.extra["frames"][-1].endswith(" broken")
    narration.assert_every("correlation_id", "req-1")


def test_the_server_still_sees_the_exception(narration):
    for app in (wrapped(), added()):
        with pytest.raises(KeyError):
            TestClient(app).get("/broken")
    narration.assert_event(action="request_failed", level="error")


def test_the_applications_own_answer_to_failures_is_kept(narration):
    async def sorry(request, error):
        return PlainTextResponse(f"sorry: {type(error).__name__}", 500)

    def sync_sorry(request, error):
        return PlainTextResponse(f"sorry: {type(error).__name__}", 500)

    for handler in (sorry, sync_sorry):
        app = Starlette(routes=ROUTES, exception_handlers={Exception: handler})
        app.add_middleware(NarrationMiddleware, narrate=narrate)
        answer = TestClient(app, raise_server_exceptions=False).get("/broken", headers={ID: "req-1"})
        assert (answer.text, answer.headers[ID]) == ("sorry: KeyError", "req-1")
    narration.assert_event(action="request_failed", level="error")


def test_an_answer_of_the_server_class_is_a_warning(client, narration):
    assert client.get("/refused").headers[ID]
    narration.assert_event(action="answer", level="warn", status=503, error_kind="http_503")


def test_a_stream_is_told_to_its_end(client, narration):
    assert client.get("/stream", headers={ID: "req-1"}).text == "ab"
    story = [("shop", "request"), ("shop", "piece"), ("shop", "piece"), ("shop", "answer")]
    narration.assert_story(story, only=True)
    narration.assert_every("correlation_id", "req-1")


def test_a_stream_that_breaks_is_told(client, narration):
    assert client.get("/stream-that-breaks").headers[ID]
    narration.assert_event(action="request_failed", error_kind="RuntimeError", level="error")


def test_a_websocket_is_told_to_its_close(client, narration):
    with client.websocket_connect("/talk", headers={ID: "req-1"}) as socket:
        socket.send_text("hello")
        assert socket.receive_text() == "hello"
        with pytest.raises(WebSocketDisconnect):
            socket.receive_text()
    assert (b"x-correlation-id", b"req-1") in socket.extra_headers
    narration.assert_story([("shop", "request"), ("shop", "talk"), ("shop", "answer")], only=True)
    narration.assert_event(action="answer", status=1000, request="WEBSOCKET /talk", correlation_id="req-1")


def test_a_websocket_that_nobody_accepts_is_told(client, narration):
    with pytest.raises(WebSocketDisconnect), client.websocket_connect("/nowhere"):
        pass
    narration.assert_event(action="answer", status=403)


@pytest.mark.req("CTX-02")
def test_an_edge_takes_over_the_correlation_id_only(narration):
    headers = {ID: "req-1", "traceparent": PARENT, "baggage": "job_id=job-1,session_id=s1"}
    TestClient(wrapped()).get("/order", headers=headers)
    narration.assert_every("correlation_id", "req-1")
    told = narration.assert_event(action="order")
    assert told.trace_id != TRACE
    assert (told.job_id, told.session_id, told.parent_span_id) == (None, None, None)
    narration.assert_event(action="request", link=PARENT)


@pytest.mark.req("CTX-02")
def test_inside_the_trace_goes_on_and_job_and_session_hold(narration):
    headers = {ID: "req-1", "traceparent": PARENT, "baggage": "user=me, job_id=job-1;p=1,session_id=s1"}
    TestClient(wrapped(trust="inside")).get("/order", headers=headers)
    told = narration.assert_event(action="order", trace_id=TRACE, job_id="job-1", session_id="s1")
    assert told.span_id not in (None, SPAN)
    narration.assert_event(action="request", parent_span_id=SPAN, span_id=told.span_id)


def test_an_id_that_cannot_be_accepted_is_replaced_and_never_repeated(narration):
    answer = TestClient(wrapped()).get("/order", headers={ID: "two words"})
    told = narration.assert_event(action="correlation_replaced", level="warn", error_kind="invalid_correlation_id")
    assert told.correlation_id == answer.headers[ID]
    narration.assert_no_secrets("two words")


@pytest.mark.req("CTX-02")
def test_a_refused_id_is_never_told_in_a_jobs_stream(narration):
    headers = {ID: "two words", "baggage": "job_id=job-1"}
    TestClient(wrapped(trust="inside")).get("/order", headers=headers)
    assert narration.assert_event(action="correlation_replaced", level="warn").job_id is None
    narration.assert_event(action="order", job_id="job-1")


def test_points_can_be_silenced_and_paths_skipped(narration):
    client = TestClient(wrapped(levels={"request": "mute", "answer": "warn"}, skip=["/refused"]))
    client.get("/order")
    client.get("/stream")
    assert [event.action for event in narration.events if event.action == "request"] == []
    narration.assert_event(action="answer", level="warn", request="GET /order")
    quiet = TestClient(wrapped(levels={"bad_answer": "mute"}, skip=["/order", "/refused"]))
    before = len(narration.events)
    quiet.get("/refused")
    quiet.get("/order")
    assert [event.action for event in narration.events[before:]] == ["order"]


def test_what_is_told_of_a_path_can_be_chosen(narration):
    TestClient(wrapped(show=lambda _: "/{who}")).get("/jane")
    narration.assert_event(action="answer", request="GET /{who}", status=404)
    TestClient(wrapped(show=lambda _: 1 / 0)).get("/jane")
    narration.assert_event(action="request", request="GET ?")
    narration.assert_no_secrets("jane")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"trust": "outside"}, "trust must be one of edge, inside"),
        ({"levels": {"anwser": "mute"}}, "there is no point 'anwser'"),
        ({"levels": {"answer": "loud"}}, "'loud' is not a level"),
    ],
)
def test_mistakes_are_refused_at_once(options, said):
    with pytest.raises(ValueError, match=said):
        wrapped(**options)


def test_a_long_path_is_shown_in_short_and_kept_whole(narration):
    path = "/shelf/" + "x" * 200
    TestClient(wrapped()).get(path)
    told = narration.assert_event(action="request", path=path)
    assert len(told.extra["request"]) == 60


def test_a_caller_that_is_gone_is_told(narration):
    async def main():
        started = asyncio.Event()

        async def waiting(scope, receive, send):
            started.set()
            await asyncio.Event().wait()

        app = NarrationMiddleware(waiting, narrate=narrate)
        task = asyncio.create_task(app({"type": "http", "method": "GET", "path": "/", "headers": []}, None, None))
        await started.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(main())
    told = narration.assert_event(action="answer", event="request", level="info")
    assert told.duration_ms is not None
    assert "its caller is gone" in told.human


@pytest.mark.req("INT-01")
def test_a_stream_that_nobody_reads_any_more_is_not_told_as_answered(narration):
    async def ending_early(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"a", "more_body": True})

    async def reading(scope, receive, send):
        raise ClientDisconnect

    async def send(message):
        pass

    for app in (ending_early, reading):
        call = NarrationMiddleware(app, narrate=narrate)({**HTTP, "path": "/"}, None, send)
        asyncio.run(asyncio.wait_for(ignoring(ClientDisconnect, call), 60))
    assert [event.human.partition(" after ")[0] for event in narration.events if event.action == "answer"] == [
        "Stopped serving GET /"
    ] * 2
    narration.assert_count(0, level="error")


async def ignoring(error, awaitable):
    with contextlib.suppress(error):
        await awaitable


def test_an_application_without_a_life_of_its_own_does_not_fail(narration):
    async def django(scope, receive, send):
        raise ValueError(f"Django can only handle ASGI/HTTP connections, not {scope['type']}.")

    async def live():
        await NarrationMiddleware(django, narrate=narrate)({"type": "lifespan"}, None, None)

    with pytest.raises(ValueError, match="lifespan"):
        asyncio.run(live())
    narration.assert_none()


@pytest.mark.req("INT-01")
@pytest.mark.parametrize("phase", ["startup", "shutdown"])
@pytest.mark.narrated_errors
def test_an_application_that_fails_at_its_start_or_end_is_told(narration, phase):
    @contextlib.asynccontextmanager
    async def life(app):
        if phase == "startup":
            raise OSError("password=hunter2-made-up-pass")
        yield
        raise OSError("password=hunter2-made-up-pass")

    app = NarrationMiddleware(Starlette(routes=ROUTES, lifespan=life), narrate=narrate)
    with pytest.raises(OSError, match="hunter2"), TestClient(app):
        pass
    told = narration.assert_event(action="life_failed", level="error", error_kind="OSError", phase=phase)
    assert "life" in str(told.extra["frames"])
    assert "hunter2" not in str(narration.events)


@pytest.mark.req("INT-01")
def test_a_thousand_requests_at_once_are_never_mixed(narration):
    waiting = []

    async def app(scope, receive, send):
        gate = asyncio.Event()
        waiting.append(gate)
        if len(waiting) == 1000:
            for waiter in waiting:
                waiter.set()
        await gate.wait()
        assert bound()["correlation_id"] == scope["path"][1:]
        await asyncio.to_thread(narrate, "work", scope["path"], "Working")
        body = outbound_headers()[ID].encode()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": body})

    async def main():
        transport = httpx.ASGITransport(NarrationMiddleware(app, narrate=narrate))
        async with httpx.AsyncClient(transport=transport, base_url="http://shop") as client:
            names = [f"req-{number}" for number in range(1000)]
            answers = await asyncio.gather(*(client.get(f"/{name}", headers={ID: name}) for name in names))
            assert [(answer.text, answer.headers[ID]) for answer in answers] == [(name, name) for name in names]

    asyncio.run(main())
    assert len(narration.events) == 3000
    for event in narration.events:
        assert event.correlation_id in event.target


def test_everything_is_flushed_at_shutdown(memory, monkeypatch):
    flushed = []
    monkeypatch.setattr("narration_core.bridges.asgi.flush", lambda: flushed.append(flush()))
    with TestClient(wrapped()):
        assert flushed == []
    assert flushed == [0]


def test_a_secret_in_a_header_a_body_a_path_or_an_exception_is_in_no_event(narration):
    secret = "sk-proj-Madeup0123456789abcdefghijklmnopqrstuv"

    async def leaky(request):
        narrate("body", "order", f"Got {(await request.body()).decode()}")
        raise RuntimeError(f"cannot use password={secret}")

    app = NarrationMiddleware(Starlette(routes=[Route("/{rest:path}", leaky, methods=["POST"])]), narrate=narrate)
    headers = {"Authorization": f"Bearer {secret}", "X-Api-Key": secret, "traceparent": secret, ID: f"{secret} x"}
    answer = TestClient(app, raise_server_exceptions=False).post(
        f"/api_key={secret}?token={secret}", headers=headers, content=f'{{"api_key": "{secret}"}}'
    )
    assert answer.status_code == 500
    assert secret not in answer.text
    narration.assert_no_secrets(secret)
    narration.assert_event(action="request_failed", level="error")
