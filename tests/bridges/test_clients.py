"""httpx and requests against a real server in a thread."""

import asyncio
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest
import requests
from urllib3.util import Retry

from narration_core import Narrator, bind
from narration_core.bridges.httpx import AsyncNarrationTransport, NarrationTransport
from narration_core.bridges.requests import NarrationAdapter, narrated

caller = Narrator("gateway")
SECRET = "hunter2-made-up-pass"


class Handler(BaseHTTPRequestHandler):
    """Answers with the headers that came; /flaky is refused twice, /bad always."""

    refusals = 0
    got: list

    def do_GET(self):
        self.got.append(dict(self.headers))
        status = 200
        if self.path == "/flaky" and type(self).refusals < 2:
            type(self).refusals += 1
            status = 503
        elif self.path == "/bad":
            status = 500
        elif self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", "/there")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(status)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_):
        """Stay silent."""


@pytest.fixture
def server():
    handler = type("Handler", (Handler,), {"got": [], "refusals": 0})
    running = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=running.serve_forever)
    thread.start()
    running.got = handler.got
    running.base = f"http://127.0.0.1:{running.server_address[1]}"
    yield running
    running.shutdown()
    thread.join()
    running.server_close()


def by_requests(url, headers=None, options=None, **settings):
    with narrated(requests.Session(), caller, **settings, **(options or {})) as session:
        return session.get(url, headers=headers).status_code


def by_httpx(url, headers=None, options=None, **settings):
    transport = NarrationTransport(caller, httpx.HTTPTransport(**(options or {})), **settings)
    with httpx.Client(transport=transport, follow_redirects=True) as client:
        return client.get(url, headers=headers).status_code


def by_async_httpx(url, headers=None, options=None, **settings):
    async def main():
        transport = AsyncNarrationTransport(caller, httpx.AsyncHTTPTransport(**(options or {})), **settings)
        async with httpx.AsyncClient(transport=transport, follow_redirects=True) as client:
            return (await client.get(url, headers=headers)).status_code

    return asyncio.run(main())


@pytest.fixture(params=[by_requests, by_httpx, by_async_httpx])
def get(request):
    return request.param


@pytest.mark.req("INT-02")
def test_a_call_is_told_and_carries_the_ids(get, server, narration):
    with bind(correlation_id="req-1", job_id="job-1", session_id="s1"):
        assert get(f"{server.base}/there?token={SECRET}", trust="inside") == 200
    call, ended = narration.events
    place = server.base.removeprefix("http://")
    assert (call.action, call.event, call.target) == ("call", "call", f"GET {place}/there")
    narration.assert_event(action="call", event="call", status=200, request=f"GET {place}/there", duration_ms=...)
    assert ended.span_id == call.span_id
    (got,) = server.got
    got = {name.lower(): value for name, value in got.items()}
    assert got["x-correlation-id"] == "req-1"
    assert got["traceparent"] == f"00-{call.trace_id}-{call.span_id}-01"
    assert got["baggage"] == "job_id=job-1,session_id=s1"
    narration.assert_every("correlation_id", "req-1")
    narration.assert_no_secrets(SECRET)


@pytest.mark.req("CTX-02")
def test_a_stranger_is_sent_no_job_and_no_session(get, server, narration):
    with bind(correlation_id="req-1", job_id="job-1", session_id="s1"):
        get(f"{server.base}/there")
    assert "baggage" not in {name.lower() for name in server.got[0]}


def test_the_call_belongs_to_the_span_around_it(get, server, narration):
    with bind(correlation_id="req-1"), caller.span("order", "order-7", "Ordering"):
        get(f"{server.base}/there")
    start, call, _, _ = narration.events
    assert (call.parent_span_id, call.trace_id) == (start.span_id, start.trace_id)


def test_a_header_that_the_caller_set_is_kept(get, server, narration):
    with bind(correlation_id="req-1"):
        get(f"{server.base}/there", headers={"x-correlation-id": "mine"})
    assert {name.lower(): value for name, value in server.got[0].items()}["x-correlation-id"] == "mine"


def test_a_call_outside_of_any_request_has_an_id_all_the_same(get, server, narration):
    get(f"{server.base}/there")
    ids = {event.correlation_id for event in narration.events}
    assert ids == {{name.lower(): value for name, value in server.got[0].items()}["x-correlation-id"]}


def test_a_bad_answer_is_a_warning(get, server, narration):
    get(f"{server.base}/bad")
    narration.assert_event(action="call", level="warn", status=500, error_kind="http_500")


def test_a_redirect_is_a_call_of_its_own(get, server, narration):
    assert get(f"{server.base}/moved") == 200
    assert [event.get("status") for event in narration.events] == [None, 302, None, 200]


@pytest.mark.req("INT-02")
def test_a_call_that_nobody_answers_is_told_with_its_retries(get, narration):
    options = {"max_retries": 2} if get is by_requests else {"retries": 2}
    with bind(correlation_id="req-1"), pytest.raises((requests.ConnectionError, httpx.ConnectError)):
        get("http://127.0.0.1:9/there", options=options)
    failed = narration.assert_event(action="call_failed", level="warn", event="call_failed", retries=2)
    assert failed.error_kind.endswith(("ConnectionError", "ConnectError"))
    assert failed.correlation_id == "req-1"


def test_answers_that_are_tried_again_are_counted(server, narration):
    retry = Retry(total=3, status_forcelist=[503], backoff_factor=0)
    assert by_requests(f"{server.base}/flaky", options={"max_retries": retry}) == 200
    narration.assert_event(action="call", status=200, retries=2)


def test_points_can_be_silenced(get, server, narration):
    get(f"{server.base}/there", levels={"call": "mute", "answer": "mute"})
    get(f"{server.base}/bad", levels={"call": "mute", "bad_answer": "mute"})
    assert narration.events == []
    sent = [{name.lower(): value for name, value in got.items()} for got in server.got]
    assert all("x-correlation-id" in got for got in sent)


def test_a_password_in_the_address_is_not_told(narration, server):
    by_requests(f"http://jane:{SECRET}@{server.base.removeprefix('http://')}/there")
    by_httpx(f"http://jane:{SECRET}@{server.base.removeprefix('http://')}/there")
    narration.assert_no_secrets(SECRET)
    narration.assert_every("request", f"GET {server.base.removeprefix('http://')}/there")


def test_an_adapter_may_be_mounted_for_one_service(server, narration):
    with requests.Session() as session:
        session.mount(server.base, NarrationAdapter(caller))
        session.get(f"{server.base}/there")
    narration.assert_count(2, actor="gateway")


@pytest.mark.parametrize("known", [True, False])
def test_httpx_sends_the_same_headers_however_it_keeps_them(server, monkeypatch, known):
    from narration_core.bridges import httpx as bridge

    assert bridge._LIST_IS_KNOWN
    monkeypatch.setattr(bridge, "_LIST_IS_KNOWN", known)
    with bind(correlation_id="req-1", trace_id="1" * 31 + "a"):
        by_httpx(server.base)
        by_httpx(server.base, headers={"x-correlation-id": "own", "TraceParent": "own"})
    first, second = server.got
    assert first["X-Correlation-Id"] == "req-1"
    assert first["traceparent"].startswith(f"00-{'1' * 31}a-")
    assert (second["x-correlation-id"], second["TraceParent"]) == ("own", "own")
    assert sum(name.lower() in {"x-correlation-id", "traceparent"} for name in second) == 2
