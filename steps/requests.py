"""Steps that send requests to a worker: answered, queued, cancelled, abandoned."""

import asyncio
import hashlib
import json
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from pytest_bdd import parsers, then, when

from narration_capture import NarrationCapture, one_table
from narration_core import CORRELATION_HEADER, bind, configure
from narration_worker.client import WorkerClient
from narration_worker.config import BUNDLED
from steps.harness import Answer, OpenRequest, WorkerProcess, ask, call
from steps.request_helpers import (
    TABLE,
    ask_and_feed,
    ends_the_job,
    feed_request,
    feed_stopped_request,
    open_request,
    request_body,
)


@when(parsers.parse('a client asks "{prompt}"'), target_fixture="answer")
async def asks(worker: WorkerProcess, narration: NarrationCapture, prompt: str) -> Answer:
    return await ask_and_feed(worker, narration, request_body(prompt))


@when(parsers.parse('the job "{job_id}" asks "{prompt}"'), target_fixture="answer")
async def job_asks(worker: WorkerProcess, narration: NarrationCapture, job_id: str, prompt: str) -> Answer:
    return await ask_and_feed(worker, narration, request_body(prompt, job_id=job_id))


@when(parsers.parse('a client with the correlation id "{correlation_id}" asks "{prompt}"'), target_fixture="answer")
async def asks_with_id(worker: WorkerProcess, narration: NarrationCapture, correlation_id: str, prompt: str) -> Answer:
    return await ask_and_feed(worker, narration, request_body(prompt), {CORRELATION_HEADER: correlation_id})


@when(parsers.parse('a client with the token "{token}" asks "{prompt}"'), target_fixture="answer")
async def asks_with_token(worker: WorkerProcess, narration: NarrationCapture, token: str, prompt: str) -> Answer:
    return await ask_and_feed(worker, narration, request_body(prompt), {"Authorization": f"Bearer {token}"})


@when(parsers.parse('a client behind a proxy asks "{prompt}"'), target_fixture="answer")
async def asks_behind_proxy(worker: WorkerProcess, narration: NarrationCapture, prompt: str) -> Answer:
    return await ask_and_feed(worker, narration, request_body(prompt), {"X-Forwarded-For": "203.0.113.9"})


@when("a client sends a request with:", target_fixture="answer")
async def sends(worker: WorkerProcess, narration: NarrationCapture, datatable: TABLE) -> Answer:
    return await ask_and_feed(
        worker, narration, {name: json.loads(value) for name, value in one_table(datatable).items()}
    )


@when("a client asks with a prompt that is longer than the context", target_fixture="answer")
async def asks_too_much(worker: WorkerProcess, narration: NarrationCapture) -> Answer:
    return await ask_and_feed(worker, narration, request_body("🌙 " * 4000))


@when("the same request is sent twice", target_fixture="answers")
async def twice(worker: WorkerProcess, narration: NarrationCapture) -> list[Answer]:
    return [await ask_and_feed(worker, narration, request_body(temperature=0.8, seed=42)) for _ in range(2)]


@when("a request without a seed is sent, and again with the seed that came back", target_fixture="answers")
async def seeded_again(worker: WorkerProcess, narration: NarrationCapture) -> list[Answer]:
    body = request_body(temperature=0.8)
    del body["seed"]
    first = await ask_and_feed(worker, narration, body)
    return [first, await ask_and_feed(worker, narration, {**body, "seed": first.of("started")[0]["seed"]})]


@when("a client asks while another one is served", target_fixture="answer")
async def asks_meanwhile(worker: WorkerProcess, narration: NarrationCapture, cleanup: AsyncExitStack) -> Answer:
    first = await open_request(worker, cleanup, "req-first", job_id="first", max_tokens=1500)
    second = await open_request(worker, cleanup, "req-second", until="narration", job_id="second", max_tokens=5)
    await call("POST", f"{worker.url}/cancel", {"job_id": "first"})
    await first.until("error")
    await second.until("end")
    for name in ("req-first", "req-second"):
        await asyncio.to_thread(
            worker.wait_for, lambda event, name=name: event.correlation_id == name and ends_the_job(event)
        )
    await asyncio.to_thread(feed_request, worker, narration, "req-second")
    return Answer(200, {}, second.seen, None)


@when("more clients ask than there is room for", target_fixture="answer")
async def too_many(worker: WorkerProcess, narration: NarrationCapture, cleanup: AsyncExitStack) -> Answer:
    await open_request(worker, cleanup, job_id="running", max_tokens=1500)
    await open_request(worker, cleanup, until="started", job_id="waiting", max_tokens=1500)
    answer = await ask_and_feed(worker, narration, request_body(job_id="one-too-many"))
    for name in ("waiting", "running"):
        await call("POST", f"{worker.url}/cancel", {"job_id": name})
    return answer


