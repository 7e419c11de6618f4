"""Steps of features/fleet_life.feature: what services tell between the requests, and what they turn away."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path

from pytest_bdd import given, parsers, then, when

from fleet.starting import EXAMPLES, HUB, SERVICES, Place
from narration_capture import NarrationCapture
from narration_core import CORRELATION_HEADER, Event, decode, new_correlation_id
from narration_core.serving.launch import RunningService
from steps.fleet import HEADERS, User
from steps.fleet_faults import running
from steps.harness import call
from support.adapter_host import KINDS, adapter_host, cancel, client, submit
from support.fleet import ENVIRONMENT, TOKEN, RunningFleet

HAIKU = {"prompt": "a haiku about GPUs", "device": "cpu"}
LIFE = frozenset(("ready", "drain", "shutdown"))


def feed_some(narration: NarrationCapture, lines: list[bytes], wanted: Callable[[Event], bool]) -> None:
    """Feed the lines whose events are wanted."""
    narration.feed(*[line for line in lines if wanted(decode(line))])


# -- a whole life ------------------------------------------------------------------------------


@given("a fleet of one's own", target_fixture="fleet")
def own_fleet(tmp_path: Path) -> RunningFleet:
    return RunningFleet(tmp_path)


@when("a user types the keeper's command, and the fleet is stopped after it", target_fixture="keeper")
async def types_command(fleet: RunningFleet, narration: NarrationCapture) -> "subprocess.CompletedProcess[str]":
    with running(fleet):
        addresses = {"ORCHESTRATOR": fleet.url("orchestratord"), "NARRATION_HUB": fleet.url(HUB)}
        own = {**ENVIRONMENT, **addresses, "NARRATION_HUB_TOKEN": TOKEN, "PYTHONPATH": str(EXAMPLES)}
        keeper = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-m", "fleet.keeper", "a haiku about GPUs", "--device", "cpu"],
            env={**os.environ, **own},
            capture_output=True,
            text=True,
            check=False,
        )
        admitted = next(event for event in map(decode, fleet.lines("orchestratord")) if event.action == "admit")
        url = f"{fleet.url(HUB)}/v1/stories/{admitted.correlation_id}"
        _, story, _ = await call("GET", url, None, HEADERS)
    lines = [json.dumps(told["event"]).encode() for told in story["lines"]]
    feed_some(narration, lines, lambda event: event.actor == "keeper" and event.action in {"ask", "finish"})
    for name in SERVICES:
        feed_some(narration, fleet.lines(name), lambda event: event.action in LIFE and event.actor != "worker")
    return keeper


@then("the keeper shows the story, and the haiku alone on standard output")
def keeper_shows(keeper: "subprocess.CompletedProcess[str]") -> None:
    assert keeper.returncode == 0, keeper.stderr
    assert len(keeper.stdout.strip().splitlines()) == 3
    assert "[orchestratord] admit" in keeper.stderr


# -- what is turned away -----------------------------------------------------------------------


@when(parsers.parse('"{name}" is called without a token, and without HTTP, and another service wants its port'))
async def is_called_badly(fleet: RunningFleet, name: str, tmp_path: Path, narration: NarrationCapture) -> None:
    correlation_id = new_correlation_id()
    url = fleet.url(name)
    status, _, _ = await call("GET", f"{url}/v1/replicas", None, {CORRELATION_HEADER: correlation_id})
    assert status == 401
    port = int(url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port)) as caller:
        caller.sendall(b"this is no HTTP\r\n\r\n")
        assert await asyncio.to_thread(caller.recv, 64)
    other = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "fleet.model_provisioner", "--folder", str(tmp_path), "--port", str(port)],
        env={**os.environ, **ENVIRONMENT, "PYTHONPATH": str(EXAMPLES), "NARRATION_HUB": ""},
        capture_output=True,
        check=False,
    )
    assert other.returncode == 1, other
    fleet.wait_for_event(None, actor=name, action="http")
    feed_some(narration, fleet.lines(name), lambda event: event.action in {"auth", "http"})
    feed_some(narration, other.stdout.splitlines(), lambda event: event.action == "bind_failed")


@when("somebody asks which models there are", target_fixture="models")
async def asks_for_models(fleet: RunningFleet, narration: NarrationCapture) -> list[str]:
    correlation_id = new_correlation_id()
    headers = {**HEADERS, CORRELATION_HEADER: correlation_id}
    _, answer, _ = await call("GET", f"{fleet.url('model-provisioner')}/v1/models", None, headers)
    fleet.wait_for_story(correlation_id, "model-provisioner answer")
    lines = [line for line, _ in fleet.story(correlation_id)]
    feed_some(narration, lines, lambda event: event.action == "model_skip")
    return [model["model_ref"] for model in answer["models"]]


@then(parsers.parse('the list has "{whole}", and not "{torn}"'))
def list_has(models: list[str], whole: str, torn: str) -> None:
    assert whole in models
    assert torn not in models


@given("a fleet that gives a worker up at its first crash", target_fixture="fleet")
def impatient_fleet(own: ExitStack, tmp_path: Path) -> RunningFleet:
    given_up = ["--most-crashes", "1", "--health-sec", "0.1"]
    return own.enter_context(running(RunningFleet(tmp_path, arguments={"pool-managerd": given_up})))


@when("a user has a haiku, and its worker hangs")
async def worker_hangs(fleet: RunningFleet, narration: NarrationCapture) -> None:
    user = User(fleet, HAIKU)
    await user.ask()
    await user.read("end")
    await user.read_all()
    ready = fleet.wait_for_event(user.correlation_id, actor="worker", action="ready")
    os.kill(fleet.pid_of_worker(str(ready.get("worker_id"))), signal.SIGSTOP)
    narration.feed(*fleet.wait_for_story(user.correlation_id, "pool-managerd give_up"))


@when("the next user asks for one at once", target_fixture="next_user")
async def next_user_asks(fleet: RunningFleet, narration: NarrationCapture) -> User:
    user = User(fleet, HAIKU)
    await user.ask()
    await user.read("error")
    await user.read_all()
    narration.feed(*fleet.wait_for_story(user.correlation_id, "orchestratord finish"))
    return user


@then(parsers.parse('the next user is told "{code}"'))
def next_user_is_told(next_user: User, code: str) -> None:
    assert (next_user.messages[-1].name, next_user.messages[-1].data["code"]) == ("error", code)


@given("a fleet whose engine cannot be loaded", target_fixture="fleet")
def fleet_without_engine(own: ExitStack, tmp_path: Path) -> RunningFleet:
    nowhere = Place(prefix=("env", f"LLAMA_CPP_LIB_PATH={tmp_path / 'nowhere'}"))
    return own.enter_context(running(RunningFleet(tmp_path, places={"engine-provisioner": nowhere})))


@when("a user of it asks for a haiku", target_fixture="user")
async def asks_without_engine(fleet: RunningFleet, narration: NarrationCapture) -> User:
    user = User(fleet, HAIKU)
    await user.ask()
    assert user.status == 202, user.answer
    await user.read("error")
    await user.read_all()
    narration.feed(*fleet.wait_for_story(user.correlation_id, "orchestratord finish"))
    return user


# -- one facade --------------------------------------------------------------------------------


@given("an adapter host over a worker and a server of another kind", target_fixture="host")
async def an_adapter_host(cleanup: AsyncExitStack, slow_model: Path) -> RunningService:
    return await cleanup.enter_async_context(adapter_host(slow_model))


@when("each has a job, then a job that is cancelled, and a server that is gone has one")
async def each_has_jobs(host: RunningService, narration: NarrationCapture) -> None:
    async with client(host) as http:
        for name in KINDS:
            await submit(http, name, max_tokens=8, job_id=f"job-short-{name}")
            job = asyncio.create_task(submit(http, name, max_tokens=1800))
            await cancel(http, name)
            await job
        async with http.post("/v1/adapters/gone/jobs", json={"prompt": "x", "job_id": "job-gone"}) as answer:
            assert answer.status == 502
    feed_some(narration, host.lines, lambda event: event.action == "execute")
