"""The job manager: accepts jobs, queues them, publishes their progress, and gives each one exactly one ending."""

import asyncio
import hashlib
import logging
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from typing import Final

from narration_core import Wakeup, bind, close_job, open_job
from narration_worker import points
from narration_worker.errors import WorkerError
from narration_worker.jobs.inference_thread import InferenceThread
from narration_worker.jobs.job import Job
from narration_worker.jobs.outcomes import publish_ending
from narration_worker.metrics import Metrics, Outcome
from narration_worker.model.engine import Engine
from narration_worker.model.generation import StopCause, Stopped
from narration_worker.requests import ExecuteRequest
from narration_worker.wire import CancelStatus, Started
from narration_worker.wire import Metrics as Progress

METRICS_EVERY_S: Final = 0.25
REMEMBERED: Final = 1000
PACE_S: Final = 0.004
"""Shortest time between two reads of a running job, in seconds: a wake-up for each token costs more than the token."""

FIRST_PACE_S: Final = 0.001
"""The same before the first token, so that it is sent early."""

NEAR: Final = 3
"""From this position on, a waiting job is told every step; before, only each halving."""

_log: Final = logging.getLogger("worker.jobs")  # narrated, like all that is logged in this process

# What /cancel answers about a job that has ended already; the others are "finished".
_CANCEL_STATUS: Final[dict[Outcome, CancelStatus]] = {"cancelled": "cancelled", "timeout": "timeout"}


def should_announce(last: int, position: int) -> bool:
    """Return whether a waiting job is told its new position: in a long queue, not every step.

    Args:
        last: the position that it was told last, from 0.
        position: its position now.
    """
    return position < last and (position <= NEAR or position * 2 <= last)


