"""Steps about a worker as a whole: how it starts and how it ends."""

import asyncio
import signal
import socket
from collections.abc import Iterator
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path

import pytest
from pytest_bdd import given, parsers, then, when

from narration_capture import NarrationCapture, normaliser, one_table, repeating
from narration_worker.config import BUNDLED
from steps.answers import ends_with_error
from steps.harness import Answer, WorkerProcess, arguments, call, healthy
from steps.request_helpers import TABLE, is_independent_of_timing, open_request
from support.small_models import not_for_text, random_model

# Durations depend on the machine; the length of an answer does too, in rare cases.
normaliser("tokens so far", r"Generated \d+ tokens", "Generated <n> tokens")
normaliser("tokens of an answer", r"Finished with \d+ tokens", "Finished with <n> tokens")
normaliser("tokens in other words", r"\d+ tokens(?=(?: and still going|, take a bow|, all yours))", "<n> tokens")
normaliser("a port in other words", r"\b(open, number|Door) \d+", r"\1 <port>")
normaliser("a seed that was made", r"from seed \d{5,}", "from seed <seed>")
normaliser("the native library's own words", r"llama\.cpp says: .*", "llama.cpp says: <anything>")
repeating("generate", "native", "retry")


@pytest.fixture(scope="session")
def shared_worker() -> Iterator[WorkerProcess]:
    with WorkerProcess(arguments()) as worker:
        yield worker


@pytest.fixture(scope="session")
def slow_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that never ends its answer and takes a few milliseconds per token."""
    path = tmp_path_factory.mktemp("models") / "slow.gguf"
    return random_model(path, 30, context=2048)


@pytest.fixture(scope="session")
def shared_slow_worker(slow_model: Path) -> Iterator[WorkerProcess]:
    with WorkerProcess(arguments(slow_model)) as worker:
        yield worker


@pytest.fixture
def own() -> Iterator[ExitStack]:
    """Resources that are closed when the scenario ends."""
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
    """Settings of a worker that the scenario starts; Given steps may add to them."""
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
    model = Path(options.pop("model", str(BUNDLED)))
    port = int(options.pop("port", "0"))
    given = arguments(model, None if device == "(default)" else device, port, **options)
    return own.enter_context(WorkerProcess(given, env))


@when("a worker starts", target_fixture="worker")
async def starts(settings: dict[str, str], own: ExitStack, narration: NarrationCapture) -> WorkerProcess:
    worker = await _ready(_start(settings, own))
    worker.feed_until(narration, lambda event: event.action == "ready")
    return worker


@when("a worker starts and the native library is heard", target_fixture="worker")
async def starts_with_native_log(
    settings: dict[str, str], own: ExitStack, narration: NarrationCapture
) -> WorkerProcess:
    worker = await _ready(_start(settings, own))
    # What llama.cpp logs, and how much, depends on the processor: keep only one line.
    first = await asyncio.to_thread(worker.wait_for, lambda event: event.action == "native")
    worker.feed_until(
        narration,
        lambda event: event.action == "ready",
        only=lambda event: event.action != "native" or event is worker.events[first],
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
    worker.feed_rest(narration)
    return code


@given("a file that is no model", target_fixture="settings")
def no_model(tmp_path: Path) -> dict[str, str]:
    path = tmp_path / "notes.gguf"
    path.write_text("Dear diary, today I pretended to be a model.\n" * 9, "utf-8")
    return {"model": str(path)}


@given("a model of an architecture that llama.cpp does not know", target_fixture="settings")
def unknown_architecture(tmp_path: Path) -> dict[str, str]:
    return {"model": str(random_model(tmp_path / "odd.gguf", 0.2, architecture="moonbeam"))}


@given(parsers.re("a model file that is (?P<what>an? .+|a later shard)"), target_fixture="settings")
def cannot_generate(tmp_path: Path, what: str) -> dict[str, str]:
    return {"model": str(not_for_text(tmp_path / "other.gguf", what))}


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


@when("the worker gets SIGTERM", target_fixture="exit_code")
async def sigterm(worker: WorkerProcess, narration: NarrationCapture) -> int:
    worker.signal(signal.SIGTERM)
    code = await asyncio.to_thread(worker.wait)
    worker.feed_rest(narration)
    return code


@when("somebody asks the worker to shut down", target_fixture="exit_code")
async def shut_down(worker: WorkerProcess, narration: NarrationCapture) -> int:
    status, _, _ = await call("POST", f"{worker.url}/shutdown")
    assert status == 202
    code = await asyncio.to_thread(worker.wait)
    worker.feed_rest(narration)
    return code


@when(
    "somebody asks the worker to shut down and it gets SIGTERM in the middle of an answer", target_fixture="exit_code"
)
async def shut_down_and_sigterm(worker: WorkerProcess, narration: NarrationCapture, cleanup: AsyncExitStack) -> int:
    client = await open_request(worker, cleanup, "req-whole", max_tokens=60)
    assert (await call("POST", f"{worker.url}/shutdown"))[0] == 202
    worker.signal(signal.SIGTERM)
    await client.until("end")
    code = await asyncio.to_thread(worker.wait)
    worker.feed_rest(narration, is_independent_of_timing)
    return code


@when("the worker gets SIGTERM in the middle of a long answer", target_fixture="exit_code")
async def sigterm_meanwhile(
    worker: WorkerProcess, narration: NarrationCapture, cleanup: AsyncExitStack, answers: list[Answer]
) -> int:
    client = await open_request(worker, cleanup, "req-drained", max_tokens=1900)
    worker.signal(signal.SIGTERM)
    await client.until("error")
    answers.append(Answer(200, {}, client.seen, None))
    code = await asyncio.to_thread(worker.wait)
    worker.feed_rest(narration, is_independent_of_timing)
    return code


@pytest.fixture
def answers() -> list[Answer]:
    return []


@then(parsers.parse('its stream ended with the error "{code}"'))
def drained_error(answers: list[Answer], code: str) -> None:
    ends_with_error(answers[-1], code)
