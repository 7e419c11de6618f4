"""What the contract promises and no other test would miss: codes, metrics, cancellation, drain, residency, memory."""

import asyncio
import re

import msgspec
import pytest
from aiohttp.test_utils import TestClient, TestServer

from narration_core import CHANNELS, bind, close_job, open_job
from narration_worker import lifecycle
from narration_worker.cli import command
from narration_worker.config import BUNDLED, Settings
from narration_worker.errors import CODES, WorkerError
from narration_worker.http.answers import error_response
from narration_worker.http.server import Server
from narration_worker.http.sse import stream
from narration_worker.jobs.job import Job
from narration_worker.jobs.manager import Jobs
from narration_worker.metrics import Metrics
from narration_worker.model import native
from narration_worker.model.engine import Engine
from narration_worker.model.residency import Residency
from narration_worker.requests import ExecuteRequest
from narration_worker.wire import Error, Token

pytestmark = pytest.mark.usefixtures("strict")


@pytest.fixture(autouse=True)
def about():
    """Bind what the life of the process binds."""
    with bind(worker_id="w-1", model_ref="haiku.gguf"):
        yield


@pytest.fixture(scope="module")
def endless(make_model):
    """Yield an engine whose answers are as long as they may be."""
    engine = Engine(make_model("endless.gguf", 2), "cpu")
    engine.load(None)
    yield engine
    engine.close()


def queue(engine, metrics=None, **more):
    settings = {"queue_limit": 4, "timeout_s": 60.0, "max_tokens_in": None, **more}
    return Jobs(engine, metrics or Metrics("w", lambda: 0, lambda: 0), **settings)


def request(job_id, **more):
    return ExecuteRequest(prompt="Write a haiku", job_id=job_id, temperature=0.0, **more)


async def messages_of(job):
    found = []
    async with asyncio.timeout(60):
        while batch := await job.subscription.batch():
            found += [delivery.message for delivery in batch if delivery.message is not None]
    return found


def tokens_of(messages):
    return [(data.t, data.i) for name, data in messages if name == "token"]


@pytest.mark.req("M0-W-1500")
def test_every_code_has_the_status_of_the_contract():
    assert {name: code.status for name, code in CODES.items()} == {
        "INVALID_REQUEST": 400,
        "MISSING_TOKEN": 401,
        "BAD_TOKEN": 401,
        "FORBIDDEN": 403,
        "NOT_FOUND": 404,
        "CONFLICT": 409,
        "QUEUE_FULL": 429,
        "CANCELLED": 499,
        "MODEL_LOAD_FAILED": 500,
        "VRAM_OOM": 500,
        "CUDA_ERROR": 500,
        "INTERNAL": 500,
        "INSUFFICIENT_VRAM": 503,
        "INSUFFICIENT_MEMORY": 503,
        "SHUTTING_DOWN": 503,
        "LOADING": 503,
        "INFERENCE_TIMEOUT": 504,
    }
    retriable = {name for name, code in CODES.items() if code.retriable}
    assert retriable == {"QUEUE_FULL", "VRAM_OOM", "INTERNAL", "SHUTTING_DOWN", "LOADING", "INFERENCE_TIMEOUT"}


@pytest.mark.req("M0-W-1500")
@pytest.mark.parametrize("code", CODES)
def test_an_answer_has_the_status_of_its_code_and_says_when_to_come_back(code):
    response = error_response(WorkerError(code, "it failed"))
    body = msgspec.json.decode(response.body, type=Error)
    assert (response.status, body.code, body.message) == (CODES[code].status, code, "it failed")
    assert ("Retry-After" in response.headers) is (code in {"QUEUE_FULL", "LOADING"})
    assert ("WWW-Authenticate" in response.headers) is (CODES[code].status == 401)


@pytest.mark.req("M0-W-1310")
def test_a_long_answer_sends_metrics_with_its_figures(endless):
    async def run():
        loop = asyncio.get_running_loop()
        jobs = queue(endless)
        jobs.start()
        began = loop.time()
        try:
            return await messages_of(jobs.submit(request("long", max_tokens=4096))), loop.time() - began
        finally:
            jobs.close()

    found, took_s = asyncio.run(run())
    figures = next(data for name, data in found if name == "metrics")
    assert sum(name == "metrics" for name, _ in found) <= took_s * 4  # at most four a second
    assert figures.tokens_out >= sum(name == "token" for name, _ in found[:3])
    assert figures.tokens_per_s > 0
    assert figures.queue_depth == 0