class Jobs:
    """The jobs of a worker: accepted and published on the event loop, run by the inference thread.

    Args:
        engine: the model.
        metrics: the worker's metrics.
        queue_limit: how many jobs may wait.
        timeout_s: longest inference, in seconds.
        max_tokens_in: longest prompt, in tokens.
    """

    def __init__(
        self,
        engine: Engine,
        metrics: Metrics,
        *,
        queue_limit: int,
        timeout_s: float,
        max_tokens_in: int | None,
    ) -> None:
        self.draining = False
        self._engine = engine
        self._metrics = metrics
        self._queue_limit = queue_limit
        self._timeout_s = timeout_s
        self._alive: dict[str, Job] = {}
        self._ended: OrderedDict[str, CancelStatus] = OrderedDict()
        self._idle = asyncio.Event()
        self._idle.set()
        self._loop = asyncio.get_running_loop()
        self._publisher: asyncio.Task[None] | None = None
        self._running: Job | None = None
        self._running_since = self._next_metrics = 0.0
        self._wakeup = Wakeup()
        self._inference = InferenceThread(engine, max_tokens_in, self._wakeup)

    @property
    def depth(self) -> int:
        """How many jobs wait."""
        return self._inference.queue_depth

    def start(self) -> None:
        """Start to run the queued jobs, one after another, until `close`."""
        self._publisher = self._loop.create_task(self._publish())
        self._inference.start()

    def submit(self, request: ExecuteRequest) -> Job:
        """Accept a request as a job.

        Raises:
            WorkerError: SHUTTING_DOWN, LOADING, QUEUE_FULL, CONFLICT.
        """
        if self.draining:
            raise WorkerError("SHUTTING_DOWN", "the worker is shutting down and takes no more requests")
        if not self._engine.loaded:
            raise WorkerError("LOADING", f"model {self._engine.model_ref} is still loading")
        job_id = request.job_id or f"job-{secrets.token_hex(8)}"
        if job_id in self._alive or job_id in self._ended:
            raise WorkerError("CONFLICT", f"job {job_id} exists already")
        # The limit counts waiting jobs; one more may be running or about to start.
        if self._inference.load > self._queue_limit:
            points.queue_full(callers_job_id=job_id, queue_position=self.depth, error_kind="queue_full")
            raise WorkerError("QUEUE_FULL", f"{self.depth} requests are waiting, the limit is {self._queue_limit}")
        open_job(job_id)
        with bind(job_id=job_id):
            job = Job(job_id, request)
        started = Started(job_id, self._engine.model_ref, int(time.time() * 1000), job.seed)
        job.record_event(
            points.request_validated,
            prompt_chars=len(request.prompt),
            prompt_sha256=hashlib.sha256(request.prompt.encode()).hexdigest(),
            tokens_out=request.max_tokens,
        )
        self._alive[job_id] = job
        self._idle.clear()
        first = self._inference.enqueue(job)
        job.send(started)  # while the inference thread wakes up: it only records what it does
        self._run_in_context(job, job.publish_pending)
        if not first:
            self._announce_positions()
        return job

    def _announce_positions(self) -> None:
        for position, job in enumerate(self._inference.queued_jobs()):
            if job.position is None or should_announce(job.position, position):
                job.position = position
                self._run_in_context(job, partial(points.queued, queue_position=position))

    def cancel(self, job_id: str) -> CancelStatus:
        """Stop a job and return its status; calling it again is fine.

        Raises:
            WorkerError: NOT_FOUND.
        """
        job = self._alive.get(job_id)
        if job is not None:
            self.stop(job, "cancelled")
            return "cancelled"
        if job_id in self._ended:
            return self._ended[job_id]
        raise WorkerError("NOT_FOUND", f"no job {job_id[:256]!r} is running, waiting or recently ended")

    def stop(self, job: Job, cause: StopCause) -> None:
        """Stop a waiting or running job; does nothing when it has ended."""
        if not job.switch.stop(cause):
            return
        if self._inference.remove(job):
            job.record_ending(Stopped(cause))
            self._finish(job)
            self._announce_positions()

    async def _publish(self) -> None:
        """Publish what the inference thread records; a task wakes readers of streams without a system call."""
        while True:
            await self._wakeup.find(self._publish_records)
            pace_s = PACE_S if self._running is not None and self._running.tokens_out else FIRST_PACE_S
            await self._wakeup.pause(self._loop.time() + pace_s)

    def _publish_records(self) -> bool:
        """Publish what the inference thread has recorded since the last call; False when there is nothing."""
        transitions = self._inference.transitions
        published = bool(transitions)
        while transitions:
            ended, begun = transitions.popleft()
            if ended is not None:
                self._finish(ended)
            self._running = begun
            if begun is not None:
                begun.deadline = self._loop.call_later(self._timeout_s, begun.switch.stop, "timeout")
                self._running_since = self._loop.time()
                self._next_metrics = self._running_since + METRICS_EVERY_S
        if published:
            self._announce_positions()
        if self._running is not None and self._run_in_context(self._running, self._running.publish_pending):
            published = True
            self._send_metrics(self._running)
        return published

    def _finish(self, job: Job) -> None:
        """Publish the ending of a job and forget the job."""
        if job.deadline is not None:
            job.deadline.cancel()
        self._run_in_context(job, job.publish_pending)
        self._run_in_context(job, partial(publish_ending, job, self._timeout_s))
        close_job(job.job_id)
        self._loop.call_soon(self._count, job)  # readers of the stream first
        del self._alive[job.job_id]
        self._ended[job.job_id] = _CANCEL_STATUS.get(job.outcome, "finished")
        while len(self._ended) > REMEMBERED:
            self._ended.popitem(last=False)
        if not self._alive:
            self._idle.set()

    def _run_in_context(self, job: Job, function: Callable[[], bool | None]) -> bool:
        """Call a function that narrates in a job's own context; a failure must not stop the queue."""
        try:
            return bool(job.context.copy().run(function))
        except Exception:  # noqa: BLE001 - whatever is wrong with one story
            _log.exception("the story of job %s could not be narrated", job.job_id)
            return False

    def _send_metrics(self, job: Job) -> None:
        now = self._loop.time()
        if now >= self._next_metrics:
            self._next_metrics = now + METRICS_EVERY_S
            rate = round(job.tokens_out / (now - self._running_since), 1)
            job.send(Progress(job.tokens_out, rate, self.depth))

    def _count(self, job: Job) -> None:
        """Add a job that has ended to the metrics."""
        if job.first_token_ms is not None:
            self._metrics.first_token(job.first_token_ms)
        self._metrics.finished(
            job.outcome, tokens_in=job.tokens_in, tokens_out=job.tokens_out, duration_ms=job.duration_ms
        )

    async def drain(self, timeout_s: float) -> None:
        """Accept no more jobs; wait for the accepted ones, and stop them when the time is up."""
        self.draining = True
        try:
            async with asyncio.timeout(timeout_s):
                await self._idle.wait()
        except TimeoutError:
            self._stop_all()
            await self._idle.wait()

    def close(self, wait_s: float | None = None) -> None:
        """Stop every job, end the inference thread, and wait for it.

        Args:
            wait_s: wait at most this many seconds; without limit when None.
        """
        self._stop_all()
        if self._publisher is not None:
            self._publisher.cancel()
        self._inference.close(wait_s)
        self._publish_records()  # the publisher no longer does
        for job in list(self._alive.values()):
            if job.ending is not None:
                self._finish(job)

    def _stop_all(self) -> None:
        for job in list(self._alive.values()):
            self.stop(job, "shutdown")
