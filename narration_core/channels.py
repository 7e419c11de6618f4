"""Job channels: the events of one job, replayed and followed, never mixed with another's (SSE-01, SSE-06)."""

import threading
from collections import deque
from collections.abc import AsyncIterator, Sequence
from functools import partial
from typing import Any, Final, NamedTuple

from narration_core.event import Event, Record, encode
from narration_core.levels import EMITTING
from narration_core.locks import new_lock

REPLAY: Final = 1000
BACKLOG: Final = 1000
_ALLOWED: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:-")
_MAX_NAME: Final = 256


class ChannelError(ValueError):
    """A channel that cannot be opened, found or named so."""


class Delivery(NamedTuple):
    """What a subscriber receives: an event, a message, or word of a gap.

    Attributes:
        event_id: its number in the channel, from 1; for a gap the last number missed.
        record: the event as its JSON line, or None.
        missed: how many deliveries this subscriber lost; 0 unless this is a gap.
        message: a name and a value that the job's owner sent beside the narration, or None.
    """

    event_id: int
    record: Record | None
    missed: int = 0
    message: tuple[str, Any] | None = None

    @property
    def event(self) -> Event | None:
        """The event, or None."""
        return self.record.event if self.record is not None else None


class Subscription:
    """One reader of a channel: an async iterator that ends when the channel closes.

    A reader that falls behind loses its oldest waiting events and is told so by one gap delivery.
    """

    def __init__(self, backlog: int) -> None:
        import asyncio  # noqa: PLC0415 - costs more than the whole facade; only readers need it

        self._waiting: deque[Delivery] = deque()
        self._backlog = backlog
        self._missed = 0
        self._missed_until = 0
        self._closed = False
        self._notified = False
        self._lock = new_lock()
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        self._current_task = partial(asyncio.current_task, self._loop)
        self._ready = asyncio.Event()
        self._taken_at = 0.0

    def _offer(self, deliveries: Sequence[Delivery]) -> None:
        with self._lock:
            self._waiting.extend(deliveries)
            while len(self._waiting) > self._backlog:
                lost = self._waiting.popleft()
                self._missed += 1
                self._missed_until = lost.event_id
        self._notify()

    def _close(self) -> None:
        self._closed = True
        self._notified = False  # also a reader that takes its time hears of the end at once
        self._notify()

    def _notify(self) -> None:
        if self._notified:  # one wake-up is enough for all that comes until the reader looks
            return
        self._notified = True
        # A loop that runs a task right now is awake, and waking it would cost a system call. Outside of tasks it may
        # be a signal handler that narrates, while the loop sleeps.
        if threading.get_ident() == self._thread and self._current_task() is not None:
            self._ready.set()
            return
        try:
            self._loop.call_soon_threadsafe(self._ready.set)
        except RuntimeError:
            self._closed = True  # the reader's loop is gone, and the reader with it

    def __aiter__(self) -> AsyncIterator[Delivery]:
        return self

    async def __anext__(self) -> Delivery:
        """Return the next delivery; wait for one."""
        return (await self._next(1))[0]

    async def batch(self, pace_s: float = 0.0) -> list[Delivery]:
        """Return everything that waits, in order; wait for something. Empty when the channel is closed and read.

        Args:
            pace_s: shortest time between two batches, in seconds; the end of the channel is never held up.
        """
        if pace_s:
            await self._pause(self._taken_at + pace_s)
        try:
            found = await self._next(None)
        except StopAsyncIteration:
            return []
        self._taken_at = self._loop.time()
        return found

    async def _pause(self, until: float) -> None:
        """Wait for a time of the loop or for the end of the channel; what comes meanwhile wakes nobody."""
        with self._lock:
            if self._closed or until <= self._loop.time():
                return
            self._ready.clear()
            self._notified = True
        timer = self._loop.call_at(until, self._ready.set)
        try:
            await self._ready.wait()
        finally:
            timer.cancel()

    @property
    def ended(self) -> bool:
        """Whether the channel is closed and everything in it was read."""
        return self._closed and not self._waiting and not self._missed

    def waiting(self) -> list[Delivery]:
        """Return what waits now, without waiting for more."""
        with self._lock:
            return self._take(None)

    async def _next(self, most: int | None) -> list[Delivery]:
        while True:
            with self._lock:
                found = self._take(most)
                if found:
                    return found
                if self._closed:
                    raise StopAsyncIteration
                self._ready.clear()
                self._notified = False
            await self._ready.wait()

    def _take(self, most: int | None) -> list[Delivery]:
        found: list[Delivery] = []
        if self._missed:
            found.append(Delivery(self._missed_until, None, self._missed))
            self._missed = 0
        while self._waiting and (most is None or len(found) < most):
            found.append(self._waiting.popleft())
        return found