@pytest.mark.req("M0-W-1330")
def test_a_cancelled_job_generates_no_more_than_the_token_it_is_at(endless):
    async def run():
        jobs = queue(endless)
        jobs.start()
        job = jobs.submit(request("stops", max_tokens=4096))
        async with asyncio.timeout(60):
            while job.tokens_out == 0:  # noqa: ASYNC110 - nothing says when the first token is there
                await asyncio.sleep(0)
        # The loop stands still while the inference thread goes on: what it does after this line is what counts.
        before = job.tokens_out
        status = jobs.cancel("stops")
        while job.ending is None:
            pass
        after = job.tokens_out
        found = await messages_of(job)
        jobs.close()
        return before, after, status, found[-1]

    before, after, status, (name, error) = asyncio.run(run())
    assert status == "cancelled"
    assert after - before <= 2
    assert (name, error.code) == ("error", "CANCELLED")


@pytest.mark.req("M0-W-1340")
def test_a_drain_lets_accepted_jobs_end_and_takes_no_more(endless):
    async def run():
        jobs = queue(endless)
        jobs.start()
        accepted = [jobs.submit(request(f"ends-{number}", max_tokens=5)) for number in range(2)]
        draining = asyncio.create_task(jobs.drain(60.0))
        await asyncio.sleep(0)
        try:
            with pytest.raises(WorkerError) as refused:
                jobs.submit(request("too-late"))
            found = [await messages_of(job) for job in accepted]
            await draining
        finally:
            jobs.close()
        return refused.value.code, [messages[-1][0] for messages in found]

    assert asyncio.run(run()) == ("SHUTTING_DOWN", ["end", "end"])


@pytest.mark.req("M0-W-1340")
def test_a_drain_stops_what_does_not_end_in_time(endless):
    async def run():
        jobs = queue(endless)
        jobs.start()
        running, waiting = (jobs.submit(request(job_id, max_tokens=4096)) for job_id in ("running", "waiting"))
        async with asyncio.timeout(60):
            await jobs.drain(0.05)
        found = [(await messages_of(job))[-1] for job in (running, waiting)]
        jobs.close()
        return [(name, error.code) for name, error in found]

    assert asyncio.run(run()) == [("error", "SHUTTING_DOWN")] * 2


class _Written:
    """Keeps what a stream writes: the other end of a connection."""

    def __init__(self):
        self.parts = []

    async def write(self, data):
        self.parts.append(data)


@pytest.mark.req("SSE-10")
@pytest.mark.parametrize(("micro_batch_ms", "writes_at_once"), [(0, True), (60_000, False)])
def test_a_micro_batch_gathers_what_comes_within_its_time(micro_batch_ms, writes_at_once):
    async def run():
        open_job("gathered")
        written = _Written()
        job = Job("gathered", request("gathered"), [1])
        sending = asyncio.create_task(stream(written, job, micro_batch_ms=micro_batch_ms, heartbeat_s=3600.0))
        CHANNELS.send("gathered", "token", Token("a", 0))
        for _ in range(50):
            await asyncio.sleep(0)
        early = list(written.parts)
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
        close_job("gathered")
        return early

    early = asyncio.run(run())
    assert bool(early) is writes_at_once


@pytest.mark.req("SSE-10")
def test_a_micro_batch_sends_all_that_was_gathered_in_one_write():
    async def run():
        open_job("together")
        written = _Written()
        sending = asyncio.create_task(
            stream(written, Job("together", request("together"), [1]), micro_batch_ms=20, heartbeat_s=3600.0)
        )
        CHANNELS.send("together", "token", Token("a", 0))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        CHANNELS.send("together", "token", Token("b", 1))
        async with asyncio.timeout(60):
            while not written.parts:  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.001)
        CHANNELS.send("together", "token", Token("c", 2))
        close_job("together")
        return written.parts[0], await sending

    first, last = asyncio.run(run())
    assert (first.count(b"event: token"), last.count(b"event: token")) == (2, 1)


def settings(**more):
    return Settings(BUNDLED, "w-1", device="cpu", **more)


@pytest.mark.req("M0-W-1012")
def test_residency_is_verified_at_the_start_and_at_intervals(strict, endless):
    assert settings().residency_check_s == 60.0
    default = next(option for option in command.params if option.name == "residency_check_sec").default
    assert default == 60.0

    async def run():
        engine = Engine(BUNDLED, "cpu")
        jobs, metrics = queue(endless), Metrics("w", lambda: 0, lambda: 0)
        worker = lifecycle._Worker(settings(residency_check_s=0.001, heartbeat_narration_s=0), engine)
        assert await worker._background_tasks(jobs, metrics) == []  # nothing to watch on a CPU
        engine.residency = Residency("CUDA0", 1000, lambda: 1000, lambda: None)
        (watching,) = await worker._background_tasks(jobs, metrics)
        at_start = len(strict.events)
        try:
            async with asyncio.timeout(60):
                while len(strict.events) < at_start + 2:  # noqa: ASYNC110 - as above
                    await asyncio.sleep(0.001)
        finally:
            watching.cancel()
            jobs.close()
        return at_start

    assert asyncio.run(run()) == 1
    assert {event.action for event in strict.events} == {"residency"}


