"""Steps of the features about the worker: real processes, real HTTP, real inference on the bundled model."""

import asyncio
import hashlib
import hmac
import json
import signal
import socket
from collections.abc import Iterator
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path
from typing import Any, Final

import pytest
from aiohttp import web
from pytest_bdd import given, parsers, then, when

from capture import NarrationCapture, normaliser, one_table, repeating, rows
from narration_core import CORRELATION_HEADER, Event, bind, configure, formatted
from steps.evidence import leave
from steps.harness import (
    MODEL,
    Answer,
    OpenRequest,
    WorkerProcess,
    arguments,
    ask,
    call,
    healthy,
)
from tools.make_test_models import random_model
from worker.auth import authenticate
from worker.client import WorkerClient
from worker.config import Settings
from worker.engine import Engine, Result, StopSwitch
from worker.errors import WorkerError
from worker.requests import ExecuteRequest

HAIKU: Final = "Write a haiku about GPU computing"
TABLE = list[list[str]]

# How long an answer is depends on the processor in rare cases, how long anything takes always does.
normaliser("tokens so far", r"Generated \d+ tokens", "Generated <n> tokens")
normaliser("tokens of an answer", r"Finished with \d+ tokens", "Finished with <n> tokens")
normaliser("a seed that was made", r"from seed \d{5,}", "from seed <seed>")
normaliser("the native library's own words", r"llama\.cpp says: .*", "llama.cpp says: <anything>")
repeating("generate", "native", "retry")


def ends_the_job(event: Event) -> bool:
    """Whether nothing more is told of the event's request."""
    return (
        event.action in {"cancel", "disconnect", "timeout", "auth"}
        or (event.action == "execute" and event.event in {"execute_end", "error"})
        or (event.action in {"validate", "queue"} and event.level == "warn")
        or (event.action == "drain" and event.job_id is not None)
    )


# -- workers -------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def shared_worker() -> Iterator[WorkerProcess]:
    with WorkerProcess(arguments()) as worker:
        yield worker