class _Channel:
    __slots__ = ("events", "last_id", "readers")

    def __init__(self, replay: int) -> None:
        self.events: deque[Delivery] = deque(maxlen=replay)
        self.last_id = 0
        self.readers: list[Subscription] = []

    def deliver(self, deliveries: Sequence[Delivery]) -> None:
        self.last_id = deliveries[-1].event_id
        self.events.extend(deliveries)
        for reader in self.readers:
            reader._offer(deliveries)  # noqa: SLF001 - same module


class JobChannels:
    """The open channels of a process, and the sink that feeds them. There is no global channel.

    Args:
        replay: how many events a channel keeps for late subscribers.
        backlog: how many events may wait for one subscriber.
    """

    name = "channels"
    background = False

    def __init__(self, replay: int = REPLAY, backlog: int = BACKLOG) -> None:
        self._replay = replay
        self._backlog = backlog
        self._channels: dict[str, _Channel] = {}
        self._lock = new_lock()
        self.idle = True  # until a job is open

    def open_job(self, job_id: str) -> None:
        """Open a job's channel.

        Args:
            job_id: 1 to 256 characters of `[A-Za-z0-9._:-]`.

        Raises:
            ChannelError: the name is invalid, or the channel is open already.
        """
        if not (0 < len(job_id) <= _MAX_NAME and _ALLOWED.issuperset(job_id)):
            raise ChannelError(f"job id {job_id[:80]!r} must be 1 to {_MAX_NAME} characters of [A-Za-z0-9._:-]")
        with self._lock:
            if job_id in self._channels:
                raise ChannelError(f"job {job_id!r} has a channel already; close it first")
            self._channels[job_id] = _Channel(self._replay)
            self.idle = False

    def publish(self, event: Event) -> bool:
        """Give an event to the channel of its own job; True when there is one.

        Args:
            event: a finished event; without a `job_id` it reaches no channel.
        """
        return self._publish(Record(encode(event), EMITTING.index(event.level or "info"), event))

    def _publish(self, record: Record) -> bool:
        job_id = record.job_id
        if job_id is None:
            return False
        with self._lock:
            channel = self._channels.get(job_id)
            if channel is None:
                return False
            channel.deliver((Delivery(channel.last_id + 1, record),))
        return True

    def send(self, job_id: str, name: str, *values: Any) -> bool:
        """Put messages of the job's owner into its channel, in order with the narration; True when it is open.

        Args:
            job_id: the job.
            name: what kind of messages they are.
            values: what each one says; handed on as it is.
        """
        with self._lock:
            channel = self._channels.get(job_id)
            if channel is None:
                return False
            if values:
                next_id = channel.last_id + 1
                channel.deliver(
                    [Delivery(place, None, 0, (name, value)) for place, value in enumerate(values, next_id)]
                )
        return True

    def subscribe(self, job_id: str, after: int = 0, backlog: int | None = None) -> Subscription:
        """Follow a job's channel; call it inside a running event loop.

        Args:
            job_id: an open channel.
            after: replay kept events with a higher id than this; what is no longer kept is told as a gap.
            backlog: how many deliveries may wait for this subscriber; the channels' own limit when absent.

        Raises:
            ChannelError: there is no such channel.
        """
        with self._lock:
            channel = self._channels.get(job_id)
            if channel is None:
                raise ChannelError(f"job {job_id!r} has no open channel")
            reader = Subscription(backlog or self._backlog)
            kept = [delivery for delivery in channel.events if delivery.event_id > after]
            first = kept[0].event_id if kept else channel.last_id + 1
            reader._missed = max(0, first - after - 1)  # noqa: SLF001 - same module
            reader._missed_until = first - 1  # noqa: SLF001 - same module
            reader._waiting.extend(kept)  # noqa: SLF001 - same module
            channel.readers.append(reader)
        return reader

    def unsubscribe(self, job_id: str, reader: Subscription) -> None:
        """Stop following; fine when the channel is closed already."""
        with self._lock:
            channel = self._channels.get(job_id)
            if channel is not None and reader in channel.readers:
                channel.readers.remove(reader)

    def close_job(self, job_id: str) -> None:
        """Close a job's channel and end its subscribers once they have read what waits for them.

        Raises:
            ChannelError: there is no such channel.
        """
        with self._lock:
            channel = self._channels.pop(job_id, None)
            self.idle = not self._channels
        if channel is None:
            raise ChannelError(f"job {job_id!r} has no open channel")
        for reader in channel.readers:
            reader._close()  # noqa: SLF001 - same module

    def write(self, batch: Sequence[Record]) -> None:
        """Take events as a sink."""
        for record in batch:
            self._publish(record)

    def close(self) -> None:
        """Close every channel."""
        for job_id in list(self._channels):
            self.close_job(job_id)


CHANNELS: Final = JobChannels()
open_job = CHANNELS.open_job
publish = CHANNELS.publish
subscribe = CHANNELS.subscribe
unsubscribe = CHANNELS.unsubscribe
close_job = CHANNELS.close_job
