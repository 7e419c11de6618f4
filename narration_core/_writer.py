"""The background writer of one sink: a bounded queue, reported losses, and a sink that may fail and recover."""

import contextlib
import os
import threading
import time
import weakref
from collections import deque
from collections.abc import Sequence
from typing import Final, Literal, Protocol

from narration_core._event import Record
from narration_core._interruption import pass_on
from narration_core._levels import EMITTING

Overflow = Literal["drop", "wait"]

CAPACITY: Final = 10_000
CHUNK: Final = 4096
LINGER_S: Final = 0.02
"""Between two batches, unless half the queue is full. Without it a busy program would pay a wake-up for every event."""

TRIES: Final = 3
COOL_OFF_S: Final = 5.0
_STUCK_S: Final = 0.2


class Sink(Protocol):
    """Anything that takes finished events.

    Attributes:
        name: what it is called in narration and in `stats()`.
        background: True when `write` may take long: it then runs on a thread of its own. False for
            sinks in memory that are called on the emitting thread. Such a sink may have an attribute `idle`:
            while it is True, the sink is not called.
    """

    name: str
    background: bool

    def write(self, batch: Sequence[Record]) -> None:
        """Take a batch of events; raise when that failed and should be tried again."""

    def close(self) -> None:
        """Let go of what the sink holds."""


class Notices(Protocol):
    """Records with which a writer reports what happened to its sink."""

    def dropped(self, sink: Sink, counts: dict[str, int]) -> Record:
        """Return the record that reports to this sink what it missed."""

    def failed(self, sink: Sink, error: BaseException, retry_s: float) -> None:
        """Report to the other sinks that this one is switched off for a while."""

    def recovered(self, sink: Sink) -> None:
        """Report to the other sinks that this one works again."""


class _Bell:
    """Wakes one sleeper. Unlike an Event it may be rung by a signal handler in the middle of being rung."""

    __slots__ = ("_held",)

    def __init__(self) -> None:
        self._held = threading.Lock()
        self._held.acquire()

    def ring(self) -> None:
        """Wake the sleeper; rung before, it does not fall asleep."""
        with contextlib.suppress(RuntimeError):  # it is ringing already
            self._held.release()

    def wait(self, most_s: float = -1) -> None:
        """Sleep until it rings, but no longer than so many seconds; -1 is for ever."""
        self._held.acquire(timeout=most_s)


