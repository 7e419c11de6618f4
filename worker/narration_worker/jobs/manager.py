"""The job manager: accepts jobs, queues them, publishes their progress, and gives each one exactly one ending."""

import asyncio
import contextlib
import hashlib
import secrets
from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from typing import Final

from narration_core import Pulse, bind, close_job, open_job
from narration_core.nouns import counted
from narration_worker import points
from narration_worker.errors import WorkerError
from narration_worker.jobs.inference_thread import InferenceThread
from narration_worker.jobs.job import Job
from narration_worker.jobs.outcomes import CANCEL_STATUS, STOPPED_STATUS, final_state, publish_ending
from narration_worker.jobs.places import Places
from narration_worker.metrics import Metrics
from narration_worker.model.engine import Engine
from narration_worker.model.generation import StopCause, Stopped
from narration_worker.requests import ExecuteRequest
from narration_worker.wire import CancelStatus, JobState, Started
from narration_worker.wire import Metrics as Progress

METRICS_EVERY_S: Final = 0.25
REMEMBERED: Final = 1000
LONG_PROMPT_CHARS: Final = 2000
"""Prompts from this length on are tokenised on a thread, so that the event loop stays free."""

PACE_S: Final = 0.01
"""Shortest time between two reads of a running job, in seconds: a wake-up for each token costs more than the token."""

FIRST_PACE_S: Final = 0.001
"""The same before the first token, so that it is sent early, and for that token to join the first events of its job."""

_WEIGHT: Final = 0.3
"""Weight of the newest job in the average duration."""


