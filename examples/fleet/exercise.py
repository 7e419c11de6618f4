"""The exercise: the same three incidents, looked into twice: in plain logs, and with narration.

    python -m fleet.exercise

A fleet runs, users ask it for haikus, and something happens to one of them. Then somebody who has nothing but the id of
that user's task looks for the cause, once in plain logs (`plain_logs` says what those are, and how they are searched)
and once with one command of narration. What is counted: the commands that are typed, and the lines that are read, up to
the line that tells the cause.

Exit codes: 0 every cause was found in both ways, 1 one was not, or the fleet could not run, 130 interrupted.
"""

import asyncio
import contextlib
import hashlib
import json
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import aiohttp

from fleet.plain_logs import Effort, search, write_plain_logs
from fleet.starting import HUB, Fleet, fleet
from narration_core import Event, decode
from narration_core.serving.launch import ServiceEndedError
from narration_worker.client import read_events
from narration_worker.config import BUNDLED

FAILED: Final = 1
INTERRUPTED: Final = 130
OTHERS: Final = 12
"""How many other tasks each incident has around it."""

_PATIENCE_S: Final = 60.0
_LOOK_AGAIN_S: Final = 0.05
_TORN_BYTES: Final = 20_000


class Finding(NamedTuple):
    """What one incident took.

    Attributes:
        complaint: what the user says.
        cause: the sentence that tells why.
        plain: what it took in plain logs.
        narrated: what it took with narration.
    """

    complaint: str
    cause: str
    plain: Effort
    narrated: Effort


class Exercise:
    """A fleet in use, and its incidents.

    Args:
        http: the session of all users.
        made: the fleet.
        folder: where logs are written.
    """

    def __init__(self, http: aiohttp.ClientSession, made: Fleet, folder: Path) -> None:
        self._http = http
        self._made = made
        self._folder = folder
        self._tasks = f"{made.url('orchestratord')}/v1/tasks"

    # -- users ---------------------------------------------------------------------------------

    async def ask(self, model_ref: str) -> str:
        """Submit a task, as any user does; return its id."""
        wanted = {"prompt": "a haiku about GPUs", "model_ref": model_ref, "device": "cpu"}
        async with self._http.post(self._tasks, json=wanted) as response:
            response.raise_for_status()
            return str((await response.json())["job_id"])

    async def wait(self, job_id: str) -> str:
        """Read a task's stream to its end; return the name of the last message."""
        async with self._http.get(f"{self._tasks}/{job_id}/events") as response:
            names = [message.name async for message in read_events(response.content)]
        return names[-1]

    async def others(self, count: int) -> None:
        """Other users ask for haikus, two at a time, and get them."""
        for _ in range(0, count, 2):
            await asyncio.gather(*[self.wait(job_id) for job_id in (await self.ask("haiku"), await self.ask("haiku"))])

    # -- incidents -----------------------------------------------------------------------------

    async def torn_model(self) -> Finding:
        """A model's file is cut short."""
        job_id, _ = await asyncio.gather(self.ask("torn"), self.others(OTHERS))
        await self.wait(job_id)
        return await self._look("my task failed", job_id, "Refused torn: it is cut short")

    async def hanging_worker(self) -> Finding:
        """A worker hangs in the middle of its life: it is alive, and answers nothing."""
        await self.others(OTHERS)
        with _stopped(self._pid("worker")):
            job_id, _ = await asyncio.gather(self.ask("haiku"), self.others(OTHERS))
            await self.wait(job_id)
        return await self._look("my answer took ten seconds", job_id, "its worker did not answer the health check")

    async def silent_provisioner(self) -> Finding:
        """A provisioner hangs, and one task needs it."""
        with _stopped(self._pid("engine-provisioner")):
            job_id, _ = await asyncio.gather(self.ask("poem"), self.others(OTHERS))
            await self._told(job_id, actor="pool-managerd", action="ask")
            finding = await self._look("my task is stuck", job_id, "/v1/engines")
        await self.wait(job_id)
        return finding

    def _pid(self, actor: str) -> int:
        """Return the process that tells an actor's story; `NARRATION_PROCESS` has it told."""
        return [int(event.extra["pid"]) for event in self._events() if event.actor == actor and "pid" in event.extra][
            -1
        ]

    async def _told(self, job_id: str, **fields: str) -> None:
        async with asyncio.timeout(_PATIENCE_S):
            while True:
                mine = [event for event in self._events() if event.job_id == job_id]
                if any(all(event.get(name) == value for name, value in fields.items()) for event in mine):
                    return
                await asyncio.sleep(_LOOK_AGAIN_S)

    def _events(self) -> list[Event]:
        return [decode(line) for line in self._made.lines]

    # -- looking -------------------------------------------------------------------------------

    async def _look(self, complaint: str, job_id: str, cause: str) -> Finding:
        """Look for a cause in both ways, with the logs as they are now."""
        plain, narrated = self._folder / job_id / "plain", self._folder / job_id / "narration"
        for folder in (plain, narrated):
            folder.mkdir(parents=True)
        write_plain_logs(self._events(), plain)
        for name, service in self._made.services.items():
            if name != HUB:
                (narrated / f"{name}.jsonl").write_bytes(b"\n".join([*service.lines, b""]))
        ports = {service.url.rpartition(":")[2]: name for name, service in self._made.services.items()}
        in_plain = await asyncio.to_thread(search, plain, job_id, cause, first="orchestratord", ports=ports)
        with_narration = Effort(cause)
        command: list[str | Path] = [Path(sys.executable).with_name("narration"), "why", job_id, narrated]
        await asyncio.to_thread(with_narration.read, f"narration why {job_id} logs/", command)
        return Finding(complaint, cause, in_plain, with_narration)


