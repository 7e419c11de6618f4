"""Jobs: a bounded queue, one inference at a time, and an end for each that its client always hears."""

import asyncio
import contextvars
import hashlib
import secrets
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from narration_core import CHANNELS, Subscription, bind, close_job, open_job, subscribe
from worker import points
from worker.engine import Engine, Result, StopCause, Stopped, StopSwitch, Token
from worker.errors import WorkerError
from worker.metrics import Metrics, Outcome
from worker.requests import ExecuteRequest, native_seed

PROGRESS_EVERY: Final = 10
METRICS_EVERY_S: Final = 0.25
TOGETHER_S: Final = 0.001
REMEMBERED: Final = 1000
NEAR: Final = 3
"""From this place on a job that waits hears of every step, before only of each halving."""

_BACKLOG: Final = 20_000

# How a stopped request ends: its code, how it is counted, what it is told.
_ENDINGS: Final[dict[StopCause, tuple[str, Outcome, str]]] = {
    "cancelled": ("CANCELLED", "cancelled", "the request was cancelled"),
    "client_gone": ("CANCELLED", "cancelled", "the client went away"),
    "timeout": ("INFERENCE_TIMEOUT", "timeout", "the request took too long"),
    "shutdown": ("SHUTTING_DOWN", "error", "the worker is shutting down"),
}


def is_news(told: int, place: int) -> bool:
    """Tell whether a job that waits should hear of its new place: in a long queue, not of every step.

    Args:
        told: the place that it last heard of, from 0.
        place: where it is now.
    """
    return place < told and (place <= NEAR or place * 2 <= told)


class Job:
    """One request on its way.

    Args:
        job_id: its name.
        request: what was asked for.
    """

    def __init__(self, job_id: str, request: ExecuteRequest) -> None:
        self.job_id = job_id
        self.request = request
        self.seed = native_seed(request.seed)
        self.switch = StopSwitch()
        self.accepted_ns = time.monotonic_ns()
        self.position: int | None = None
        self.tokens_in = 0
        self.tokens_out = 0
        self.subscription: Subscription = subscribe(job_id, backlog=_BACKLOG)
        self.context = contextvars.copy_context()  # so that whoever ends it tells its story, not his own

    def send(self, name: str, *values: Any) -> None:
        """Put messages of one kind into the job's stream."""
        CHANNELS.send(self.job_id, name, *values)

    def tell(self, point: Callable[..., None], **fields: Any) -> None:
        """Narrate in the job's own context."""
        self.context.copy().run(point, **fields)


class _Answer:
    """The answer of a job as it grows. Tokens that come faster than `TOGETHER_S` go into its stream together.

    Args:
        job: whose answer it is.
    """

    def __init__(self, job: Job) -> None:
        self.digest = hashlib.sha256()
        self.chars = 0
        self._job = job
        self._held: list[tuple[str, int]] = []
        self._shown_at = 0.0

    def add(self, step: Token) -> float:
        """Take a token; returns the time, as `time.monotonic` tells it."""
        if step.token >= 0:
            self._job.tokens_out += 1
        if step.text:
            self._held.append((step.text, step.place))
        now = time.monotonic()
        if now >= self._shown_at + TOGETHER_S:
            self._shown_at = now
            self.show()
        return now

    def show(self) -> None:
        """Put what is held into the stream."""
        if self._held:
            text = "".join(text for text, _ in self._held)
            self.digest.update(text.encode())
            self.chars += len(text)
            self._job.send("token", *self._held)
            self._held.clear()