@when("a client waits in the queue until a heartbeat comes")
async def waits(worker: WorkerProcess, narration: NarrationCapture, cleanup: AsyncExitStack) -> None:
    await open_request(worker, cleanup, max_tokens=1500)
    second = await open_request(worker, cleanup, "req-waiting", until="started", max_tokens=5)
    await second.heartbeat()
    await asyncio.to_thread(
        worker.feed_until,
        narration,
        lambda event: event.correlation_id == "req-waiting" and event.action == "queue",
        lambda event: event.correlation_id == "req-waiting",
    )


@pytest.fixture
def at_debug() -> Iterator[None]:
    """Emit events from level debug upwards in this process."""
    configure(level="debug")
    yield
    configure()


@when("the worker's client asks while another request is served, and that one ends")
async def client_asks(
    worker: WorkerProcess,
    cleanup: AsyncExitStack,
    at_debug: None,  # noqa: ARG001 - a fixture for its effect
) -> None:
    await open_request(worker, cleanup, max_tokens=1500, job_id="in-the-way")
    worker.skip()

    async def asks() -> list[str]:
        async with WorkerClient(worker.url) as client:
            return [message.name async for message in client.execute(**request_body(max_tokens=5))]

    with bind(correlation_id="req-retry"):
        asking = asyncio.create_task(asks())
    await asyncio.to_thread(worker.wait_for, lambda event: event.action == "queue" and event.level == "warn")
    await call("POST", f"{worker.url}/cancel", {"job_id": "in-the-way"})
    names = await asking
    assert names[-1] == "end", names


@then("the operating system shows the model file mapped into the worker")
def is_mapped(worker: WorkerProcess) -> None:
    maps = Path(f"/proc/{worker.pid}/maps")
    if not maps.is_file():
        pytest.skip("this operating system has no /proc/<pid>/maps")
    assert str(BUNDLED) in maps.read_text("utf-8")


@when("a client asks and cancels after the first token", target_fixture="answer")
async def cancels(worker: WorkerProcess, narration: NarrationCapture, cleanup: AsyncExitStack) -> Answer:
    job_id = "job-to-cancel-" + hashlib.sha256(narration.head.title.encode()).hexdigest()[:8]
    client = await open_request(worker, cleanup, "req-cancel", job_id=job_id, max_tokens=1500)
    statuses = [(await call("POST", f"{worker.url}/cancel", {"job_id": job_id}))[0] for _ in range(2)]
    assert statuses == [202, 202]
    await client.until("error")
    await asyncio.to_thread(feed_stopped_request, worker, narration, "req-cancel")
    return Answer(200, {}, client.seen, None)


@when("a client asks and goes away after the first token")
async def goes_away(worker: WorkerProcess, narration: NarrationCapture, cleanup: AsyncExitStack) -> None:
    client = await open_request(worker, cleanup, "req-gone", max_tokens=1500)
    await client.close()
    await asyncio.to_thread(feed_stopped_request, worker, narration, "req-gone")


@when("a client goes away after the first token and comes back for the rest", target_fixture="answers")
async def comes_back(worker: WorkerProcess, narration: NarrationCapture, cleanup: AsyncExitStack) -> list[Answer]:
    client = await open_request(worker, cleanup, "req-cut", job_id="cut", max_tokens=60)
    await client.close()
    await asyncio.to_thread(worker.wait_for, lambda event: event.action == "disconnect")
    again = OpenRequest(worker.url)
    cleanup.push_async_callback(again.close)
    await again.take_up("cut", client.seen[-1].id or "0")
    await again.until("end")
    await asyncio.to_thread(feed_stopped_request, worker, narration, "req-cut")
    return [Answer(200, {}, client.seen, None), Answer(200, {}, again.seen, None)]


@when(
    parsers.parse('a page sends "{method} {path}" with the header "{name}" set to "{value}"'), target_fixture="answer"
)
async def page_sends(
    worker: WorkerProcess, narration: NarrationCapture, method: str, path: str, name: str, value: str
) -> Answer:
    status, body, headers = await call(method, worker.url + path, headers={name: value})
    await asyncio.to_thread(feed_request, worker, narration, headers[CORRELATION_HEADER])
    return Answer(status, headers, [], body)


@when("a client asks for more than there is time for", target_fixture="answer")
async def asks_too_long(worker: WorkerProcess, narration: NarrationCapture) -> Answer:
    answer = await ask(worker.url, request_body(max_tokens=1900), {CORRELATION_HEADER: "req-long"})
    await asyncio.to_thread(feed_stopped_request, worker, narration, "req-long")
    return answer


@when(parsers.parse('an unknown job "{job_id}" is cancelled'), target_fixture="answer")
async def cancels_unknown(worker: WorkerProcess, job_id: str) -> Answer:
    status, body, headers = await call("POST", f"{worker.url}/cancel", {"job_id": job_id})
    return Answer(status, headers, [], body)


@when(parsers.parse('somebody calls "{method} {path}"'), target_fixture="answer")
async def calls(worker: WorkerProcess, method: str, path: str) -> Answer:
    status, body, headers = await call(method, worker.url + path)
    return Answer(status, headers, [], body)