@pytest.mark.req("M0-W-1012")
def test_a_worker_whose_model_left_the_gpu_is_unhealthy(endless):
    async def run():
        jobs = queue(endless)
        server = Server(settings(), endless, jobs, Metrics("w", lambda: 0, lambda: 0), lambda _: None)
        held = [1000, 10, 1000]
        statuses = [server.status]
        try:
            endless.residency = Residency("CUDA0", 1000, lambda: held.pop(0), lambda: None)
            for _ in range(3):
                endless.residency.check()
                statuses.append(server.status)
        finally:
            endless.residency = None
            jobs.close()
        return statuses

    assert asyncio.run(run()) == ["healthy", "healthy", "unhealthy", "healthy"]


@pytest.mark.req("M0-W-1021")
def test_a_request_that_runs_out_of_memory_fails_alone(endless, narration):
    model = endless.model
    decode, last_error = native.llama_cpp.llama_decode, model.last_error
    calls = iter(range(1_000_000))

    def full(context, batch):
        return -3 if next(calls) == 3 else decode(context, batch)  # after the prompt and two tokens

    async def run():
        jobs = queue(endless)
        jobs.start()
        try:
            before = await messages_of(jobs.submit(request("before", max_tokens=9)))
            native.llama_cpp.llama_decode, model.last_error = full, lambda: "CUDA error: out of memory"
            failed = await messages_of(jobs.submit(request("full", max_tokens=9)))
            worked = await messages_of(jobs.submit(request("after", max_tokens=9)))
        finally:
            native.llama_cpp.llama_decode, model.last_error = decode, last_error
            jobs.close()
        return tokens_of(before), tokens_of(failed), failed[-1], tokens_of(worked), worked[-1][0]

    before, partly, (name, error), again, after = asyncio.run(run())
    assert again == before  # nothing of the failed request is left in the cache
    assert 0 < len(partly) < len(before)
    assert (name, error.code, error.retriable) == ("error", "VRAM_OOM", True)
    narration.assert_event(action="execute", level="error", error_kind="vram_oom", job_id="full")
    assert after == "end"


@pytest.mark.req("M0-W-1011")
def test_the_memory_that_is_tracked_is_the_memory_that_is_reported():
    metrics = Metrics("w-1", lambda: 0, lambda: 123_456_789)
    lines = metrics.text().decode().splitlines()
    assert [line for line in lines if line.startswith("worker_vram_bytes")] == [
        'worker_vram_bytes{worker_id="w-1"} 1.23456789e+08'
    ]


@pytest.mark.req("M0-W-1001")
def test_nothing_in_the_interface_loads_a_second_model(endless):
    async def run():
        jobs = queue(endless)
        server = Server(settings(), endless, jobs, Metrics("w", lambda: 0, lambda: 0), lambda _: None)
        routes = {(route.method, route.resource.canonical) for route in server.application().router.routes()}
        jobs.close()
        return {(method, path) for method, path in routes if method != "HEAD"}

    assert asyncio.run(run()) == {
        ("POST", "/execute"),
        ("POST", "/cancel"),
        ("POST", "/shutdown"),
        ("GET", "/jobs/{job_id}"),
        ("GET", "/jobs/{job_id}/events"),
        ("GET", "/health"),
        ("GET", "/metrics"),
        ("GET", "/openapi.json"),
        ("GET", "/docs"),
    }


@pytest.mark.req("M0-W-1500", "M0-W-1902")
def test_a_fault_of_an_endpoint_is_narrated_by_kind_and_place_and_answered_in_our_format(endless, narration):
    def broken(reason):
        raise LookupError(f"s3cr3t-words of a request: {reason}")

    async def run():
        jobs = queue(endless)
        server = Server(settings(), endless, jobs, Metrics("w", lambda: 0, lambda: 0), broken)
        try:
            async with TestClient(TestServer(server.application())) as client:
                answer = await client.post("/shutdown")
                health = await client.get("/health")
                return answer.status, await answer.json(), health.status
        finally:
            jobs.close()

    status, body, health = asyncio.run(run())
    assert (status, body["code"], body["message"]) == (
        500,
        "INTERNAL",
        "unexpected LookupError; the narration says more",
    )
    assert health == 200
    failed = narration.assert_event(
        action="http", event="error", level="error", error_kind="LookupError", address="127.0.0.1"
    )
    assert re.fullmatch(r"test_promises\.py:\d+ in broken", str(failed.get("failed_at")))
    narration.assert_no_secrets("s3cr3t-words")