@contextlib.contextmanager
def _stopped(pid: int) -> Iterator[None]:
    """Have a process hang, and go on at the end if it is still there."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


def _catalogue(folder: Path) -> Path:
    """Write a catalogue with three models: two are whole, one is cut short."""
    torn = folder / "torn.gguf"
    torn.write_bytes(BUNDLED.read_bytes()[:_TORN_BYTES])
    models = [
        {"model_ref": name, "path": str(path), "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
        for name, path in (("haiku", BUNDLED), ("poem", BUNDLED), ("torn", torn))
    ]
    path = folder / "catalogue.json"
    path.write_text(json.dumps({"models": models}), "utf-8")
    return path


@contextlib.asynccontextmanager
async def exercise(folder: Path) -> AsyncIterator[Exercise]:
    """Run a fleet in use, whose health checks are short.

    Args:
        folder: where everything is kept.
    """
    arguments = {
        "model-provisioner": ["--catalogue", str(_catalogue(folder))],
        "pool-managerd": ["--health-sec", "0.5", "--pause-sec", "0.1"],
    }
    environment = {"NARRATION_PROCESS": "1"}
    async with fleet(folder, arguments=arguments, environment=environment) as made, aiohttp.ClientSession() as http:
        yield Exercise(http, made, folder)


INCIDENTS: Final[tuple[Callable[[Exercise], Awaitable[Finding]], ...]] = (
    Exercise.torn_model,
    Exercise.hanging_worker,
    Exercise.silent_provisioner,
)


async def findings() -> list[Finding]:
    """Have every incident happen, one after the other, and look into it."""
    with tempfile.TemporaryDirectory(prefix="exercise-") as folder:
        async with exercise(Path(folder)) as made:
            await made.others(2)
            return [await incident(made) for incident in INCIDENTS]


def total(found: Sequence[Finding], way: str) -> tuple[int, int]:
    """Return how many commands and lines all incidents took in one way, `plain` or `narrated`."""
    efforts: list[Effort] = [getattr(finding, way) for finding in found]
    return sum(len(effort.commands) for effort in efforts), sum(effort.lines for effort in efforts)


def report(found: Sequence[Finding]) -> list[str]:
    """Return what is shown of the findings, line by line."""
    lines = []
    for finding in found:
        lines.append(f'A user says: "{finding.complaint}". The cause: {finding.cause} ...')
        for name, effort in (("in plain logs", finding.plain), ("with narration", finding.narrated)):
            verdict = "found" if effort.found else "not found"
            lines.append(f"  {name}: {verdict}, commands: {len(effort.commands)}, lines read: {effort.lines}")
            lines += [f"    $ {command}" for command in effort.commands]
    (commands, read), (few, short) = total(found, "plain"), total(found, "narrated")
    return [
        *lines,
        f"All together: {commands} commands and {read} lines in plain logs, {few} and {short} with narration:",
        (
            f"{commands / few:.1f} times fewer commands, {read / short:.1f} times fewer lines, "
            f"{(commands + read) / (few + short):.1f} times less of both."
        ),
    ]


def main() -> int:
    """Do the exercise and show what was found."""
    try:
        found = asyncio.run(findings())
    except (ServiceEndedError, TimeoutError, OSError, aiohttp.ClientError) as error:
        sys.stderr.write(f"error: the fleet could not finish: {str(error) or type(error).__name__}\n")
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED
    sys.stdout.write("\n".join([*report(found), ""]))
    return 0 if all(finding.plain.found and finding.narrated.found for finding in found) else FAILED


if __name__ == "__main__":
    sys.exit(main())
