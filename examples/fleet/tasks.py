"""The tasks of the orchestrator: a bounded queue, and the stream of each task, which outlives its readers."""

import asyncio
import time
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Final, NamedTuple

import msgspec

from fleet.service import RefusedError
from fleet.wire import Refusal, TaskState, TaskStatus, TaskWanted
from narration_worker.client import WorkerClient

MAX_STREAM_BYTES: Final = 1 << 20
"""So much of a task's stream is kept for readers who come later; the oldest events go first."""

ENDED_TASKS: Final = 64
"""So many tasks are remembered after their end."""

_NEW_SHARE: Final = 0.3  # of the newest duration in the moving average
_LAST: Final = frozenset(("end", "error"))


class Frame(NamedTuple):
    """One event of a stream, with its number."""

    number: int
    name: str
    data: bytes

    def encoded(self) -> bytes:
        """Return it as bytes of a stream of server-sent events."""
        return b"id: %d\nevent: %b\ndata: %b\n\n" % (self.number, self.name.encode(), self.data)


class Stream:
    """What a task's user reads. The first worker's numbers are kept; those of the next one go on from there."""

    def __init__(self) -> None:
        self.ended = False
        self.last = 0
        self._frames: deque[Frame] = deque()
        self._bytes = 0
        self._more = asyncio.Event()

    def add(self, name: str, data: Any, number: int | None = None) -> None:
        """Add an event.

        Args:
            name: of the event; `end` and `error` are the last ones.
            data: sent as JSON.
            number: its id; the next one when absent.
        """
        self.last = max(self.last + 1, number or 0)
        frame = Frame(self.last, name, msgspec.json.encode(data))
        self._frames.append(frame)
        self._bytes += len(frame.data)
        while self._bytes > MAX_STREAM_BYTES and len(self._frames) > 1:
            self._bytes -= len(self._frames.popleft().data)
        self.ended = name in _LAST
        self._more.set()
        self._more = asyncio.Event()

    async def read(self, after: int) -> AsyncIterator[Frame]:
        """Yield the events after a number, up to the last one; what is gone is told as a `gap`."""
        while True:
            more = self._more
            for frame in [frame for frame in self._frames if frame.number > after]:
                if frame.number > after + 1 and frame is self._frames[0]:
                    yield Frame(frame.number - 1, "gap", msgspec.json.encode({"missed": frame.number - 1 - after}))
                yield frame
                after = frame.number
            if self.ended and after >= self.last:
                return
            if more is self._more:
                await more.wait()


class Job:
    """A task that was admitted.

    Args:
        job_id: made here: a user's own ids mean nothing inside.
        correlation_id: of the request.
        wanted: what was asked for.

    Attributes:
        worker: where it runs; None while it runs nowhere.
        stream: what its user reads.
        cancel_wanted: set when the user has cancelled it.
    """

    def __init__(self, job_id: str, correlation_id: str, wanted: TaskWanted) -> None:
        self.job_id = job_id
        self.correlation_id = correlation_id
        self.wanted = wanted
        self.status: TaskStatus = "queued"
        self.replica_id = ""
        self.attempts = 0
        self.refusal: Refusal | None = None
        self.worker: WorkerClient | None = None
        self.stream = Stream()
        self.cancel_wanted = asyncio.Event()

    @property
    def state(self) -> TaskState:
        """How far it is."""
        return TaskState(self.job_id, self.correlation_id, self.status, self.replica_id, self.attempts, self.refusal)

    def end(self, status: TaskStatus, refusal: Refusal | None, data: Any) -> None:
        """End it; an end that has come already stays."""
        if not self.stream.ended:
            self.status, self.refusal = status, refusal
            self.stream.add("end" if refusal is None else "error", data)


class Queue:
    """Tasks that wait and tasks that run.

    Args:
        slots: how many run at a time.
        limit: how many may wait.
        expected_ms: how long a task takes, as long as none has ended.
    """

    def __init__(self, slots: int, limit: int, expected_ms: int) -> None:
        self._slots = slots
        self._free = asyncio.Semaphore(slots)
        self._limit = limit
        self._average_ms = float(expected_ms)
        self._waiting: set[Job] = set()
        self._running = 0
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def waiting(self) -> int:
        """How many tasks wait."""
        return len(self._waiting)

    @property
    def full(self) -> bool:
        """Whether no task is admitted."""
        return self.waiting >= self._limit and self._position > 0

    @property
    def _position(self) -> int:
        return max(0, self._running + self.waiting - self._slots + 1)

    def forecast(self) -> tuple[int, int]:
        """Return the position of the next task, and in how many milliseconds it will probably start."""
        return self._position, round(self._position * self._average_ms / self._slots)

    def start(self, job: Job, work: Coroutine[Any, Any, None]) -> None:
        """Have a task run, in the scope of this moment; its work waits for its `turn`.

        Args:
            job: the task.
            work: runs it.
        """
        self._jobs[job.job_id] = job
        self._waiting.add(job)
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(partial(self._ended, job))

    def _ended(self, job: Job, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        self._waiting.discard(job)
        ended = [name for name, job in self._jobs.items() if job.stream.ended]
        for name in ended[:-ENDED_TASKS]:
            del self._jobs[name]

    @asynccontextmanager
    async def turn(self, job: Job) -> AsyncIterator[None]:
        """Wait until it is a task's turn; how long it takes then is learnt from when it succeeds."""
        async with self._free:
            self._waiting.discard(job)
            self._running += 1
            began = time.monotonic()
            try:
                yield
                self._average_ms += _NEW_SHARE * ((time.monotonic() - began) * 1000 - self._average_ms)
            finally:
                self._running -= 1

    def job(self, job_id: str) -> Job:
        """Return a task by its id.

        Raises:
            RefusedError: 404, it is not here.
        """
        found = self._jobs.get(job_id)
        if found is None:
            raise RefusedError(404, "NO_SUCH_TASK", "no such task", f"the last {ENDED_TASKS} that ended are remembered")
        return found

    async def stop(self) -> None:
        """End all tasks: the service shuts down."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
