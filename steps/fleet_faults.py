"""Steps of features/fleet_faults.feature: what can go wrong in a fleet goes wrong."""

import os
import signal
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner
from pytest_bdd import given, parsers, then, when

from narration_capture import NarrationCapture, normaliser
from narration_core import Event, decode
from narration_core.cli import main
from narration_core.following import HOPS
from narration_worker.config import BUNDLED
from steps.fleet import HEADERS, User, catalogue
from steps.harness import call
from support.fleet import RunningFleet, in_order_of_cause

normaliser("how long a pause is", r"again in \d+ ms", "again in <pause>")

TORN_BYTES = 20_000


@contextmanager
def running(fleet: RunningFleet) -> Iterator[RunningFleet]:
    """Start a fleet and stop it at the end."""
    fleet.start()
    try:
        yield fleet
    finally:
        fleet.stop()


@pytest.fixture(scope="session")
def shared_faulty_fleet(tmp_path_factory: pytest.TempPathFactory, slow_model: Path) -> Iterator[RunningFleet]:
    """A fleet with a model that is torn, whose workers are started again at once."""
    folder = tmp_path_factory.mktemp("faulty-fleet")
    torn = folder / "torn.gguf"
    torn.write_bytes(BUNDLED.read_bytes()[:TORN_BYTES])
    models = catalogue(folder, haiku=BUNDLED, slow=slow_model, torn=torn)
    arguments = {
        "model-provisioner": ["--catalogue", str(models)],
        "pool-managerd": ["--pause-sec", "0.02"],
    }
    with running(RunningFleet(folder, arguments=arguments)) as fleet:
        yield fleet


@given("a fleet in which things go wrong", target_fixture="fleet")
def a_faulty_fleet(shared_faulty_fleet: RunningFleet) -> RunningFleet:
    return shared_faulty_fleet


def decisions(fleet: RunningFleet, correlation_id: str) -> list[tuple[bytes, Event]]:
    """Return what the services of a finished story decided, without their calls and the lives of workers."""
    fleet.wait_for_event(correlation_id, actor="orchestratord", action="finish")
    told = [(line, decode(line)) for line in in_order_of_cause(fleet.story(correlation_id))]
    return [
        (line, event)
        for line, event in told
        if (event.event or "").removesuffix("_failed") not in HOPS
        and (event.actor != "worker" or event.action == "process_end")
    ]


def feed_decisions(fleet: RunningFleet, narration: NarrationCapture, correlation_id: str) -> None:
    """Feed what the services of a finished story decided."""
    narration.feed(*[line for line, _ in decisions(fleet, correlation_id)])


RECOVERY = ("process_end", "job_lost", "restart", "recovered")


def feed_recovery(fleet: RunningFleet, narration: NarrationCapture, correlation_id: str) -> None:
    """Feed what orchestrator and pool manager did about a lost worker, one after the other: they do it side by side."""
    told = decisions(fleet, correlation_id)
    narration.feed(*[line for line, event in told if event.actor == "orchestratord"])
    as_told = fleet.story(correlation_id)  # all by the pool manager's process, in its order
    narration.feed(
        *[line for line, event in as_told if event.action in RECOVERY and event.actor in {"worker", "pool-managerd"}]
    )