class Jobs:
    """The queue of a worker and the one thread that works it off.

    Args:
        engine: the model.
        metrics: what is counted.
        queue_limit: how many jobs may wait.
        timeout_s: longest inference, in seconds.
        max_tokens_in: longest prompt, in tokens.
        max_tokens_out: longest answer, in tokens.
    """

    def __init__(
        self,
        engine: Engine,
        metrics: Metrics,
        *,
        queue_limit: int,
        timeout_s: float,
        max_tokens_in: int | None,
        max_tokens_out: int,
    ) -> None:
        self.draining = False
        self._engine = engine
        self._metrics = metrics
        self._queue_limit = queue_limit
        self._timeout_s = timeout_s
        self._max_tokens_in = max_tokens_in
        self._max_tokens_out = max_tokens_out
        self._waiting: deque[Job] = deque()
        self._running: Job | None = None
        self._ended: OrderedDict[str, str] = OrderedDict()
        self._work_there = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="inference")

    @property
    def depth(self) -> int:
        """How many jobs wait."""
        return len(self._waiting)

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
        if self._find(job_id) is not None or job_id in self._ended:
            raise WorkerError("CONFLICT", f"job {job_id} exists already")
        ahead = len(self._waiting) + (self._running is not None)
        if ahead > self._queue_limit:  # one may run beside those that wait, also before it has begun
            points.queue_full(callers_job_id=job_id, queue_position=len(self._waiting), error_kind="queue_full")
            raise WorkerError("QUEUE_FULL", f"{self.depth} requests are waiting, the limit is {self._queue_limit}")
        open_job(job_id)
        with bind(job_id=job_id):
            job = Job(job_id, request)
            job.send("started", {
                "job_id": job_id,
                "model": self._engine.model_ref,
                "started_at": int(time.time() * 1000),
                "seed": job.seed,
            })  # fmt: skip
            points.request_validated(
                prompt_chars=len(request.prompt),
                prompt_sha256=hashlib.sha256(request.prompt.encode()).hexdigest(),
                tokens_out=request.max_tokens,
            )
        self._waiting.append(job)
        self._idle.clear()
        self._work_there.set()
        if self._running is not None or len(self._waiting) > 1:
            self._tell_positions()
        return job

    def _find(self, job_id: str) -> Job | None:
        running = [self._running] if self._running is not None else []
        return next((job for job in (*running, *self._waiting) if job.job_id == job_id), None)

    def _tell_positions(self) -> None:
        for place, job in enumerate(self._waiting):
            if job.position is None or is_news(job.position, place):
                job.position = place
                job.tell(points.queued, queue_position=place)

    def cancel(self, job_id: str) -> str:
        """Stop a job; calling it again is fine (M0-W-1330). Returns what became of it: cancelled or finished.

        Raises:
            WorkerError: NOT_FOUND.
        """
        job = self._find(job_id)
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
        if job in self._waiting:
            self._waiting.remove(job)
            job.context.copy().run(self._stopped, job, cause)
            self._end(job, "cancelled" if cause != "timeout" else "timeout")
            self._tell_positions()

    async def run(self) -> None:
        """Work the queue off, one job after another, until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            if not self._waiting:
                self._idle.set()
                self._work_there.clear()
                await self._work_there.wait()
                continue
            job = self._running = self._waiting.popleft()
            deadline = loop.call_later(self._timeout_s, job.switch.stop, "timeout")
            try:
                await loop.run_in_executor(self._thread, job.context.copy().run, self._work, job)
            finally:
                deadline.cancel()
                self._running = None
                self._end(job, "cancelled" if job.switch.cause == "cancelled" else "finished")
            self._tell_positions()

    def _end(self, job: Job, became: str) -> None:
        close_job(job.job_id)
        self._ended[job.job_id] = became
        while len(self._ended) > REMEMBERED:
            self._ended.popitem(last=False)

    def _work(self, job: Job) -> None:
        """Run one job on the inference thread; whatever happens, its stream gets exactly one last message."""
        began = time.monotonic_ns()
        try:
            self._generate(job)
            outcome: Outcome = "success"
        except Stopped as stop:
            outcome = self._stopped(job, stop.cause)
        except WorkerError as why:
            outcome = self._failed(job, why)
        except Exception as why:  # noqa: BLE001 - a request that fails must not take the worker along
            unexpected = WorkerError("INTERNAL", f"unexpected {type(why).__name__} while generating")
            outcome = self._failed(job, unexpected, why)
        self._metrics.finished(
            outcome,
            tokens_in=job.tokens_in,
            tokens_out=job.tokens_out,
            duration_ms=(time.monotonic_ns() - began) / 1e6,
        )

    def _generate(self, job: Job) -> None:
        request, engine = job.request, self._engine
        job.switch.check()
        prompt = engine.tokenise(request)
        if self._max_tokens_in is not None and len(prompt) > self._max_tokens_in:
            raise WorkerError("INVALID_REQUEST", f"the prompt has {len(prompt)} tokens, at most {self._max_tokens_in}")
        job.tokens_in = len(prompt)
        points.tokenised(tokens_in=len(prompt))
        points.cache_reset()
        points.inference_start(seed=job.seed)
        answer = _Answer(job)
        next_metrics = time.monotonic() + METRICS_EVERY_S
        began = time.monotonic_ns()
        try:
            for step in engine.generate(request, prompt, job.seed, job.switch):
                if isinstance(step, Result):
                    answer.show()
                    self._complete(job, step, answer)
                    return
                now = answer.add(step)
                if step.place == 0:
                    self._metrics.first_token((time.monotonic_ns() - job.accepted_ns) / 1e6)
                if step.token >= 0 and job.tokens_out % PROGRESS_EVERY == 0:
                    answer.show()
                    points.token_progress(tokens_out=job.tokens_out)
                if now >= next_metrics:
                    next_metrics += METRICS_EVERY_S
                    rate = round(job.tokens_out * 1e9 / (time.monotonic_ns() - began), 1)
                    answer.show()
                    job.send("metrics", {"tokens_out": job.tokens_out, "tokens_per_s": rate, "queue_depth": self.depth})
        finally:
            answer.show()

    @staticmethod
    def _complete(job: Job, result: Result, answer: "_Answer") -> None:
        points.inference_complete(
            tokens_in=job.tokens_in,
            tokens_out=result.tokens_out,
            decode_time_ms=result.decode_time_ms,
            stop_reason=result.stop_reason,
            seed=job.seed,
            output_sha256=answer.digest.hexdigest(),
            output_chars=answer.chars,
        )
        job.send("end", {
            "tokens_out": result.tokens_out,
            "decode_time_ms": result.decode_time_ms,
            "stop_reason": result.stop_reason,
            "stop_sequence_matched": result.matched,
        })  # fmt: skip

    def _stopped(self, job: Job, cause: StopCause) -> Outcome:
        code, outcome, message = _ENDINGS[cause]
        if cause == "cancelled":
            points.cancelled(error_kind="cancelled", tokens_out=job.tokens_out)
        elif cause == "client_gone":
            points.client_gone(error_kind="client_gone", tokens_out=job.tokens_out)
        elif cause == "timeout":
            points.timed_out(error_kind="inference_timeout", duration_ms=int(self._timeout_s * 1000))
        else:
            points.drained(error_kind="shutting_down", tokens_out=job.tokens_out)
        job.send("error", WorkerError(code, message).body())
        return outcome

    @staticmethod
    def _failed(job: Job, why: WorkerError, cause: Exception | None = None) -> Outcome:
        kind = type(cause).__name__ if cause is not None else why.code.lower()
        points.inference_failed(code=why.code, reason=why.reason, error_kind=kind)
        job.send("error", why.body())
        return "error"

    async def drain(self, timeout_s: float) -> None:
        """Take no more jobs, let those under way end, stop them when the time is up."""
        self.draining = True
        try:
            async with asyncio.timeout(timeout_s):
                await self._idle.wait()
        except TimeoutError:
            running = [self._running] if self._running is not None else []
            for job in (*running, *self._waiting.copy()):
                self.stop(job, "shutdown")
            await self._idle.wait()

    def close(self) -> None:
        """Let the inference thread go."""
        self._thread.shutdown(wait=True)