class Jobs:
    """The jobs of a worker: accepted and published on the event loop, run by the inference thread.

    Args:
        engine: the model.
        metrics: the worker's metrics.
        queue_limit: how many jobs may wait.
        timeout_s: longest inference, in seconds.
        max_tokens_in: longest prompt, in tokens.
        resume_grace_s: time in which a cut stream can be resumed, in seconds; 0 stops the job at once.
    """

    def __init__(
        self,
        engine: Engine,
        metrics: Metrics,
        *,
        queue_limit: int,
        timeout_s: float,
        max_tokens_in: int | None,
        resume_grace_s: float = 0.0,
    ) -> None:
        self.draining = False
        self.resume_grace_s = resume_grace_s
        self._engine = engine
        self._metrics = metrics
        self._queue_limit = queue_limit
        self._timeout_s = timeout_s
        self._max_tokens_in = max_tokens_in
        self._alive: dict[str, Job] = {}
        self._ended: OrderedDict[str, JobState] = OrderedDict()
        self._resumable: dict[str, Job] = {}
        self._idle = asyncio.Event()
        self._idle.set()
        self._loop = asyncio.get_running_loop()
        self._running: Job | None = None
        self._running_since = self._next_metrics = 0.0
        self._average_ms: float | None = None
        self._publisher = Pulse(self._publish)
        self._inference = InferenceThread(engine, self._publisher)
        self._places = Places(self._inference.queued_jobs, self._tell_place)

    @property
    def depth(self) -> int:
        """How many jobs wait."""
        return self._inference.queue_depth

    @property
    def running(self) -> int:
        """How many jobs run: 0 or 1."""
        return self._inference.load - self._inference.queue_depth

    def start(self) -> None:
        """Start to run the queued jobs, one after another, until `close`."""
        self._inference.start()

    # -- accepting -----------------------------------------------------------------------------------

    def check_open(self, request: ExecuteRequest) -> None:
        """Check that a request could be accepted now.

        Raises:
            WorkerError: SHUTTING_DOWN, LOADING, QUEUE_FULL, CONFLICT.
        """
        if self.draining:
            raise WorkerError("SHUTTING_DOWN", "the worker is shutting down and takes no more requests")
        if not self._engine.loaded:
            raise WorkerError("LOADING", f"model {self._engine.model_ref} is still loading")
        if request.job_id is not None and self.knows(request.job_id):
            raise WorkerError("CONFLICT", f"job {request.job_id} exists already")
        # The limit counts waiting jobs; one more may be running or about to start.
        if self._inference.load > self._queue_limit:
            raise WorkerError(
                "QUEUE_FULL",
                f"requests waiting: {self.depth}, the limit is {self._queue_limit}",
            )

    def knows(self, job_id: str) -> bool:
        """Return whether a job of this id exists or ended not long ago."""
        return job_id in self._alive or job_id in self._ended

    async def accept(self, request: ExecuteRequest) -> Job:
        """Accept a request as a job; a long prompt is tokenised without blocking the event loop.

        Raises:
            WorkerError: as `submit`.
        """
        self.check_open(request)
        if request.prompt_chars < LONG_PROMPT_CHARS and request.messages is None:
            return self.submit(request)
        return self.submit(request, await asyncio.to_thread(self._tokenise, request))

    def submit(self, request: ExecuteRequest, prompt: list[int] | None = None) -> Job:
        """Accept a request as a job.

        Args:
            request: the request.
            prompt: its tokens, when they are known already.

        Raises:
            WorkerError: SHUTTING_DOWN, LOADING, QUEUE_FULL, CONFLICT; INVALID_REQUEST when the prompt does not fit.
        """
        self.check_open(request)
        tokens = self._tokenise(request) if prompt is None else prompt
        job_id = request.job_id or f"job-{secrets.token_hex(8)}"
        open_job(job_id)
        with bind(job_id=job_id):
            job = Job(job_id, request, tokens, keep_events=self.resume_grace_s > 0)
        started = Started(job_id, self._engine.model_ref, job.accepted_at_ms, job.seed)
        job.record_event(
            points.request_validated,
            prompt_chars=request.prompt_chars,
            prompt_sha256=hashlib.sha256("\0".join(request.texts).encode()).hexdigest(),
            tokens_in=job.tokens_in,
            max_tokens=request.max_tokens,
        )
        self._alive[job_id] = job
        self._idle.clear()
        first = self._inference.enqueue(job)
        job.send(started)  # while the inference thread wakes up: it only records what it does
        self._run_in_context(job, job.publish_pending)
        if not first:
            self._places.job_came()
        return job

    def _tokenise(self, request: ExecuteRequest) -> list[int]:
        tokens = self._engine.tokenise(request)
        if self._max_tokens_in is not None and len(tokens) > self._max_tokens_in:
            raise WorkerError(
                "INVALID_REQUEST", f"the prompt has {counted(len(tokens), 'token')}, the limit is {self._max_tokens_in}"
            )
        return tokens

    def _tell_place(self, job: Job, position: int) -> None:
        predicted_ms = self._predicted_start_ms(position)
        if predicted_ms is None:
            point = partial(points.queued, queue_position=position)
        else:
            point = partial(points.queued_predicted, queue_position=position, predicted_start_ms=predicted_ms)
        self._run_in_context(job, point)

    def _predicted_start_ms(self, position: int) -> int | None:
        """Return when a waiting job should start, in milliseconds from now; None before any job has ended."""
        if self._average_ms is None:
            return None
        ran_ms = (self._loop.time() - self._running_since) * 1000 if self._running is not None else 0.0
        return round(max(0.0, self._average_ms - ran_ms) + position * self._average_ms)

    # -- stopping and looking up -------------------------------------------------------------------

    def cancel(self, job_id: str) -> CancelStatus:
        """Stop a job and return its status; calling it again is fine.

        Raises:
            WorkerError: NOT_FOUND.
        """
        job = self._alive.get(job_id)
        if job is not None:
            self.stop(job, "cancelled")
            return STOPPED_STATUS.get(job.switch.cause, "finished")
        return CANCEL_STATUS.get(self.state(job_id).status, "finished")

    def state(self, job_id: str) -> JobState:
        """Return the state of a job that waits, runs, or ended not long ago.

        Raises:
            WorkerError: NOT_FOUND.
        """
        job = self._alive.get(job_id)
        if job is None:
            if job_id in self._ended:
                return self._ended[job_id]
            raise WorkerError(
                "NOT_FOUND",
                f"no job {job_id[:256]!r} is running, waiting or recently ended",
                reason="no such job is running, waiting or recently ended",
            )
        queue = self._inference.queued_jobs()
        state = job.state("waiting" if job in queue else "running")
        if job in queue:
            state.queue_position = queue.index(job)
        return state

    def stop(self, job: Job, cause: StopCause) -> None:
        """Stop a waiting or running job; does nothing when it has ended or has its result."""
        if not job.switch.stop(cause):
            return
        if self._inference.remove(job):
            job.record_ending(Stopped(cause))
            self._finish(job)
            self._places.queue_moved()

    def client_gone(self, job: Job, reader: object) -> None:
        """Note that the client of a stream went away: stop the job, or keep it for as long as it can be resumed.

        Args:
            job: whose stream was cut.
            reader: who was reading it; nothing happens when another reader has taken over.
        """
        if job.reader is not reader:
            return
        job.reader = None
        if not self.resume_grace_s or self.draining:
            self.stop(job, "client_gone")
            return
        if job.ending is None:
            self._run_in_context(job, partial(points.stream_cut, grace_s=self.resume_grace_s))
        self._resumable[job.job_id] = job
        job.resume_deadline = self._loop.call_later(self.resume_grace_s, self._give_up_on, job)

    def _give_up_on(self, job: Job) -> None:
        self._resumable.pop(job.job_id, None)
        self.stop(job, "client_gone")

    def resume(self, job_id: str, last_event_id: int) -> Job:
        """Return a job whose stream is taken up again, and narrate it.

        Args:
            job_id: the job.
            last_event_id: id of the last event that the client received; 0 for none.

        Raises:
            WorkerError: NOT_FOUND, there is no such stream to resume, or no longer; INVALID_REQUEST, no such event.
        """
        job = self._alive.get(job_id) or self._resumable.get(job_id)
        if job is None or job.sent is None:
            raise WorkerError(
                "NOT_FOUND",
                f"no stream of job {job_id[:256]!r} can be resumed",
                reason="the job has no stream that can be resumed",
            )
        if last_event_id > job.last_sent_id:
            raise WorkerError("INVALID_REQUEST", "Last-Event-ID is later than every event of this stream")
        if job.resume_deadline is not None:
            job.resume_deadline.cancel()
            job.resume_deadline = None
        self._resumable.pop(job_id, None)
        if job.ending is None:
            self._run_in_context(job, partial(points.stream_resumed, last_event_id=last_event_id))
        return job

    # -- publishing ----------------------------------------------------------------------------------

    def _publish(self) -> float:
        """Publish what the inference thread records; return seconds until the next time, 0 when there was nothing."""
        if not self._publish_records():
            return 0.0
        return PACE_S if self._running is not None and self._running.tokens_out else FIRST_PACE_S

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
            self._places.queue_moved()
            if self._running is not None and self._running.first_token_ms is None:
                return True  # what the job begins with is sent together with its first token, if that comes soon
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
        self._remember(job)
        if not self._alive:
            self._idle.set()

    def _remember(self, job: Job) -> None:
        self._ended[job.job_id] = final_state(job)
        while len(self._ended) > REMEMBERED:
            self._ended.popitem(last=False)

    def _run_in_context(self, job: Job, function: Callable[[], bool | None]) -> bool:
        """Call a function that narrates in a job's own context; a failure must not stop the queue."""
        try:
            return bool(job.context.copy().run(function))
        except Exception as error:  # noqa: BLE001 - whatever is wrong with one story
            with contextlib.suppress(Exception):  # where nothing at all can be narrated, generation goes on
                points.story_failed(callers_job_id=job.job_id, error_kind=type(error).__name__)
            return False

    def _send_metrics(self, job: Job) -> None:
        now = self._loop.time()
        if now >= self._next_metrics:
            self._next_metrics = now + METRICS_EVERY_S
            rate = round(job.tokens_out / (now - self._running_since), 1)
            job.send(Progress(job.tokens_out, rate, self.depth))

    def _count(self, job: Job) -> None:
        """Add a job that has ended to the metrics, and to the average that predicts when a waiting job starts."""
        if job.first_token_ms is not None:
            self._metrics.first_token(job.first_token_ms)
        self._metrics.finished(
            job.outcome, tokens_in=job.tokens_in, tokens_out=job.tokens_out, duration_ms=job.duration_ms
        )
        if job.duration_ms is not None:
            last = self._average_ms
            self._average_ms = job.duration_ms if last is None else last + _WEIGHT * (job.duration_ms - last)

    # -- the end -------------------------------------------------------------------------------------

    async def drain(self, timeout_s: float) -> None:
        """Accept no more jobs; wait for the accepted ones, and stop them when the time is up."""
        self.draining = True
        for job in list(self._resumable.values()):
            self._give_up_on(job)
        try:
            async with asyncio.timeout(timeout_s):
                await self._idle.wait()
        except TimeoutError:
            self.stop_all()
            await self._idle.wait()

    def stop_all(self) -> None:
        """Stop every job, because the worker shuts down."""
        for job in list(self._alive.values()):
            self.stop(job, "shutdown")

    def close(self, wait_s: float | None = None) -> None:
        """Stop every job, end the inference thread, and wait for it.

        Args:
            wait_s: wait at most this many seconds; without limit when None.
        """
        self.stop_all()
        self._publisher.close()
        self._inference.close(wait_s)
        self._publish_records()  # the publisher no longer does
        for job in list(self._alive.values()):
            if job.ending is not None:
                self._finish(job)
