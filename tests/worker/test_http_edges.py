"""The edges of HTTP: bodies, versions, connections, and what must not be narrated."""

import asyncio
import gzip
import json
from contextlib import asynccontextmanager

import aiohttp
import msgspec
import pytest

from narration_core.serving import connection, requests
from narration_worker.client import WorkerClient
from narration_worker.launch import launch
from narration_worker.requests import MAX_BODY, MAX_FAULTS, MAX_PROMPT
from narration_worker.wire import Error, Fault

STRICT = {"NARRATION_STRICT": "1"}


async def raw(url, data):
    """Send bytes and read to the end of the connection."""
    host, _, port = url.removeprefix("http://").rpartition(":")
    reader, writer = await asyncio.open_connection(host.strip("[]"), int(port))
    writer.write(data)
    try:
        async with asyncio.timeout(60):
            return await reader.read()
    finally:
        writer.close()


def post(body, *, version="1.1", headers=""):
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    head = f"POST /execute HTTP/{version}\r\nHost: 127.0.0.1\r\nContent-Length: {len(data)}\r\n{headers}\r\n"
    return head.encode() + data


@asynccontextmanager
async def session():
    connector = aiohttp.TCPConnector(force_close=True)  # a broken body costs its connection
    async with launch(environment=STRICT) as worker, aiohttp.ClientSession(connector=connector) as web:
        yield worker, web


async def answer(web, url, data, **headers):
    async with web.post(url, data=data, headers=headers) as response:
        return response.status, await response.read(), response.headers


@pytest.mark.req("M0-W-1500")
def test_an_answer_repeats_only_the_start_of_a_long_path():
    async def run():
        async with session() as (worker, web):
            place = "/" + "p" * 199
            async with web.get(f"{worker.url}{place}{'q' * 5000}") as response:
                assert (response.status, (await response.json())["message"]) == (404, f"no endpoint {place}")
            long = f"/jobs/{'j' * 194}"
            async with web.post(f"{worker.url}{long}{'k' * 5000}") as response:
                assert (response.status, (await response.json())["message"]) == (
                    405,
                    f"{long} does not take POST; use GET, HEAD",
                )

    asyncio.run(run())


@pytest.mark.req("M0-W-1302", "M0-W-1500")
def test_odd_bodies_are_client_faults_in_our_format():
    async def run():
        async with session() as (worker, web):
            url = f"{worker.url}/execute"
            answers = {
                "bad gzip": await answer(web, url, b"this is not gzip", **{"Content-Encoding": "gzip"}),
                "cut gzip": await answer(web, url, gzip.compress(b"x" * 9000)[:20], **{"Content-Encoding": "gzip"}),
                "a bomb": await answer(web, url, gzip.compress(b"x" * 50_000_000), **{"Content-Encoding": "gzip"}),
                "newline": await answer(web, url, b'{"prompt": "a", "job_id": "a\\n"}'),
                "both": await answer(web, url, b'{"prompt": "a", "messages": [{"role": "user", "content": "b"}]}'),
                "neither": await answer(web, url, b"{}"),
            }
            emoji = json.dumps({"prompt": "\U0001f680" * MAX_PROMPT}).encode()
            assert len(emoji) > 12 * MAX_PROMPT
            too_long = await answer(web, url, emoji)
            many = await answer(web, url, json.dumps({f"f{number}": 1 for number in range(5000)}).encode())
            zipped = await answer(
                web, url, gzip.compress(b'{"prompt": "a", "max_tokens": 1}'), **{"Content-Encoding": "gzip"}
            )
            return answers, too_long, many, zipped

    answers, too_long, many, zipped = asyncio.run(run())
    for name, (status, body, _) in answers.items():
        error = msgspec.json.decode(body, type=Error)
        assert (status, error.code, error.retriable) == (400, "INVALID_REQUEST", False), name
    # The longest prompt arrives, however it is escaped: only its tokens are too many for this model.
    assert too_long[0] == 400
    refused = msgspec.json.decode(too_long[1], type=Error)
    assert "tokens, the context holds" in refused.message
    assert refused.hint == "send a shorter prompt or start the worker with a larger --context-length"
    assert len(msgspec.json.decode(many[1], type=Error).faults) <= MAX_FAULTS + 2
    assert zipped[0] == 200