class SilentService:
    """Takes connections and never says a word, until it is closed."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def close(self) -> None:
        self._listener.close()  # connections that nobody accepted are cut with it


@given("a fleet whose engine-provisioner never answers", target_fixture="fleet")
def a_waiting_fleet(own: ExitStack, tmp_path: Path) -> RunningFleet:
    silent = SilentService()
    own.callback(silent.close)
    fleet = RunningFleet(tmp_path, instead={"engine-provisioner": silent.url})
    fleet.silent = silent  # type: ignore[attr-defined]  # whoever waits for it ends it
    return own.enter_context(running(fleet))


@when("its worker is killed, and another one takes over")
async def worker_is_killed(fleet: RunningFleet, user: User, narration: NarrationCapture) -> None:
    await user.read("token", 25)
    execute = fleet.wait_for_event(user.correlation_id, actor="worker", action="validate")
    os.kill(fleet.pid_of_worker(str(execute.get("worker_id"))), signal.SIGKILL)
    await user.read("restarted")
    await user.read("token")
    fleet.wait_for_event(user.correlation_id, actor="pool-managerd", action="recovered")
    await user.cancel()
    await user.read("error")
    await user.read_all()
    feed_recovery(fleet, narration, user.correlation_id)


@when("a user asks it for a haiku whose worker hangs", target_fixture="user")
async def worker_hangs(fleet: RunningFleet, narration: NarrationCapture) -> User:
    wanted = {"model_ref": "haiku", "device": "cpu"}
    status, replica, _ = await call("POST", f"{fleet.url('pool-managerd')}/v1/pools/cpu/replicas", wanted, HEADERS)
    assert status == 201, replica
    pid = fleet.pid_of_worker(f"{replica['replica_id']}.1")
    user = User(fleet, {"prompt": "a haiku about GPUs", "device": "cpu"})
    os.kill(pid, signal.SIGSTOP)
    await user.ask()
    assert user.status == 202, user.answer
    await user.read("end")
    await user.read_all()
    narration.feed(*fleet.wait_for_story(user.correlation_id, "worker execute_end", "orchestratord task_end"))
    return user


@then("the user is told that the answer begins again")
def told_again(user: User) -> None:
    assert [message.data for message in user.messages if message.name == "restarted"] == [{"attempt": 2}]


async def _refused(fleet: RunningFleet, narration: NarrationCapture, **wanted: object) -> User:
    user = User(fleet, {"prompt": "a haiku about GPUs", "device": "cpu", **wanted})
    await user.ask()
    assert user.status == 202, user.answer
    await user.read("error")
    await user.read_all()
    narration.feed(*fleet.wait_for_story(user.correlation_id, "orchestratord finish"))
    return user


@when(parsers.parse('a user asks it for the model "{model_ref}"'), target_fixture="user")
async def asks_for_model(fleet: RunningFleet, narration: NarrationCapture, model_ref: str) -> User:
    return await _refused(fleet, narration, model_ref=model_ref)


@when("a user asks it for the GPU", target_fixture="user")
async def asks_for_gpu(fleet: RunningFleet, narration: NarrationCapture) -> User:
    return await _refused(fleet, narration, device="gpu")


@then(parsers.parse('the user is told "{code}"'))
def is_told(user: User, code: str) -> None:
    assert (user.messages[-1].name, user.messages[-1].data["code"]) == ("error", code)


@when("a user asks it for a haiku and waits", target_fixture="answer")
async def waits(fleet: RunningFleet, narration: NarrationCapture, tmp_path: Path) -> str:
    user = User(fleet, {"prompt": "a haiku about GPUs", "device": "cpu"})
    await user.ask()
    fleet.wait_for_event(user.correlation_id, actor="pool-managerd", action="ask")
    for name in ("orchestratord", "pool-managerd", "model-provisioner"):
        (tmp_path / f"{name}.log").write_bytes(b"\n".join(fleet.lines(name)) + b"\n")
    said = CliRunner().invoke(main, ["why", user.correlation_id, str(tmp_path)])
    fleet.silent.close()  # type: ignore[attr-defined]  # see above
    await user.read("error")
    await user.read_all()
    feed_decisions(fleet, narration, user.correlation_id)
    return said.output


@then(parsers.parse('`narration why` says first that "{service}" waits, and what is open: "{what}"'))
def why_says(answer: str, service: str, what: str) -> None:
    lines = " ".join(answer.split())
    assert lines.startswith(f"Waiting for: {service}: ")
    assert what in lines.partition("Open work, innermost first:")[2], lines
