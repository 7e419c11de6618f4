"""The inference thread: the queue that it works off, and what it puts down of each job."""

import threading
import time
from collections import deque
from typing import Final

from narration_core import Wakeup
from narration_worker import points
from narration_worker.errors import WorkerError
from narration_worker.jobs.gil_priority import go_first
from narration_worker.jobs.job import Ending, Job
from narration_worker.model.engine import Engine
from narration_worker.model.generation import Result, Stopped

PROGRESS_EVERY: Final = 10


class Inference:
    """The one thread that generates, and the jobs that wait for it.

    It takes the next job itself: going through the event loop between two jobs would cost as much time as several
    tokens of a small model. It narrates nothing, but puts down in the job what happens, and wakes who tells it.

    Args:
        engine: the model.
        max_tokens_in: longest prompt, in tokens.
        wakeup: of whoever tells what was put down.

    Attributes:
        turns: which job ended and which began, in order; for whoever tells it to take.
    """

    def __init__(self, engine: Engine, max_tokens_in: int | None, wakeup: Wakeup) -> None:
        self.turns: deque[tuple[Job | None, Job | None]] = deque()
        self._engine = engine
        self._max_tokens_in = max_tokens_in
        self._wakeup = wakeup
        # Only changed under this lock.
        self._changed = threading.Condition()
        self._waiting: deque[Job] = deque()
        self._running: Job | None = None
        self._closed = False
        self._thread = threading.Thread(target=self._work_off, name="inference", daemon=True)

    def start(self) -> None:
        """Begin to work the queue off, one job after another, until `close`."""
        self._thread.start()

    @property
    def depth(self) -> int:
        """How many jobs wait."""
        return len(self._waiting)

    @property
    def ahead(self) -> int:
        """How many jobs wait or run."""
        return len(self._waiting) + (self._running is not None)

    def put(self, job: Job) -> bool:
        """Queue a job; True when nothing is ahead of it."""
        with self._changed:
            first = not self.ahead
            self._waiting.append(job)
            self._changed.notify()
        return first

    def remove(self, job: Job) -> bool:
        """Take a job out of the queue; False when it does not wait."""
        with self._changed:
            waits = job in self._waiting
            if waits:
                self._waiting.remove(job)
        return waits

    def waiting(self) -> list[Job]:
        """Return the jobs that wait, the next one first."""
        with self._changed:
            return list(self._waiting)

    def close(self, wait_s: float | None = None) -> None:
        """Take no more jobs, and wait for the one that runs.

        Args:
            wait_s: no longer than so many seconds; without it until the thread has ended.
        """
        with self._changed:
            self._closed = True
            self._changed.notify()
        if self._thread.is_alive():
            self._thread.join(wait_s)

    def _work_off(self) -> None:
        """Work on jobs until the queue is closed; runs on the inference thread."""
        go_first()
        ended: Job | None = None
        while not self._closed:
            with self._changed:
                job = self._running = self._waiting.popleft() if self._waiting else None
            if ended is not None or job is not None:
                self.turns.append((ended, job))
                self._wakeup.call(at_once=ended is not None)
            if job is None:
                with self._changed:
                    self._changed.wait_for(lambda: self._waiting or self._closed)
            else:
                job.context.copy().run(self._work, job)
            ended = job

    def _work(self, job: Job) -> None:
        """Run one job on the inference thread; a request that fails must not take the worker along."""
        began = time.monotonic_ns()
        how: Ending
        try:
            how = self._generate(job)
        except (Stopped, WorkerError) as error:
            how = error
        except Exception as error:  # noqa: BLE001 - told like every other failure
            how = WorkerError("INTERNAL", f"unexpected {type(error).__name__} while generating")
            how.__cause__ = error
        job.end(how)
        job.duration_ms = (time.monotonic_ns() - began) / 1e6

    def _generate(self, job: Job) -> Result:
        request, engine, wakeup = job.request, self._engine, self._wakeup
        job.switch.check()
        prompt = engine.tokenise(request)
        if self._max_tokens_in is not None and len(prompt) > self._max_tokens_in:
            raise WorkerError("INVALID_REQUEST", f"the prompt has {len(prompt)} tokens, at most {self._max_tokens_in}")
        job.tokens_in = len(prompt)
        job.note(points.tokenised, tokens_in=len(prompt))
        job.note(points.cache_reset)
        job.note(points.inference_start, seed=job.seed)
        wakeup.call()
        for step in engine.generate(request, prompt, job.seed, job.switch):
            if isinstance(step, Result):
                return step
            job.add(step)
            if step.place == 0:
                job.first_token_ms = (time.monotonic_ns() - job.accepted_ns) / 1e6
            if step.token >= 0 and (step.place + 1) % PROGRESS_EVERY == 0:
                job.note(points.token_progress, tokens_out=step.place + 1)
            wakeup.call()
        raise WorkerError("INTERNAL", "the request ended without a result")