@pytest.fixture(scope="session")
def slow_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that never ends by itself and takes a few milliseconds a token."""
    path = tmp_path_factory.mktemp("models") / "slow.gguf"
    return random_model(path, 30, context=2048)


@pytest.fixture(scope="session")
def shared_slow_worker(slow_model: Path) -> Iterator[WorkerProcess]:
    with WorkerProcess(arguments(slow_model)) as worker:
        yield worker


@pytest.fixture
def own() -> Iterator[ExitStack]:
    """What ends with the scenario."""
    with ExitStack() as stack:
        yield stack


async def _ready(worker: WorkerProcess) -> WorkerProcess:
    await asyncio.to_thread(worker.wait_for, lambda event: event.action == "ready")
    await healthy(worker.url)
    return worker


@given("a worker", target_fixture="worker")
async def a_worker(shared_worker: WorkerProcess) -> WorkerProcess:
    worker = await _ready(shared_worker)
    worker.skip()
    return worker


@given("a worker on a slow model", target_fixture="worker")
async def a_slow_worker(shared_slow_worker: WorkerProcess) -> WorkerProcess:
    worker = await _ready(shared_slow_worker)
    worker.skip()
    return worker


@pytest.fixture
def settings() -> dict[str, str]:
    """What a worker of its own is started with; a Given step may say more."""
    return {}


@given("settings:", target_fixture="settings")
def given_settings(datatable: TABLE, slow_model: Path) -> dict[str, str]:
    table = one_table(datatable)
    if table.get("model") == "slow":
        table["model"] = str(slow_model)
    return table


def _start(settings: dict[str, str], own: ExitStack) -> WorkerProcess:
    options = {name: value for name, value in settings.items() if not name.isupper()}
    env = {name: value for name, value in settings.items() if name.isupper()}
    device = options.pop("device", "cpu")
    model = Path(options.pop("model", str(MODEL)))
    port = int(options.pop("port", "0"))
    given = arguments(model, None if device == "(default)" else device, port, **options)
    return own.enter_context(WorkerProcess(given, env))


@when("a worker starts", target_fixture="worker")
async def starts(settings: dict[str, str], own: ExitStack, narration: NarrationCapture) -> WorkerProcess:
    worker = await _ready(_start(settings, own))
    worker.hear(narration, lambda event: event.action == "ready")
    return worker


@when("a worker starts and the native library is heard", target_fixture="worker")
async def starts_aloud(settings: dict[str, str], own: ExitStack, narration: NarrationCapture) -> WorkerProcess:
    worker = await _ready(_start(settings, own))
    # What llama.cpp logs, and how much, differs from processor to processor: one line stands for all.
    first = await asyncio.to_thread(worker.wait_for, lambda event: event.action == "native")
    worker.hear(
        narration,
        lambda event: event.action == "ready",
        only=lambda event: event.action != "native" or event is worker.told[first],
    )
    return worker


@then("the sentence is what the native library said, and no more")
def native_sentence(narration: NarrationCapture) -> None:
    event = narration.assert_event(action="native")
    # A long line is cut, in the sentence as well.
    assert f"llama.cpp says: {event.get('native')}".startswith(event.human.removesuffix("…")), event.human


@given("a worker of its own", target_fixture="worker")
async def of_its_own(settings: dict[str, str], own: ExitStack) -> WorkerProcess:
    worker = await _ready(_start(settings, own))
    worker.skip()
    return worker


@when("a worker tries to start", target_fixture="exit_code")
async def tries_to_start(settings: dict[str, str], own: ExitStack, narration: NarrationCapture) -> int:
    worker = _start(settings, own)
    code = await asyncio.to_thread(worker.wait)
    worker.hear_all(narration)
    return code


@given("a file that is no model", target_fixture="settings")
def no_model(tmp_path: Path) -> dict[str, str]:
    path = tmp_path / "notes.gguf"
    path.write_text("Dear diary, today I pretended to be a model.\n" * 9, "utf-8")
    return {"model": str(path)}


@given("a model of an architecture that llama.cpp does not know", target_fixture="settings")
def unknown_architecture(tmp_path: Path) -> dict[str, str]:
    return {"model": str(random_model(tmp_path / "odd.gguf", 0.2, architecture="moonbeam"))}


@given("a model file that is not there", target_fixture="settings")
def missing_model(tmp_path: Path) -> dict[str, str]:
    return {"model": str(tmp_path / "missing.gguf")}


@given("a port that another program listens on", target_fixture="settings")
def busy_port(own: ExitStack) -> dict[str, str]:
    listener = own.enter_context(socket.create_server(("127.0.0.1", 0)))
    return {"port": str(listener.getsockname()[1])}


@then(parsers.parse("it ends with exit code {code:d}"))
def exit_code_is(exit_code: int, code: int) -> None:
    assert exit_code == code


# -- a pool manager that is called back ------------------------------------------------------------


class PoolManager:
    """Takes ready callbacks."""

    def __init__(self) -> None:
        self.tokens: list[str | None] = []
        self.called = asyncio.Event()

    async def take(self, request: web.Request) -> web.Response:
        """POST /ready."""
        self.tokens.append(request.headers.get("Authorization"))
        self.called.set()
        return web.Response()


@given("a pool manager that takes the ready callback", target_fixture="pool_manager")
async def a_pool_manager(cleanup: AsyncExitStack, settings: dict[str, str]) -> PoolManager:
    manager = PoolManager()
    app = web.Application()
    app.router.add_post("/ready", manager.take)
    runner = web.AppRunner(app)
    await runner.setup()
    cleanup.push_async_callback(runner.cleanup)
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/ready"
    settings |= {"callback-url": url, "AUTH_TOKEN": "made-up-token-for-features"}
    return manager


@when("the pool manager has been called")
async def has_been_called(pool_manager: PoolManager, worker: WorkerProcess, narration: NarrationCapture) -> None:
    await pool_manager.called.wait()
    await asyncio.to_thread(worker.hear, narration, lambda event: event.action == "callback_attempt")


@given("a pool manager that is not there", target_fixture="settings")
def no_pool_manager() -> dict[str, str]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    return {"callback-url": f"http://127.0.0.1:{port}/ready"}


@when(parsers.parse('the worker has told "{action}"'))
async def has_told(worker: WorkerProcess, narration: NarrationCapture, action: str) -> None:
    await asyncio.to_thread(worker.hear, narration, lambda event: event.action == action)


@then("the pool manager was called with the token")
def called_with_token(pool_manager: PoolManager) -> None:
    assert pool_manager.tokens == ["Bearer made-up-token-for-features"]


# -- requests --------------------------------------------------------------------------------------


def _body(prompt: str = HAIKU, **more: Any) -> dict[str, Any]:
    return {"prompt": prompt, "max_tokens": 100, "temperature": 0, "seed": 7, **more}


async def _asked(
    worker: WorkerProcess, narration: NarrationCapture, body: Any, headers: dict[str, str] | None = None
) -> Answer:
    answer = await ask(worker.url, body, headers)
    correlation_id = answer.headers[CORRELATION_HEADER]
    await asyncio.to_thread(_hear_request, worker, narration, correlation_id)
    return answer


def _hear_request(worker: WorkerProcess, narration: NarrationCapture, correlation_id: str) -> None:
    def own(event: Event) -> bool:
        return event.correlation_id == correlation_id

    worker.hear(narration, lambda event: own(event) and ends_the_job(event), only=own)


def _hear_stopped(worker: WorkerProcess, narration: NarrationCapture, correlation_id: str) -> None:
    """Feed what was told of a request that was stopped from outside; how far it had come is a matter of timing."""

    def own(event: Event) -> bool:
        return event.correlation_id == correlation_id

    worker.hear(
        narration, lambda event: own(event) and ends_the_job(event), only=lambda event: own(event) and is_steady(event)
    )


def is_steady(event: Event) -> bool:
    """Whether the event is told whatever the timing: all but the progress of a request."""
    return event.action != "generate"


@when(parsers.parse('a client asks "{prompt}"'), target_fixture="answer")
async def asks(worker: WorkerProcess, narration: NarrationCapture, prompt: str) -> Answer:
    return await _asked(worker, narration, _body(prompt))


@when(parsers.parse('the job "{job_id}" asks "{prompt}"'), target_fixture="answer")
async def job_asks(worker: WorkerProcess, narration: NarrationCapture, job_id: str, prompt: str) -> Answer:
    return await _asked(worker, narration, _body(prompt, job_id=job_id))


@when(parsers.parse('a client with the correlation id "{correlation_id}" asks "{prompt}"'), target_fixture="answer")
async def asks_with_id(worker: WorkerProcess, narration: NarrationCapture, correlation_id: str, prompt: str) -> Answer:
    return await _asked(worker, narration, _body(prompt), {CORRELATION_HEADER: correlation_id})


@when(parsers.parse('a client with the token "{token}" asks "{prompt}"'), target_fixture="answer")
async def asks_with_token(worker: WorkerProcess, narration: NarrationCapture, token: str, prompt: str) -> Answer:
    return await _asked(worker, narration, _body(prompt), {"Authorization": f"Bearer {token}"})


@when(parsers.parse('a client behind a proxy asks "{prompt}"'), target_fixture="answer")
async def asks_behind_proxy(worker: WorkerProcess, narration: NarrationCapture, prompt: str) -> Answer:
    return await _asked(worker, narration, _body(prompt), {"X-Forwarded-For": "203.0.113.9"})


@when("a client sends a request with:", target_fixture="answer")
async def sends(worker: WorkerProcess, narration: NarrationCapture, datatable: TABLE) -> Answer:
    return await _asked(worker, narration, {name: json.loads(value) for name, value in one_table(datatable).items()})


@when("a client asks with a prompt that is longer than the context", target_fixture="answer")
async def asks_too_much(worker: WorkerProcess, narration: NarrationCapture) -> Answer:
    return await _asked(worker, narration, _body("🌙 " * 4000))


@when("the same request is sent twice", target_fixture="answers")
async def twice(worker: WorkerProcess, narration: NarrationCapture) -> list[Answer]:
    return [await _asked(worker, narration, _body(temperature=0.8, seed=42)) for _ in range(2)]


@when("a request without a seed is sent, and again with the seed that came back", target_fixture="answers")
async def seeded_again(worker: WorkerProcess, narration: NarrationCapture) -> list[Answer]:
    body = _body(temperature=0.8)
    del body["seed"]
    first = await _asked(worker, narration, body)
    return [first, await _asked(worker, narration, {**body, "seed": first.of("started")[0]["seed"]})]


@when("a client asks while another one is served", target_fixture="answer")
async def asks_meanwhile(worker: WorkerProcess, narration: NarrationCapture, cleanup: AsyncExitStack) -> Answer:
    first = OpenRequest(worker.url)
    cleanup.push_async_callback(first.close)
    await first.open(_body(job_id="first", max_tokens=1500), {CORRELATION_HEADER: "req-first"})
    await first.until("token")
    second = OpenRequest(worker.url)
    cleanup.push_async_callback(second.close)
    await second.open(_body(job_id="second", max_tokens=5), {CORRELATION_HEADER: "req-second"})
    await second.until("narration")
    await call("POST", f"{worker.url}/cancel", {"job_id": "first"})
    await first.until("error")
    await second.until("end")
    for name in ("req-first", "req-second"):
        await asyncio.to_thread(
            worker.wait_for, lambda event, name=name: event.correlation_id == name and ends_the_job(event)
        )
    await asyncio.to_thread(_hear_request, worker, narration, "req-second")
    return Answer(200, {}, second.seen, None)


@when("more clients ask than there is room for", target_fixture="answer")
async def too_many(worker: WorkerProcess, narration: NarrationCapture, cleanup: AsyncExitStack) -> Answer:
    for name in ("running", "waiting"):
        client = OpenRequest(worker.url)
        cleanup.push_async_callback(client.close)
        await client.open(_body(max_tokens=1500, job_id=name))
        if name == "running":
            await client.until("token")
    answer = await _asked(worker, narration, _body(job_id="one-too-many"))
    for name in ("waiting", "running"):
        await call("POST", f"{worker.url}/cancel", {"job_id": name})
    return answer


@when("a client waits in the queue until a heartbeat comes")
async def waits(worker: WorkerProcess, narration: NarrationCapture, cleanup: AsyncExitStack) -> None:
    first, second = OpenRequest(worker.url), OpenRequest(worker.url)
    cleanup.push_async_callback(first.close)
    cleanup.push_async_callback(second.close)
    await first.open(_body(max_tokens=1500))
    await first.until("token")
    await second.open(_body(max_tokens=5), {CORRELATION_HEADER: "req-waiting"})
    await second.heartbeat()
    await asyncio.to_thread(
        worker.hear,
        narration,
        lambda event: event.correlation_id == "req-waiting" and event.action == "queue",
        lambda event: event.correlation_id == "req-waiting",
    )


@pytest.fixture
def at_debug() -> Iterator[None]:
    """The facade of this process tells from level debug on."""
    configure(level="debug")
    yield
    configure()


@when("the worker's client asks while another request is served, and that one ends")
async def client_asks(
    worker: WorkerProcess,
    cleanup: AsyncExitStack,
    at_debug: None,  # noqa: ARG001 - a fixture for its effect
) -> None:
    first = OpenRequest(worker.url)
    cleanup.push_async_callback(first.close)
    await first.open(_body(max_tokens=1500, job_id="in-the-way"))
    await first.until("token")
    worker.skip()

    async def asks() -> list[str]:
        async with WorkerClient(worker.url) as client:
            return [message.name async for message in client.execute(**_body(max_tokens=5))]

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
    assert str(MODEL) in maps.read_text("utf-8")


@when("a client asks and cancels after the first token", target_fixture="answer")
async def cancels(worker: WorkerProcess, narration: NarrationCapture, cleanup: AsyncExitStack) -> Answer:
    client = OpenRequest(worker.url)
    cleanup.push_async_callback(client.close)
    await client.open(
        _body(job_id="job-to-cancel-" + hashlib.sha256(narration.head.title.encode()).hexdigest()[:8], max_tokens=1500),
        {CORRELATION_HEADER: "req-cancel"},
    )
    started = await client.until("started")
    await client.until("token")
    body = {"job_id": started.data["job_id"]}
    statuses = [(await call("POST", f"{worker.url}/cancel", body))[0] for _ in range(2)]
    assert statuses == [202, 202]
    await client.until("error")
    await asyncio.to_thread(_hear_stopped, worker, narration, "req-cancel")
    return Answer(200, {}, client.seen, None)


@when("a client asks and goes away after the first token")
async def goes_away(worker: WorkerProcess, narration: NarrationCapture) -> None:
    client = OpenRequest(worker.url)
    await client.open(_body(max_tokens=1500), {CORRELATION_HEADER: "req-gone"})
    await client.until("token")
    await client.close()
    await asyncio.to_thread(_hear_stopped, worker, narration, "req-gone")


@when("a client asks for more than there is time for", target_fixture="answer")
async def asks_too_long(worker: WorkerProcess, narration: NarrationCapture) -> Answer:
    answer = await ask(worker.url, _body(max_tokens=1900), {CORRELATION_HEADER: "req-long"})
    await asyncio.to_thread(_hear_stopped, worker, narration, "req-long")
    return answer


@when(parsers.parse('an unknown job "{job_id}" is cancelled'), target_fixture="answer")
async def cancels_unknown(worker: WorkerProcess, job_id: str) -> Answer:
    status, body, headers = await call("POST", f"{worker.url}/cancel", {"job_id": job_id})
    return Answer(status, headers, [], body)


@when(parsers.parse('somebody calls "{method} {path}"'), target_fixture="answer")
async def calls(worker: WorkerProcess, method: str, path: str) -> Answer:
    status, body, headers = await call(method, worker.url + path)
    return Answer(status, headers, [], body)


# -- answers ---------------------------------------------------------------------------------------


@then("the answer is a haiku of three lines")
def is_haiku(answer: Answer) -> None:
    assert answer.status == 200, answer.body
    lines = answer.text.strip().splitlines()
    assert len(lines) == 3, lines
    assert all(line.strip() for line in lines), lines


@then("the stream starts with started, ends with end, and has nothing after it")
def stream_order(answer: Answer) -> None:
    names = [frame.name for frame in answer.frames]
    assert names[0] == "started"
    assert names[-1] == "end"
    assert {"end", "error"}.isdisjoint(names[:-1])
    assert set(names[1:-1]) <= {"narration", "token", "metrics"}
    places = [frame["i"] for frame in answer.of("token")]
    assert places == sorted(set(places))


@then("the stream tells what standard output tells of the request")
def same_narration(answer: Answer, narration: NarrationCapture) -> None:
    told = [event for event in narration.events if event.job_id is not None]
    assert [frame["formatted"] for frame in answer.of("narration")] == [formatted(event) for event in told]


@then(parsers.parse("the answer has status {status:d}"))
def has_status(answer: Answer, status: int) -> None:
    assert answer.status == status, answer.body


@then(parsers.parse('the answer has status {status:d} and the code "{code}"'))
def has_code(answer: Answer, status: int, code: str) -> None:
    assert (answer.status, answer.body["code"]) == (status, code)


@then(parsers.parse('the stream ends with the error "{code}"'))
def ends_with_error(answer: Answer, code: str) -> None:
    assert answer.frames[-1].name == "error", [frame.name for frame in answer.frames]
    assert answer.frames[-1].data["code"] == code


@then("both answers are the same")
def same_answers(answers: list[Answer]) -> None:
    first, second = answers
    assert first.of("token") == second.of("token")
    assert first.text


@when(parsers.parse("two engines, one after the other, answer from seed {seed:d}"), target_fixture="drawn")
def two_engines(seed: int) -> list[list[int]]:
    """Return the token ids that each drew; HTTP does not show them."""
    return [_token_ids(seed) for _ in range(2)]


def _token_ids(seed: int) -> list[int]:
    engine = Engine(MODEL, "cpu")
    engine.load(engine.check_device())
    try:
        request = ExecuteRequest(prompt=HAIKU, temperature=0.8)
        steps = engine.generate(request, engine.tokenise(request), seed, StopSwitch())
        return [step.token for step in steps if not isinstance(step, Result)]
    finally:
        engine.close()


@then("both drew the same token ids")
def same_token_ids(drawn: list[list[int]]) -> None:
    first, second = drawn
    assert first == second
    assert len(set(first)) > 1, first


@then("the answer holds characters of several bytes, each whole")
def whole_characters(answer: Answer) -> None:
    assert any(len(char.encode()) > 2 for char in answer.text)
    assert "\ufffd" not in answer.text
    assert all(frame["t"].encode() for frame in answer.of("token"))


@then("the narration holds neither the prompt nor the answer")
def nothing_generated(answer: Answer, narration: NarrationCapture) -> None:
    words = [line.strip() for line in answer.text.splitlines() if line.strip()]
    narration.assert_no_secrets(HAIKU, *words)


@then("the narration proves the prompt by its digest and length")
def by_digest(narration: NarrationCapture) -> None:
    narration.assert_event(
        action="validate", prompt_sha256=hashlib.sha256(HAIKU.encode()).hexdigest(), prompt_chars=len(HAIKU)
    )
    narration.assert_event(event="execute_end", output_sha256=..., output_chars=..., tokens_in=..., tokens_out=...)


@then(parsers.parse('the answer carries the correlation id "{correlation_id}" back'))
def echoed(answer: Answer, correlation_id: str) -> None:
    assert answer.headers[CORRELATION_HEADER] == correlation_id


@then("the answer names every fault:")
def every_fault(answer: Answer, datatable: TABLE) -> None:
    assert {row["field"] for row in rows(datatable)} <= {
        fault["field"] if isinstance(fault, dict) else fault[0] for fault in answer.body["faults"]
    }, answer.body


@then("the answer has the fields:")
def has_fields(answer: Answer, datatable: TABLE) -> None:
    assert answer.status == 200, answer.body
    for name, value in one_table(datatable).items():
        assert name in answer.body, sorted(answer.body)
        assert value == "..." or str(answer.body[name]).lower() == value.lower(), (name, answer.body[name])


@then("the answer has the metrics:")
def has_metrics(answer: Answer, datatable: TABLE) -> None:
    for row in rows(datatable):
        assert row["metric"] in answer.body, row["metric"]


@then("the next request works")
@when("the next request works")
async def next_works(worker: WorkerProcess) -> None:
    answer = await ask(worker.url, _body(max_tokens=5))
    assert answer.frames[-1].name == "end", answer


# -- what is kept for the proof bundle -------------------------------------------------------------


@then(parsers.parse('its stream is kept as proof "{name}"'))
def keep_stream(answer: Answer, name: str) -> None:
    assert answer.received, "there was no stream"
    leave("transcripts", name, answer.received)


@then(parsers.parse('the metrics are kept as proof "{name}"'))
def keep_metrics(answer: Answer, name: str) -> None:
    leave("metrics", name, answer.body)


@then(parsers.parse('both answers are kept as proof "{name}"'))
def keep_answers(answers: list[Answer], name: str) -> None:
    for number, answer in enumerate(answers, start=1):
        made_from = {"model": MODEL.name, "device": "cpu", "seed": answer.of("started")[0]["seed"]}
        leave("determinism", f"{name}.{number}.json", {**made_from, "tokens": [one["t"] for one in answer.of("token")]})


@then(parsers.parse('both lists of token ids are kept as proof "{name}" of seed {seed:d}'))
def keep_token_ids(drawn: list[list[int]], name: str, seed: int) -> None:
    for number, ids in enumerate(drawn, start=1):
        made_from = {"model": MODEL.name, "device": "cpu", "seed": seed}
        leave("determinism", f"{name}.{number}.json", {**made_from, "token_ids": ids})


# -- the end ---------------------------------------------------------------------------------------


@when("the worker gets SIGTERM", target_fixture="exit_code")
async def sigterm(worker: WorkerProcess, narration: NarrationCapture) -> int:
    worker.signal(signal.SIGTERM)
    code = await asyncio.to_thread(worker.wait)
    worker.hear_all(narration)
    return code


@when("somebody asks the worker to shut down", target_fixture="exit_code")
async def shut_down(worker: WorkerProcess, narration: NarrationCapture) -> int:
    status, _, _ = await call("POST", f"{worker.url}/shutdown")
    assert status == 202
    code = await asyncio.to_thread(worker.wait)
    worker.hear_all(narration)
    return code


@when("the worker gets SIGTERM in the middle of a long answer", target_fixture="exit_code")
async def sigterm_meanwhile(
    worker: WorkerProcess, narration: NarrationCapture, cleanup: AsyncExitStack, answers: list[Answer]
) -> int:
    client = OpenRequest(worker.url)
    cleanup.push_async_callback(client.close)
    await client.open(_body(max_tokens=1900), {CORRELATION_HEADER: "req-drained"})
    await client.until("token")
    worker.signal(signal.SIGTERM)
    await client.until("error")
    answers.append(Answer(200, {}, client.seen, None))
    code = await asyncio.to_thread(worker.wait)
    worker.hear_all(narration, is_steady)
    return code


@pytest.fixture
def answers() -> list[Answer]:
    return []


@then(parsers.parse('its stream ended with the error "{code}"'))
def drained_error(answers: list[Answer], code: str) -> None:
    ends_with_error(answers[-1], code)


@when("a wrong token of the same length is checked", target_fixture="compared")
def checks_token(monkeypatch: pytest.MonkeyPatch) -> list[tuple[bytes, bytes]]:
    compared = []
    original = hmac.compare_digest

    def watched(one: bytes, other: bytes) -> bool:
        compared.append((one, other))
        return original(one, other)

    monkeypatch.setattr(hmac, "compare_digest", watched)
    settings = Settings(model=MODEL, worker_id="00000000-0000-4000-8000-000000000000", token="made-up-token")  # noqa: S106 - made up
    with pytest.raises(WorkerError) as refused:
        authenticate(settings, {"Authorization": "Bearer made-up-tokem"}, "127.0.0.1")
    assert refused.value.code == "BAD_TOKEN"
    return compared


@then("the standard library's constant-time comparison decided")
def constant_time(compared: list[tuple[bytes, bytes]]) -> None:
    assert [sorted(pair) for pair in compared] == [[b"made-up-tokem", b"made-up-token"]]
