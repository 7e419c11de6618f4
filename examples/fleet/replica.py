"""One replica of a pool: a worker that is started again when its process crashes, until it crashes too often."""

import asyncio
from typing import Final

from fleet.recovery import Backoff, Breaker
from fleet.wire import Replica, ReplicaState
from fleet.worker_process import Limits, Order, WorkerProcess
from narration_core import Narrator, bind, bound, propagate, register_field

register_field("crashes", int, "how often a worker crashed in a row")

narrate: Final = Narrator("pool-managerd")


class WorkerFailedError(Exception):
    """A worker ended before it was ever ready; the message says how."""


class Supervisor:
    """Looks after one replica.

    Args:
        order: what its worker is started for.
        breaker: counts the crashes of this model in this pool.
        backoff: the pauses before it is started again.
        limits: how long its processes get.
        host: the address that its worker listens on.
        callback_url: where its worker tells that it is ready.

    Attributes:
        order: what its worker is started for.
        state: what it does now.
    """

    def __init__(
        self, order: Order, breaker: Breaker, backoff: Backoff, limits: Limits, host: str, callback_url: str
    ) -> None:
        self.order = order
        self.state: ReplicaState = "starting"
        self._breaker = breaker
        self._backoff = backoff
        self._limits = limits
        self._host = host
        self._callback_url = callback_url
        self._processes = 0
        self._process = self._new_process()
        self._retry_at = 0.0
        self._stopping = asyncio.Event()
        # Its life belongs to the story of the request that asked for it, and came from its span, but is no part of that
        # span or of the job: those end.
        with bind(
            job_id=None, session_id=None, span_id=None, parent_span_id=bound().get("span_id"),
            pool_id=order.pool_id, replica_id=order.replica_id, model_ref=order.model.model_ref,
        ):  # fmt: skip
            self._life = asyncio.create_task(self._live())
            self._tell_recovered = propagate(self._recovered)  # called in the story of the worker's callback

    def describe(self) -> Replica:
        """Return what may be known of it."""
        left_s = max(0.0, self._retry_at - self._now()) if self.state == "crashed" else 0.0
        return Replica(
            self.order.pool_id,
            self.order.replica_id,
            self.order.model.model_ref,
            self.order.engine.mode,
            self.state,
            self._process.url if self.state in {"ready", "draining"} else "",
            self._breaker.crashes,
            round(left_s * 1000),
        )

    def ready(self, worker_id: str, url: str) -> bool:
        """Take a ready callback; False when it is of a process that is no longer the replica's.

        Args:
            worker_id: which process tells it.
            url: where it answers.
        """
        if worker_id != self._process.worker_id or self.state != "starting":
            return False
        self._process.ready(url)
        self.state = "ready"
        self._breaker.ready()
        if self._processes > 1:
            self._tell_recovered()
        return True

    def _recovered(self) -> None:
        narrate(
            "recovered", self.order.replica_id, "Worker {worker_id} is ready: {target} works again",
            worker_id=self._process.worker_id,
        )  # fmt: skip

    async def until_ready(self) -> None:
        """Wait until its first worker is ready.

        Raises:
            WorkerFailedError: it ended before.
        """
        waiting = asyncio.create_task(self._process.is_ready.wait())
        await asyncio.wait([waiting, self._life], return_when=asyncio.FIRST_COMPLETED)
        if not waiting.done():
            waiting.cancel()
            raise WorkerFailedError(self._life.result())

    async def stop(self) -> None:
        """Have its worker finish its jobs and end, for good."""
        self.state = "draining"
        self._stopping.set()
        await self._process.stop()
        await asyncio.wait([self._life])

    # -- its life ------------------------------------------------------------------------------

    async def _live(self) -> str:
        """Run one process after another; return how the last one ended."""
        while True:
            how = await self._process.run()
            if self._stopping.is_set():
                return how
            self._process.narrate_lost_jobs(how)
            gives_up = self._breaker.crashed(self._now(), self._process.ready_s)
            if not self._process.url and self._processes == 1:
                self.state = "broken"
                return how  # whoever asked for it hears of it, and decides
            if gives_up:
                self.state = "broken"
                narrate.error(
                    "give_up", self.order.replica_id,
                    "Gave up on {target} at crash {crashes} in a row: its worker {how}",
                    crashes=self._breaker.crashes, how=how, error_kind="crash_loop",
                )  # fmt: skip
                return how
            await self._pause(how)
            if self._stopping.is_set():
                return how
            self.state = "starting"
            self._process = self._new_process()

    async def _pause(self, how: str) -> None:
        pause_s = self._backoff.pause_s(self._breaker.crashes)
        self._retry_at = self._now() + pause_s
        self.state = "crashed"
        narrate.warn(
            "restart", self.order.replica_id, "Worker {worker_id} {how}; starting {target} again in {backoff_ms} ms",
            worker_id=self._process.worker_id, how=how, backoff_ms=round(pause_s * 1000), error_kind="worker_lost",
        )  # fmt: skip
        try:
            async with asyncio.timeout(pause_s):
                await self._stopping.wait()
        except TimeoutError:
            return

    def _new_process(self) -> WorkerProcess:
        self._processes += 1
        return WorkerProcess(self.order, self._processes, self._host, self._callback_url, self._limits)

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()
