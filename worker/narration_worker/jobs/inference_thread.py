"""The inference thread: the queue that it works through, and what it records about each job."""

import threading
import time
from collections import deque
from typing import Final

from narration_core import Pulse
from narration_worker import points
from narration_worker.errors import WorkerError
from narration_worker.jobs.gil_priority import use_exact_timers
from narration_worker.jobs.job import Ending, Job
from narration_worker.model.engine import Engine
from narration_worker.model.generation import Result, Stopped

PROGRESS_EVERY: Final = 10


class InferenceThread:
    """The one thread that generates, and its queue of jobs.

    It takes the next job itself: a detour through the event loop between two jobs would take as long as several
    tokens of a small model. It narrates nothing. It records what happens in the job and wakes the event loop.

    Args:
        engine: the model.
        publisher: reads the records.

    Attributes:
        transitions: pairs of the job that ended and the job that began, in order; the reader removes them.
    """

    def __init__(self, engine: Engine, publisher: Pulse) -> None:
        self.transitions: deque[tuple[Job | None, Job | None]] = deque()
        self._engine = engine
        self._publisher = publisher
        # Only changed under this lock.
        self._changed = threading.Condition()
        self._queue: deque[Job] = deque()
        self._running: Job | None = None
        self._closed = False
        self._thread = threading.Thread(target=self._run_jobs, name="inference", daemon=True)

    def start(self) -> None:
        """Start to run the queued jobs, one after another, until `close`."""
        self._thread.start()

    @property
    def queue_depth(self) -> int:
        """How many jobs wait."""
        return len(self._queue)

    @property
    def load(self) -> int:
        """How many jobs wait or run."""
        return len(self._queue) + (self._running is not None)

    def enqueue(self, job: Job) -> bool:
        """Queue a job; True when no other job is ahead of it."""
        with self._changed:
            first = not self.load
            self._queue.append(job)
            self._changed.notify()
        return first

    def remove(self, job: Job) -> bool:
        """Remove a job from the queue; False when it is not in the queue."""
        with self._changed:
            queued = job in self._queue
            if queued:
                self._queue.remove(job)
        return queued

    def queued_jobs(self) -> list[Job]:
        """Return the waiting jobs, the next one first."""
        with self._changed:
            return list(self._queue)

    def close(self, wait_s: float | None = None) -> None:
        """Start no more jobs, and wait for the running one.

        Args:
            wait_s: wait at most this many seconds; without limit when None.
        """
        with self._changed:
            self._closed = True
            self._changed.notify()
        if self._thread.is_alive():
            self._thread.join(wait_s)

    def _run_jobs(self) -> None:
        """Run jobs until the queue is closed; this is the thread's main function."""
        use_exact_timers()
        ended: Job | None = None
        while not self._closed:
            with self._changed:
                job = self._running = self._queue.popleft() if self._queue else None
            if ended is not None or job is not None:
                self.transitions.append((ended, job))
                self._publisher.call(at_once=ended is not None)
            if job is None:
                with self._changed:
                    self._changed.wait_for(lambda: self._queue or self._closed)
            else:
                job.context.copy().run(self._run_job, job)
            ended = job

    def _run_job(self, job: Job) -> None:
        """Run one job; a request that fails must not take the worker down."""
        began = time.monotonic_ns()
        ending: Ending
        try:
            ending = self._generate(job)
        except (Stopped, WorkerError) as error:
            ending = error
        except Exception as error:  # noqa: BLE001 - narrated and sent like every other failure
            ending = WorkerError("INTERNAL", f"unexpected {type(error).__name__} while generating")
            ending.__cause__ = error
        job.record_ending(ending)
        job.duration_ms = (time.monotonic_ns() - began) / 1e6

    def _generate(self, job: Job) -> Result:
        request, engine, publisher = job.request, self._engine, self._publisher
        job.switch.check()
        job.record_event(points.inference_start, seed=job.seed)
        job.record_event(points.tokenised, tokens_in=job.tokens_in)
        job.record_event(points.cache_reset)  # the first thing that generation does
        publisher.call()
        for step in engine.generate(request, job.prompt, job.seed, job.switch):
            if isinstance(step, Result):
                job.switch.end()  # whoever was told that the job is cancelled must not get a result
                return step
            job.record_token(step)
            if step.position == 0:
                job.first_token_ms = (time.monotonic_ns() - job.accepted_ns) / 1e6
            if step.token >= 0 and (step.position + 1) % PROGRESS_EVERY == 0:
                job.record_event(points.token_progress, tokens_out=step.position + 1)
            publisher.call()
        raise WorkerError("INTERNAL", "the request ended without a result")
