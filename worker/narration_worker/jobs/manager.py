"""Jobs: what is accepted, where it waits, what is told of it, and an end for each that its client always hears."""

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
from narration_worker.jobs.inference_thread import Inference
from narration_worker.jobs.job import Job
from narration_worker.jobs.outcomes import conclude
from narration_worker.metrics import Metrics, Outcome
from narration_worker.model.engine import Engine
from narration_worker.model.generation import StopCause, Stopped
from narration_worker.requests import ExecuteRequest

METRICS_EVERY_S: Final = 0.25
REMEMBERED: Final = 1000
PACE_S: Final = 0.004
"""Shortest time between two looks at a running job, in seconds: a wake-up for each token costs more than the token."""

FIRST_PACE_S: Final = 0.001
"""The same until tokens come, so that the first does not wait."""

NEAR: Final = 3
"""From this place on a job that waits hears of every step, before only of each halving."""

_log: Final = logging.getLogger("worker.jobs")  # narrated, like all that is logged in this process

# What is told of a job that has ended to whoever cancels it afterwards.
_BECAME: Final[dict[Outcome, str]] = {"cancelled": "cancelled", "timeout": "timeout"}


def is_news(told: int, place: int) -> bool:
    """Tell whether a job that waits should hear of its new place: in a long queue, not of every step.

    Args:
        told: the place that it last heard of, from 0.
        place: where it is now.
    """
    return place < told and (place <= NEAR or place * 2 <= told)


class Jobs:
    """The jobs of a worker, on the event loop: accepted here, told here, and worked off by the inference thread.

    Args:
        engine: the model.
        metrics: what is counted.
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
        self._ended: OrderedDict[str, str] = OrderedDict()
        self._idle = asyncio.Event()
        self._idle.set()
        self._loop = asyncio.get_running_loop()
        self._following: asyncio.Task[None] | None = None
        self._begun: Job | None = None
        self._began_at = self._next_metrics = 0.0
        self._wakeup = Wakeup()
        self._inference = Inference(engine, max_tokens_in, self._wakeup)

    @property
    def depth(self) -> int:
        """How many jobs wait."""
        return self._inference.depth

    def start(self) -> None:
        """Begin to work the queue off, one job after another, until `close`."""
        self._following = self._loop.create_task(self._follow())
        self._inference.start()

    def submit(self, request: ExecuteRequest) -> Job:
        """Accept a request, or say why not.

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
        if self._inference.ahead > self._queue_limit:  # one may run beside those that wait, also before it has begun
            points.queue_full(callers_job_id=job_id, queue_position=self.depth, error_kind="queue_full")
            raise WorkerError("QUEUE_FULL", f"{self.depth} requests are waiting, the limit is {self._queue_limit}")
        open_job(job_id)
        with bind(job_id=job_id):
            job = Job(job_id, request)
        started = {
            "job_id": job_id,
            "model": self._engine.model_ref,
            "started_at": int(time.time() * 1000),
            "seed": job.seed,
        }
        job.note(
            points.request_validated,
            prompt_chars=len(request.prompt),
            prompt_sha256=hashlib.sha256(request.prompt.encode()).hexdigest(),
            tokens_out=request.max_tokens,
        )
        self._alive[job_id] = job
        self._idle.clear()
        at_once = self._inference.put(job)
        job.send("started", started)  # while the inference thread wakes up: it only puts down what it does
        self._tell(job, job.show)
        if not at_once:
            self._tell_positions()
        return job

    def _tell_positions(self) -> None:
        for place, job in enumerate(self._inference.waiting()):
            if job.position is None or is_news(job.position, place):
                job.position = place
                self._tell(job, partial(points.queued, queue_position=place))

    def cancel(self, job_id: str) -> str:
        """Stop a job; calling it again is fine. Returns what became of it.

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
        """Stop a job wherever it is; nothing happens when it has ended."""
        if not job.switch.stop(cause):
            return
        if self._inference.remove(job):
            job.end(Stopped(cause))
            self._end(job)
            self._tell_positions()

    async def _follow(self) -> None:
        """Follow the inference thread; in a task, where whoever reads a stream is woken without a system call."""
        while True:
            await self._wakeup.find(self._catch_up)
            pace_s = PACE_S if self._begun is not None and self._begun.tokens_out else FIRST_PACE_S
            await self._wakeup.pause(self._loop.time() + pace_s)

    def _catch_up(self) -> bool:
        """Tell what the inference thread has done since the last time; False when that is nothing."""
        turns = self._inference.turns
        news = bool(turns)
        while turns:
            ended, begun = turns.popleft()
            if ended is not None:
                self._end(ended)
            self._begun = begun
            if begun is not None:
                begun.deadline = self._loop.call_later(self._timeout_s, begun.switch.stop, "timeout")
                self._began_at = self._loop.time()
                self._next_metrics = self._began_at + METRICS_EVERY_S
        if news:
            self._tell_positions()
        if self._begun is not None and self._tell(self._begun, self._begun.show):
            news = True
            self._send_metrics(self._begun)
        return news

    def _end(self, job: Job) -> None:
        """Tell the end of a job and let go of it."""
        if job.deadline is not None:
            job.deadline.cancel()
        self._tell(job, job.show)
        self._tell(job, partial(conclude, job, self._timeout_s))
        close_job(job.job_id)
        self._loop.call_soon(self._count, job)  # after whoever reads the stream has been served
        del self._alive[job.job_id]
        self._ended[job.job_id] = _BECAME.get(job.outcome, "finished")
        while len(self._ended) > REMEMBERED:
            self._ended.popitem(last=False)
        if not self._alive:
            self._idle.set()

    def _tell(self, job: Job, story: Callable[[], bool | None]) -> bool:
        """Narrate in a job's own context; True when something was told. The queue goes on whatever becomes of it."""
        try:
            return bool(job.context.copy().run(story))
        except Exception:  # noqa: BLE001 - whatever is wrong with one story
            _log.exception("the story of job %s could not be told", job.job_id)
            return False

    def _send_metrics(self, job: Job) -> None:
        now = self._loop.time()
        if now >= self._next_metrics:
            self._next_metrics = now + METRICS_EVERY_S
            rate = round(job.tokens_out / (now - self._began_at), 1)
            job.send("metrics", {"tokens_out": job.tokens_out, "tokens_per_s": rate, "queue_depth": self.depth})

    def _count(self, job: Job) -> None:
        """Count a job that has ended."""
        if job.first_token_ms is not None:
            self._metrics.first_token(job.first_token_ms)
        self._metrics.finished(
            job.outcome, tokens_in=job.tokens_in, tokens_out=job.tokens_out, duration_ms=job.duration_ms
        )

    async def drain(self, timeout_s: float) -> None:
        """Take no more jobs, let those under way end, stop them when the time is up."""
        self.draining = True
        try:
            async with asyncio.timeout(timeout_s):
                await self._idle.wait()
        except TimeoutError:
            self._stop_all()
            await self._idle.wait()

    def close(self, wait_s: float | None = None) -> None:
        """Stop every job, let the inference thread go, and wait for it.

        Args:
            wait_s: no longer than so many seconds; without it until the thread has ended.
        """
        self._stop_all()
        if self._following is not None:
            self._following.cancel()
        self._inference.close(wait_s)
        self._catch_up()  # nobody follows the thread any more
        for job in list(self._alive.values()):
            if job.ending is not None:
                self._end(job)

    def _stop_all(self) -> None:
        for job in list(self._alive.values()):
            self.stop(job, "shutdown")
