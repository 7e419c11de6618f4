"""Steps of features/fleet.feature: a real fleet, and users who ask it; `shared_fleet` serves other features, too."""

import hashlib
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from pytest_bdd import given, then, when

from narration_capture import NarrationCapture, normaliser
from narration_core import CORRELATION_HEADER, new_correlation_id
from narration_worker.client import Message, read_events
from narration_worker.config import BUNDLED
from steps.harness import call
from support.fleet import TOKEN, RunningFleet

normaliser("a task's id", r"task-[0-9a-f]{12}", "<task>")

HEADERS = {"Authorization": f"Bearer {TOKEN}"}
LONG = {"prompt": "Go on", "model_ref": "slow", "device": "cpu", "max_tokens": 2000}


def catalogue(folder: Path, **models: Path) -> Path:
    """Write a catalogue of models."""
    entries = [
        {"model_ref": name, "path": str(path), "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
        for name, path in models.items()
    ]
    path = folder / "catalogue.json"
    path.write_text(json.dumps({"models": entries}))
    return path


@pytest.fixture(scope="session")
def shared_fleet(tmp_path_factory: pytest.TempPathFactory, slow_model: Path) -> Iterator[RunningFleet]:
    """A fleet that runs one task at a time, and lets one wait."""
    folder = tmp_path_factory.mktemp("fleet")
    models = catalogue(folder, haiku=BUNDLED, poem=BUNDLED, slow=slow_model)
    arguments = {
        "orchestratord": ["--slots", "1", "--queue-limit", "1"],
        "model-provisioner": ["--catalogue", str(models)],
    }
    fleet = RunningFleet(folder, arguments=arguments)
    fleet.start()
    yield fleet
    fleet.stop()


class User:
    """Somebody who asks a fleet for something.

    Args:
        fleet: the fleet.
        wanted: the task.
    """

    def __init__(self, fleet: RunningFleet, wanted: dict[str, Any]) -> None:
        self._url = fleet.url("orchestratord")
        self._wanted = wanted
        self.correlation_id = new_correlation_id()
        self.headers = {**HEADERS, CORRELATION_HEADER: self.correlation_id}
        self.status = 0
        self.answer: Any = None
        self.answer_headers: Any = None
        self.messages: list[Message] = []
        self._stream: AsyncIterator[Message] | None = None
        self._stack = AsyncExitStack()

    async def ask(self) -> None:
        """Submit the task."""
        url = f"{self._url}/v1/tasks"
        self.status, self.answer, self.answer_headers = await call("POST", url, self._wanted, self.headers)

    async def read(self, until: str, count: int = 1) -> Message:
        """Read the task's stream up to a message."""
        if self._stream is None:
            session = await self._stack.enter_async_context(aiohttp.ClientSession())
            path = f"{self._url}/v1/tasks/{self.answer['job_id']}/events"
            response = await self._stack.enter_async_context(session.get(path, headers=self.headers))
            assert response.status == 200, await response.text()
            self._stream = read_events(response.content)
        async for message in self._stream:
            self.messages.append(message)
            count -= message.name == until
            if not count:
                return message
        raise AssertionError(f"the stream ended without {until}: {self.messages[-1:]}")

    async def read_all(self) -> None:
        """Read the rest of the stream."""
        if self._stream is not None:
            async for message in self._stream:
                self.messages.append(message)
        await self._stack.aclose()

    async def cancel(self) -> None:
        """Cancel the task."""
        status, _, _ = await call("POST", f"{self._url}/v1/tasks/{self.answer['job_id']}/cancel", None, self.headers)
        assert status == 202

    @property
    def text(self) -> str:
        """The answer."""
        return "".join(message.data["t"] for message in self.messages if message.name == "token")


@given("a fleet", target_fixture="fleet")
def a_fleet(shared_fleet: RunningFleet) -> RunningFleet:
    return shared_fleet


@when("a user asks it for a haiku", target_fixture="user")
async def asks_for_a_haiku(fleet: RunningFleet, narration: NarrationCapture) -> User:
    user = User(fleet, {"prompt": "a haiku about GPUs", "model_ref": "poem", "device": "cpu"})
    await user.ask()
    assert user.status == 202, user.answer
    await user.read("end")
    await user.read_all()
    closers = ("worker execute_end", "orchestratord task_end")
    narration.feed(*fleet.wait_for_story(user.correlation_id, *closers))
    return user


@then("the user has a haiku")
def has_a_haiku(user: User) -> None:
    assert len(user.text.strip().splitlines()) == 3
    numbers = [message.event_id for message in user.messages]
    assert numbers == sorted(set(map(int, filter(None, numbers))))


@then("every event of the story carries the id of the request")
def carries_the_id(user: User, narration: NarrationCapture) -> None:
    assert {event.correlation_id for event in narration.events} == {user.correlation_id}


@given("a fleet with a worker for long answers", target_fixture="fleet")
async def a_fleet_with_a_worker(shared_fleet: RunningFleet) -> RunningFleet:
    """Which scenario runs first must not be seen in the story of another one."""
    pools = shared_fleet.url("pool-managerd")
    _, known, _ = await call("GET", f"{pools}/v1/replicas", None, HEADERS)
    if not any(replica["model_ref"] == "slow" for replica in known["replicas"]):
        wanted = {"model_ref": "slow", "device": "cpu"}
        status, answer, _ = await call("POST", f"{pools}/v1/pools/cpu/replicas", wanted, HEADERS)
        assert status == 201, answer
    return shared_fleet


@when("a user asks it for an answer that takes long", target_fixture="user")
async def asks_for_long(fleet: RunningFleet) -> User:
    user = User(fleet, LONG)
    await user.ask()
    assert user.status == 202, user.answer
    await user.read("started")
    return user


@when("a second user's task waits", target_fixture="second")
async def second_waits(fleet: RunningFleet) -> User:
    user = User(fleet, LONG)
    await user.ask()
    assert (user.status, user.answer["queue_position"]) == (202, 1)
    assert user.answer["predicted_start_ms"] > 0
    return user


@when("a third user asks, and the queue is full", target_fixture="third")
async def third_is_refused(fleet: RunningFleet, user: User, second: User, narration: NarrationCapture) -> User:
    third = User(fleet, LONG)
    await third.ask()
    for one in (second, user):
        await one.cancel()
        await one.read("error")
        await one.read_all()
    narration.feed(*fleet.wait_for_story(third.correlation_id, "orchestratord answer"))
    return third


@then("the third user is told when to come back")
def told_when(third: User) -> None:
    assert (third.status, third.answer["code"]) == (429, "QUEUE_FULL")
    assert int(third.answer_headers["Retry-After"]) >= 1


@when("the user cancels it when a part of the answer is there")
async def cancels(fleet: RunningFleet, user: User, narration: NarrationCapture) -> None:
    await user.read("token", 25)
    await user.cancel()
    await user.read("error")
    await user.read_all()
    narration.feed(*fleet.wait_for_story(user.correlation_id, "orchestratord finish", "worker cancel"))


@then("the user is told that it was cancelled")
def told_cancelled(user: User) -> None:
    last = user.messages[-1]
    assert (last.name, last.data["code"]) == ("error", "CANCELLED")
