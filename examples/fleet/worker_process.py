"""One process of a worker, from its start to its end: started, heard, watched, stopped."""

import asyncio
import contextlib
import os
import shutil
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import aiohttp

from fleet.wire import PreparedEngine, StagedModel
from narration_core import Event, Narrator, bind, capture_process_async, register_field
from narration_worker.client import WorkerClient, WorkerRefusedError

register_field("how", str, "how a process ended")
register_field("tries", int, "how often something was tried")

narrate: Final = Narrator("pool-managerd")

_JOB_IDS: Final = ("job_id", "correlation_id", "session_id")
_BEGINS: Final = ("validate", "queue")
_ENDS: Final = ("execute_end", "error")
_MOST_JOBS: Final = 1000
_GOOD_HEALTH: Final = ("healthy", "draining")
_ENDS_WITH_MANAGER: Final = Path(__file__).with_name("ends_with_manager") / "narration"
# The pool manager passes on what its workers narrate, also to a hub: from them as well it would arrive there twice.
_OWN_VARIABLES: Final = ("NARRATION_HUB", "NARRATION_SERVICE", "NARRATION_SERVICE_VERSION")


class Order(NamedTuple):
    """What a worker is started for.

    Attributes:
        pool_id: the pool that it belongs to.
        replica_id: its name there; it stays the same when its process is started again.
        model: where its model is.
        engine: what it computes with.
    """

    pool_id: str
    replica_id: str
    model: StagedModel
    engine: PreparedEngine


class Limits(NamedTuple):
    """How long workers get.

    Attributes:
        start_s: until the ready callback, in seconds.
        stop_s: to finish their jobs, in seconds.
        health_every_s: time between health checks, in seconds.
        health_s: for the answer to one, in seconds.
        most_silent: how many health checks in a row may fail.
    """

    start_s: float = 120.0
    stop_s: float = 30.0
    health_every_s: float = 2.0
    health_s: float = 2.0
    most_silent: int = 3