class Writer:
    """Hands events to one sink, on its own thread.

    The queue holds `capacity` events, those being written included. When it is full the lowest level
    goes first, so nothing at WARN or above is lost while anything below is queued.

    Args:
        sink: where the events go.
        notices: who tells losses and failures.
        capacity: longest queue, in events.
        overflow: "drop" never blocks the caller; "wait" makes the caller wait for room instead (for
            programs that would rather be slow than lose a line).
        cool_off_s: how long a failed sink rests, in seconds.
    """

    delivery: Literal["caller", "queued"] = "queued"

    def __init__(
        self,
        sink: Sink,
        notices: Notices,
        *,
        capacity: int = CAPACITY,
        overflow: Overflow = "drop",
        cool_off_s: float = COOL_OFF_S,
    ) -> None:
        self.sink = sink
        self._limit_to(capacity)
        self.overflow = overflow
        self.failures = 0
        self.last_error: BaseException | None = None
        self._notices = notices
        self._cool_off_s = cool_off_s
        self.lost = [0] * len(EMITTING)
        self.echoes = 0
        self._queue: deque[Record] = deque()
        self._reset()
        _writers.add(self)

    def _reset(self) -> None:
        """Start with nothing queued and no thread: at first, and in the child of a fork."""
        self._queue.clear()  # not a new one: a signal handler that forks may have interrupted whoever uses it
        self._untold = [0] * len(EMITTING)
        # Whoever takes from the queue; putting needs no lock. A signal handler may narrate while it is held.
        self._lock = threading.RLock()
        self._changed = threading.Condition()
        self._wake = _Bell()
        self._stop = threading.Event()
        self._asleep = True
        self._hurried = False
        self._resting = False
        self._closed = False
        self._writing = 0
        self._lowest: int | None = None  # of the ranks that wait, as far as it is known while the queue is full
        self._started = 0
        self._finished = 0
        self._thread: threading.Thread | None = None
        self._thread_id = 0
        self.gone = False

    def _limit_to(self, capacity: int) -> None:
        self.capacity = capacity
        self._much = (capacity + 1) // 2
        self._crowded = capacity - capacity // 8

    @property
    def is_well(self) -> bool:
        """Whether the sink did not fail last."""
        return not self._resting

    @property
    def state(self) -> str:
        """What the sink does: "ready" or "failed" (it is tried again later)."""
        return "failed" if self._resting else "ready"

    def use(self, *, capacity: int, overflow: Overflow) -> None:
        """Change the settings of a writer whose sink stays.

        Args:
            capacity: longest queue, in events.
            overflow: "drop" or "wait".
        """
        self._limit_to(capacity)
        self.overflow = overflow

    @property
    def queued(self) -> int:
        """How many events wait, those being written included."""
        return len(self._queue) + self._writing

    def put(self, record: Record) -> None:
        """Queue an event; never blocks unless `overflow` is "wait"."""
        queue = self._queue
        if self._writing and threading.get_ident() == self._thread_id:
            self.echoes += 1  # the sink's own writing emits: each event would bring another
            return
        if len(queue) >= self._much and not self._make_room(record.rank):
            return
        queue.append(record)
        if self._asleep:
            self._rouse()

    def post(self, record: Record) -> None:
        """Queue an event without ever waiting: what the facade reports of itself."""
        if len(self._queue) < self.capacity or self._room_by_loss(record.rank):
            self._queue.append(record)
            if self._asleep:
                self._rouse()

    def _rouse(self) -> None:
        if self._thread is not None:
            self._wake.ring()
            return
        with self._lock:
            if self._thread is not None:
                return
            thread = threading.Thread(target=self._run, name=f"narration-{self.sink.name}", daemon=True)
            self._thread = thread
            try:
                thread.start()
            except RuntimeError:  # no more threads may start, or the interpreter ends: the caller writes
                self._thread = None
                self._drain()

    def _hurry(self) -> None:
        """Have what waits written without the pause that gathers a batch."""
        self._hurried = True
        self._wake.ring()

    def _make_room(self, rank: int) -> bool:
        """Free space in a queue that is half full or more; return whether this event may be queued.

        What waits is written at once; when the queue is full, this waits for room, or gives up events of a lower
        level, or this one.
        """
        if not self._hurried:
            self._hurry()
        if len(self._queue) < self.capacity:
            return True
        if self.overflow == "wait" and threading.get_ident() not in _writing_threads:
            with self._changed:
                while len(self._queue) >= self.capacity and not self._closed:
                    self._changed.wait(0.1)
            return True
        return self._room_by_loss(rank)

    def _room_by_loss(self, rank: int) -> bool:
        with self._lock:
            if len(self._queue) < self.capacity:
                return True
            if self._lowest is None:
                self._lowest = min(waiting.rank for waiting in self._queue.copy())
            if self._lowest >= rank:
                self._lose(rank)
                return False
            self._give_up(self._lowest)
            return True

    def _give_up(self, rank: int) -> None:
        """Drop the oldest events of a level; several at once, since finding them means a walk through the queue."""
        most = max(1, self.capacity // 16)
        kept: list[Record] = []
        for _ in range(len(self._queue)):
            if not self._queue:  # a signal handler that narrated made room as well
                break
            record = self._queue.popleft()
            if record.rank == rank and most:
                most -= 1
                self._lose(rank)
            else:
                kept.append(record)
        self._queue.extendleft(reversed(kept))
        self._lowest = None

    def _lose(self, rank: int) -> None:
        self.lost[rank] += 1
        self._untold[rank] += 1

    def _idle(self) -> bool:
        """Tell whether the thread has nothing to do."""
        return not self._queue

    def _run(self) -> None:
        self._thread_id = threading.get_ident()
        _writing_threads.add(self._thread_id)
        try:
            self._write_on()
        finally:
            _writing_threads.discard(self._thread_id)

    def _write_on(self) -> None:
        self._asleep = False
        while True:
            self._hurried = False
            self._started += 1
            last = self._closed  # other threads may tell for ever
            written = self._drain()
            with self._changed:
                self._finished = self._started
                self._changed.notify_all()
            if last:
                return
            if written >= CHUNK:
                continue
            if not written:
                self._asleep = True
                if self._idle():
                    self._wake.wait()
                self._asleep = False
            if not self._hurried:
                self._wake.wait(LINGER_S)

    def _drain(self) -> int:
        """Write what is queued now, in chunks; returns how many events that were."""
        written = 0
        left = len(self._queue)
        while left > 0:
            with self._lock:
                size = min(CHUNK, left, len(self._queue))
                chunk = [self._queue.popleft() for _ in range(size)]
                self._writing = size
                self._lowest = None
            if not chunk:
                break
            left -= size
            written += size
            self._write(chunk)
            self._writing = 0
            self._tell_of_room()
            if any(self._untold):
                self._tell_losses()
        return written

    def _tell_of_room(self) -> None:
        """Wake those who wait for room, once there is enough for some time: each waking costs more than an event."""
        if self.overflow == "wait" and len(self._queue) <= self._crowded:
            with self._changed:
                self._changed.notify_all()

    def _tell_losses(self) -> None:
        self._write([self._loss_report()])

    def _loss_report(self) -> Record:
        with self._lock:
            lost = zip(EMITTING, self._untold, strict=True)
            counts: dict[str, int] = {level: count for level, count in lost if count}
            self._untold = [0] * len(EMITTING)
        return self._notices.dropped(self.sink, counts)

    def _write(self, chunk: Sequence[Record]) -> None:
        """Write until it works: a sink that fails rests, and the queue behind it stays bounded."""
        error = self._try(chunk)
        left = list(chunk) if error is not None else []
        while left and not self._closed:
            rest_s = float(getattr(self.sink, "cool_off_s", self._cool_off_s))  # a sink may know better
            if not self._resting and error is not None:
                self._resting = True
                self._notices.failed(self.sink, error, rest_s)
            self._stop.wait(rest_s)
            left = self._salvage(left)
        if self._resting and not left:
            self._resting = False
            self._notices.recovered(self.sink)

    def _try(self, chunk: Sequence[Record], tries: int = TRIES) -> BaseException | None:
        """Write a chunk, in a bounded number of tries; returns what the last one raised."""
        for _ in range(tries):
            try:
                self.sink.write(chunk)
            except BaseException as error:  # noqa: BLE001 - a sink may raise anything; it must not end the thread
                self.failures += 1
                self.last_error = error
            else:
                return None
            if self._closed:
                break
        return self.last_error

    def _salvage(self, left: list[Record]) -> list[Record]:
        """Write what a failed chunk has that the sink takes; returns what it still did not take.

        A disk may have room for a part. And one event that the sink will never take must not hold up the
        others for ever: when those after it pass, it is given up and told as lost.
        """
        size = len(left)
        refused: list[Record] = []
        while left and len(refused) < TRIES:
            piece = left[:size]
            if self._try(piece, TRIES if size == 1 else 1) is None:
                for record in refused:
                    self._lose(record.rank)
                refused.clear()
                size *= 2
            elif size > 1:
                size = 1
                continue
            else:
                refused += piece
            left = left[len(piece) :]
        return refused + left

    def _running(self) -> threading.Thread | None:
        """Return the thread while it runs."""
        with self._lock:  # another thread may be starting it
            thread = self._thread
        return thread if thread is not None and thread.is_alive() else None

    def flush(self, deadline_s: float) -> int:
        """Wait until everything queued before this call is written.

        Args:
            deadline_s: longest wait, in seconds.

        Returns:
            How many events were still waiting when the time was up; 0 when all are written.
        """
        thread = self._running()
        if thread is None or threading.current_thread() is thread:
            return self.queued
        until = time.monotonic() + deadline_s
        wanted = self._started + 1
        self._hurry()
        with self._changed:
            while self._finished < wanted and not self.gone:
                left = until - time.monotonic()
                if left <= 0 or not self._changed.wait(left):
                    return max(self.queued, 1)
        return self.queued if self.gone else 0

    def close(self, deadline_s: float, *, keep_sink: bool = False) -> int:
        """Write what is queued, stop the thread and close the sink; returns what had to be abandoned.

        Args:
            deadline_s: longest wait, in seconds.
            keep_sink: leave the sink open: somebody else goes on with it.
        """
        abandoned = self.flush(deadline_s)
        self._closed = True
        self._stop.set()
        self._hurry()
        thread = self._running()
        if thread is not None and threading.current_thread() is not thread:
            thread.join(_STUCK_S if abandoned else deadline_s)
        if not keep_sink and (
            thread is None or not thread.is_alive()
        ):  # a thread stuck in a write still holds the sink
            try:
                self.sink.close()
            except BaseException as error:  # noqa: BLE001 - one sink that cannot be closed keeps no other open
                pass_on(error)
                self._notices.failed(self.sink, error, 0.0)
        _writers.discard(self)
        return abandoned


_writing_threads: set[int] = set()
"""Threads of writers. None of them waits for room in the queue of another, which may wait for room in its own."""

_writers: "weakref.WeakSet[Writer]" = weakref.WeakSet()


def _after_fork_in_child() -> None:
    # The parent's thread is not here, and its queue is the parent's to write: a line must not appear twice.
    _writing_threads.clear()
    for writer in list(_writers):
        writer._reset()  # noqa: SLF001 - same module


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