@pytest.mark.req("M0-W-1302", "M0-W-1900")
def test_a_refused_request_keeps_its_callers_job_id():
    async def run():
        async with session() as (worker, web):
            url = f"{worker.url}/execute"
            await answer(web, url, b'{"prompt": "a", "job_id": "mine", "temperature": 9}')
            # Not JSON, strictly: the fault is found by reading it more leniently, and so is the id.
            await answer(web, url, b'{"prompt": "a", "job_id": "not-a-number", "temperature": NaN}')
            await answer(web, url, b'{"prompt": "\\ud800", "job_id": "half-a-pair"}')
            await answer(web, url, b'{"job_id": "a-comma-too-many", "prompt": "a",}')
            await answer(web, url, b'{"prompt": "a", "job_id": "done", "max_tokens": 1}')
            conflict = await answer(web, url, b'{"prompt": "a", "job_id": "done"}')
            await answer(web, f"{worker.url}/cancel", b'{"job_id": "done", "why": 1}')
            await worker.wait_for(action="validate", callers_job_id="done")
            return worker.events, conflict

    events, conflict = asyncio.run(run())
    for job_id in ("mine", "not-a-number", "half-a-pair", "a-comma-too-many"):
        (refused,) = [event for event in events if event.job_id == job_id]
        assert (refused.action, refused.event) == ("validate", "error")
        assert refused.duration_ms >= 0
    assert [event.event for event in events if event.job_id == "done"][-1] == "execute_end"  # its own story only
    assert [event.get("callers_job_id") for event in events if event.action == "refuse"] == ["done"]
    assert conflict[0] == 409


@pytest.mark.req("M0-W-1330", "M0-W-1900")
def test_what_is_asked_about_another_requests_job_is_refused_in_a_story_of_its_own():
    async def run():
        async with session() as (worker, web):
            await answer(web, f"{worker.url}/execute", b'{"prompt": "a", "job_id": "done", "max_tokens": 1}')
            await answer(web, f"{worker.url}/cancel", b'{"job_id": "never-was"}')
            for path in ("done", "no%20id"):
                async with web.get(f"{worker.url}/jobs/{path}/events", headers={"Last-Event-ID": "x"}) as response:
                    assert response.status == 400
            async with web.get(f"{worker.url}/jobs/done/events") as response:
                assert response.status == 404
                narration = (await response.json())["narration"]
            return worker.events, narration

    events, narration = asyncio.run(run())
    refused = [event for event in events if event.action == "refuse"]
    assert [event.get("callers_job_id") for event in refused] == ["never-was", "done", None, "done"]
    assert len({event.job_id for event in refused} - {"done", "never-was"}) == 4
    assert {event.event for event in refused} == {"error"}
    assert [event["human"] for event in narration] == [refused[-1].human]
    assert not any("no id" in event.human for event in events)  # of the path


@pytest.mark.req("SSE-02")
@pytest.mark.parametrize(("number", "words"), [(1, "1 token in"), (2, "2 tokens in")])
def test_a_story_counts_as_people_do(number, words):
    async def run():
        async with session() as (worker, web):
            await answer(web, f"{worker.url}/execute", b'{"prompt": "a", "seed": 7, "max_tokens": %d}' % number)
            return await worker.wait_for(event="execute_end")

    assert asyncio.run(run()).human.startswith(f"Finished with {words}")


@pytest.mark.req("M0-W-1302", "M0-W-1900")
@pytest.mark.parametrize("path", ["/execute", "/cancel"])
@pytest.mark.parametrize(
    ("body", "encoding", "fault"),
    [
        (b"this is not gzip", {"Content-Encoding": "gzip"}, "does not match its Content-Encoding or length"),
        (b"x" * (MAX_BODY + 1), {}, f"is longer than {MAX_BODY} bytes"),
        (gzip.compress(b"x" * 50_000_000), {"Content-Encoding": "gzip"}, f"is longer than {MAX_BODY} bytes"),
    ],
    ids=["bad gzip", "too long", "a bomb"],
)
def test_a_body_that_cannot_be_read_is_a_refusal_like_any_other(path, body, encoding, fault):
    async def run():
        async with session() as (worker, web):
            status, said, _ = await answer(
                web, worker.url + path, body, **encoding, **{"X-Correlation-Id": "req-unread"}
            )
            return status, msgspec.json.decode(said, type=Error), await worker.wait_for(action="validate")

    status, error, refused = asyncio.run(run())
    assert (status, error.faults) == (400, [Fault("body", fault)])
    assert refused.human == f"Refused the request: body {fault}"
    assert (refused.correlation_id, refused.event) == ("req-unread", "error")
    assert [event["human"] for event in error.narration] == [refused.human]