class WorkerProcess:
    """One process of a worker.

    Args:
        order: what it is started for.
        number: which process of its replica it is, from 1.
        host: the address that it listens on.
        callback_url: where it tells that it is ready.
        limits: how long it gets.

    Attributes:
        worker_id: its id.
        url: where it answers, once it is ready.
        is_ready: set once it is ready.
        jobs: the ids of each job that it has begun and not ended.
    """

    def __init__(self, order: Order, number: int, host: str, callback_url: str, limits: Limits) -> None:
        self.worker_id = f"{order.replica_id}.{number}"
        self.url = ""
        self.is_ready = asyncio.Event()
        self.jobs: dict[str, Mapping[str, Any]] = {}
        self._order = order
        self._host = host
        self._callback_url = callback_url
        self._limits = limits
        self._last_error = ""
        self._killed_for = ""
        self._is_unwanted = False
        self._ready_at: float | None = None
        self._capture: asyncio.Task[Any] | None = None

    # -- its life ------------------------------------------------------------------------------

    async def run(self) -> str:
        """Run the process to its end; return how it ended, in a few words."""
        if self._is_unwanted:
            return "was stopped"
        self._capture = asyncio.create_task(self._captured())
        watch = asyncio.create_task(self._watch())
        try:
            await asyncio.wait([self._capture])
        finally:
            watch.cancel()
            if not self._capture.done():  # this task was cancelled: the process ends with it
                self._capture.cancel()
                await asyncio.wait([self._capture])
        if self._capture.cancelled():
            return self._killed_for or "was stopped"
        return str(self._capture.result())

    async def _captured(self) -> str:
        order = self._order
        narrate(
            "spawn", self.worker_id, "Starting worker {target} for {model_ref} on the {device}",
            device=order.engine.mode,
        )  # fmt: skip
        try:
            result = await capture_process_async(
                self._command(), actor="worker", env=self._environment(), on_event=self._heard
            )
        except OSError as error:
            return f"could not be started: {type(error).__name__}"
        if result.exit_code < 0:
            return f"was killed by {signal.Signals(-result.exit_code).name}"
        return f"ended with exit code {result.exit_code}{self._last_error}"

    def _command(self) -> list[str]:
        own = Path(sys.executable).with_name("narration")
        program = str(own) if own.is_file() else shutil.which("narration") or "narration"
        order = self._order
        return [
            str(_ENDS_WITH_MANAGER), program, "worker", *order.engine.flags,
            "--model", order.model.path,
            "--context-length", str(order.model.requirements.context_tokens),
            "--host", self._host,
            "--port", "0",
            "--worker-id", self.worker_id,
            "--pool-id", order.pool_id,
            "--replica-id", order.replica_id,
            "--callback-url", self._callback_url,
            "--shutdown-timeout-sec", str(self._limits.stop_s),
        ]  # fmt: skip

    @staticmethod
    def _environment() -> dict[str, str]:
        return {name: value for name, value in os.environ.items() if name not in _OWN_VARIABLES}

    def _heard(self, event: Event) -> None:
        """Keep the ids of the jobs under way, for when the process is killed; called by a reader thread."""
        if event.level == "fatal":
            self._last_error = f": {event.human}"
        if event.job_id is None or event.actor != "worker":
            return
        if event.event in _ENDS:
            self.jobs.pop(event.job_id, None)
        elif event.action in _BEGINS and len(self.jobs) < _MOST_JOBS:
            self.jobs[event.job_id] = {name: event.get(name) for name in _JOB_IDS}

    # -- looking after it ----------------------------------------------------------------------

    def ready(self, url: str) -> None:
        """Note that it is ready."""
        self.url = url
        self._ready_at = asyncio.get_running_loop().time()
        self.is_ready.set()

    @property
    def ready_s(self) -> float:
        """How long it has been ready, in seconds."""
        return 0.0 if self._ready_at is None else asyncio.get_running_loop().time() - self._ready_at

    async def _watch(self) -> None:
        """Kill the process when it is not ready in time, or no longer answers."""
        limits = self._limits
        try:
            async with asyncio.timeout(limits.start_s):
                await self.is_ready.wait()
        except TimeoutError:
            self._kill(f"was not ready within {limits.start_s:g} s")
            return
        failed = 0
        while failed < limits.most_silent:
            await asyncio.sleep(limits.health_every_s)
            failed = 0 if await self._is_healthy() else failed + 1
        narrate.error(
            "health", self.worker_id, "Killing worker {target}: it failed {tries} health checks in a row",
            tries=failed, error_kind="unhealthy",
        )  # fmt: skip
        self._kill(f"failed {failed} health checks in a row")

    def _kill(self, reason: str) -> None:
        self._killed_for = reason
        if self._capture is not None:
            self._capture.cancel()  # SIGTERM, and a second later SIGKILL

    async def _is_healthy(self) -> bool:
        try:
            async with asyncio.timeout(self._limits.health_s), self._client() as client:
                return (await client.health()).get("status") in _GOOD_HEALTH
        except (TimeoutError, aiohttp.ClientError, OSError):
            return False

    def _client(self) -> WorkerClient:
        return WorkerClient(self.url, token=os.environ.get("AUTH_TOKEN"), tries=1)

    async def stop(self) -> None:
        """Have it finish its jobs and end; kill it when it does not in time."""
        if self._capture is None:
            self._is_unwanted = True  # before it was started
            return
        if self._capture.done():
            return
        if self.url:
            with contextlib.suppress(TimeoutError, aiohttp.ClientError, OSError, WorkerRefusedError):
                async with asyncio.timeout(self._limits.stop_s), self._client() as client:
                    await client.shutdown()
                await asyncio.wait([self._capture], timeout=self._limits.stop_s + 1)
        if not self._capture.done():
            self._kill("was stopped")
            await asyncio.wait([self._capture])

    def narrate_lost_jobs(self, how: str) -> None:
        """Tell in the story of every job under way that its worker is gone.

        Args:
            how: how the process ended.
        """
        for ids in list(self.jobs.values()):
            with bind(**ids):
                narrate.error(
                    "job_lost", str(ids["job_id"]), "Lost {target} in the middle: worker {worker_id} {how}",
                    worker_id=self.worker_id, how=how, error_kind="worker_lost",
                )  # fmt: skip
        self.jobs.clear()