@pytest.mark.fault
@pytest.mark.req("M0-W-1902")
def test_a_flood_of_what_is_not_http_is_narrated_once():
    async def run():
        async with session() as (worker, _):
            answers = [await raw(worker.url, b"\x16\x03\x01 a TLS hello\r\n\r\n") for _ in range(50)]
            await worker.stop()
            return answers, [event.error_kind for event in worker.events if event.action == "http"]

    answers, kinds = asyncio.run(run())
    assert all(b" 400 " in answer.partition(b"\r\n")[0] for answer in answers)
    assert kinds == ["BadHttpMethod"]


SECRET = "sunflower-made-up"


@pytest.mark.fault
@pytest.mark.req("M0-W-1902")
@pytest.mark.parametrize(
    "data",
    [
        f"GET /health HTTP/1.1\r\nHost: a\r\nX-Api-Key: {SECRET}\x00\r\n\r\n".encode(),
        f"POST /execute HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n{SECRET}\r\n\r\n".encode(),
        post({"prompt": "a", "max_tokens": 1}, headers="Connection: close\r\n")
        + f"{SECRET} and more of the prompt\r\n\r\n".encode(),
        f"{SECRET} /health HTTP/1.1\r\n\r\n".encode(),
        post({"prompt": "a", SECRET: 1}, headers="Connection: close\r\n"),
        post(f'{{"prompt": "{SECRET}'.encode(), headers="Connection: close\r\n"),
    ],
    ids=["header", "chunk", "after the body", "method", "field", "half a body"],
)
def test_nothing_of_a_broken_request_is_narrated(data):
    async def run():
        async with session() as (worker, _), WorkerClient(worker.url) as client:
            received = await raw(worker.url, data)
            await client.health()
            await worker.stop()
            return received, worker.lines, list(worker.other_output)

    received, lines, other = asyncio.run(run())
    assert received.startswith(b"HTTP/1.")
    assert SECRET.encode() not in b"\n".join(lines)
    assert other == []


@pytest.mark.req("M0-W-1310")
def test_http_1_0_ends_the_stream_with_the_connection():
    async def run():
        async with session() as (worker, _):
            data = post({"prompt": "a", "max_tokens": 2}, version="1.0", headers="Connection: keep-alive\r\n")
            return await raw(worker.url, data)

    received = asyncio.run(run())
    assert b"event: end" in received
    assert b"Transfer-Encoding" not in received


@pytest.mark.fault
def test_half_sent_requests_do_not_hold_a_connection():
    """The limits themselves are seconds; the test only asks that they are there, all at once."""

    async def run():
        async with session() as (worker, _):
            parts = [b"", b"POST /exe", b"POST /execute HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\n{"]
            return await asyncio.gather(*(raw(worker.url, part) for part in parts))

    nothing, half_head, half_body = asyncio.run(run())
    assert (nothing, half_head) == (b"", b"")
    assert half_body.startswith(b"HTTP/1.1 400")
    assert connection.FIRST_REQUEST_S <= requests.BODY_TIMEOUT_S <= 20


def test_an_ipv6_worker_has_a_url_that_works():
    async def run():
        async with (
            launch(arguments=("--host", "::1"), environment=STRICT) as worker,
            WorkerClient(worker.url, tries=1) as client,
        ):
            return worker.url, await client.health()

    url, health = asyncio.run(run())
    assert url.startswith("http://[::1]:")
    assert health["status"] == "healthy"


@pytest.mark.req("M0-W-1900")
def test_a_heartbeat_is_narrated_when_it_is_asked_for():
    async def run():
        async with launch(arguments=("--heartbeat-narration-sec", "0.05"), environment=STRICT) as worker:
            return await worker.wait_for(action="heartbeat")

    event = asyncio.run(run())
    assert (event.get("jobs_running"), event.get("queue_depth")) == (0, 0)


@pytest.mark.req("M0-W-1900")
def test_pool_replica_and_engine_are_on_every_event():
    async def run():
        arguments = ("--worker-id", "worker-gpu0-r1", "--pool-id", "pool-a", "--replica-id", "r1")
        async with launch(arguments=arguments, environment=STRICT) as worker, WorkerClient(worker.url) as client:
            await client.text(prompt="a", max_tokens=1)
            await worker.stop()
            return worker.events

    for event in asyncio.run(run()):
        about = (event.worker_id, event.pool_id, event.replica_id, event.engine)
        assert about == ("worker-gpu0-r1", "pool-a", "r1", "llama-cpp-python"), event
        assert event.engine_version


@pytest.mark.req("M0-W-1500")
@pytest.mark.parametrize(
    ("version", "expectation", "starts"),
    [
        ("1.1", "100-continue", [b"HTTP/1.1 100 Continue", b"HTTP/1.1 200 OK"]),
        ("1.1", "something-else", [b"HTTP/1.1 417 Expectation Failed"]),
        ("1.0", "100-continue", [b"HTTP/1.0 200 OK"]),
    ],
)
def test_an_expectation_that_is_not_met_is_answered_in_our_format(version, expectation, starts):
    async def run():
        async with launch(environment=STRICT) as worker:
            headers = f"Expect: {expectation}\r\nConnection: close\r\n"
            return await raw(worker.url, post({"prompt": "a", "max_tokens": 2}, version=version, headers=headers))

    received = asyncio.run(run())
    assert [line for line in received.split(b"\r\n") if line.startswith(b"HTTP/")] == starts
    if b"417" in starts[0]:
        error = msgspec.json.decode(received.rpartition(b"\r\n\r\n")[2], type=Error)
        assert error.code == "INVALID_REQUEST"


def test_a_stream_is_resumed_only_after_an_event_that_it_has():
    async def run():
        arguments = ("--resume-grace-sec", "60")
        async with launch(arguments=arguments, environment=STRICT) as worker, aiohttp.ClientSession() as web:
            body = {"prompt": "a", "max_tokens": 3, "job_id": "j"}
            async with web.post(f"{worker.url}/execute", json=body) as response:
                last = int((await response.text()).rpartition("id: ")[2].partition("\n")[0])

            async def after(event_id):
                headers = {"Last-Event-ID": str(event_id)}
                async with web.get(f"{worker.url}/jobs/j/events", headers=headers) as response:
                    return response.status, await response.text()

            return [await after(event_id) for event_id in (last + 1, last, last - 1, last)]

    beyond, all_of_it, rest, again = asyncio.run(run())
    assert (beyond[0], json.loads(beyond[1])["code"]) == (400, "INVALID_REQUEST")
    assert all_of_it == again == (204, "")
    assert rest[0] == 200
    assert rest[1].count("event: ") == rest[1].count("event: end") == 1


@pytest.mark.req("M0-W-1500", "M0-W-1902")
@pytest.mark.parametrize("start", ["GET /health", "POST /nowhere", "DELETE /execute"])
def test_an_expectation_is_refused_in_our_format_wherever_it_is_sent(start):
    async def run():
        async with launch(environment=STRICT) as worker:
            head = f"{start} HTTP/1.1\r\nHost: localhost\r\nExpect: {SECRET}\r\nConnection: close\r\n\r\n"
            return await raw(worker.url, head.encode()), await worker.wait_for(action="http")

    received, told = asyncio.run(run())
    assert received.startswith(b"HTTP/1.1 417 ")
    assert msgspec.json.decode(received.rpartition(b"\r\n\r\n")[2], type=Error).code == "INVALID_REQUEST"
    assert SECRET.encode() not in received
    assert told.error_kind == "HTTPExpectationFailed"


@pytest.mark.req("AUTH-1004")
@pytest.mark.parametrize(
    "header",
    [{"Host": "rebound.example"}, {"Origin": "http://page.example"}, {"Sec-Fetch-Site": "cross-site"}],
    ids=str,
)
def test_a_page_of_another_site_reads_nothing_but_the_status(header):
    """With DNS rebinding a page could read what it is answered: the jobs, the metrics, the model's name."""

    async def run():
        async with launch(environment=STRICT) as worker, aiohttp.ClientSession(headers=header) as web:
            async with WorkerClient(worker.url) as client:
                await client.text(prompt="a", max_tokens=1, job_id="known")
            answers = {}
            for path in ("/jobs/known", "/jobs/known/events", "/metrics", "/health"):
                async with web.get(worker.url + path) as response:
                    answers[path] = response.status, await response.json()
            return answers

    answers = asyncio.run(run())
    assert answers.pop("/health") == (200, {"status": "healthy"})
    assert {(status, body["code"]) for status, body in answers.values()} == {(403, "FORBIDDEN")}
