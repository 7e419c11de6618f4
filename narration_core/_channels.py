"""Job channels: the events of one job, replayed and followed, never mixed with another's."""

from collections import deque
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any, Final

import msgspec

from narration_core._event import Event, Record, encode
from narration_core._first_use import ensure_configured
from narration_core._levels import EMITTING
from narration_core._locks import new_lock
from narration_core._wakeup import Wakeup

REPLAY: Final = 1000
BACKLOG: Final = 1000
_ALLOWED: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:-")
_MAX_NAME: Final = 256


class ChannelError(ValueError):
    """A channel that cannot be opened, found or named so."""


class Delivery(msgspec.Struct, frozen=True):
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

    Args:
        kept: what it gets at once.
        last_id: the number before those.
        missed: how many before that are no longer kept.
        backlog: how many deliveries may wait.
    """

    def __init__(self, kept: Iterable[Delivery], last_id: int, missed: int, backlog: int) -> None:
        # Appending to a full one drops the oldest, in one step and without a lock: a gap shows in the numbers.
        self._waiting: deque[Delivery] = deque(kept, maxlen=backlog)
        self._found: deque[Delivery] = deque([Delivery(last_id, None, missed)] if missed else ())
        self._last_id = last_id
        self._closed = False
        self._wakeup = Wakeup()

    def _offer(self, deliveries: Sequence[Delivery]) -> None:
        self._waiting.extend(deliveries)
        if not self._wakeup.call():
            self._closed = True  # the reader's loop is gone, and the reader with it

    def _close(self) -> None:
        self._closed = True
        self._wakeup.call()

    def __aiter__(self) -> AsyncIterator[Delivery]:
        return self

    async def __anext__(self) -> Delivery:
        """Return the next delivery; wait for one."""
        await self._wakeup.find(self._look)
        if not self._found:
            raise StopAsyncIteration
        return self._found.popleft()

    async def batch(self) -> list[Delivery]:
        """Return everything that waits, in order; wait for something. Empty when the channel is closed and read."""
        await self._wakeup.find(self._look)
        return self.waiting()

    @property
    def ended(self) -> bool:
        """Whether the channel is closed and everything in it was read."""
        return self._closed and not self._waiting and not self._found

    def waiting(self) -> list[Delivery]:
        """Return what waits now, without waiting for more."""
        self._take()
        found = list(self._found)
        self._found.clear()
        return found

    def _look(self) -> bool:
        """Tell whether there is something to read, or the channel has ended."""
        closed = self._closed  # before the look: what comes between the two is not missed
        if not self._found:  # only then: what a slow reader has taken must not grow
            self._take()
        return bool(self._found) or closed

    def _take(self) -> None:
        """Move what waits to what was found, with word of what is missing."""
        while self._waiting:
            delivery = self._waiting.popleft()
            missed = delivery.event_id - self._last_id - 1
            if missed:
                self._found.append(Delivery(delivery.event_id - 1, None, missed))
            self._last_id = delivery.event_id
            self._found.append(delivery)


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
    quiet = True  # its writing emits nothing

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

    def channel_open(self, job_id: str) -> bool:
        """Return whether a job has a channel now.

        Args:
            job_id: the job.
        """
        return job_id in self._channels

    def publish(self, event: Event) -> bool:
        """Give an event to the channel of its job; return whether there is one.

        Args:
            event: a finished event; without a `job_id` it reaches no channel.
        """
        if event.job_id not in self._channels:
            return False
        self.write((Record(encode(event), EMITTING.index(event.level or "info"), event),))
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
            kept = [delivery for delivery in channel.events if delivery.event_id > after]
            first = kept[0].event_id if kept else channel.last_id + 1
            reader = Subscription(kept, first - 1, max(0, first - after - 1), backlog or self._backlog)
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
        with self._lock:
            for record in batch:
                channel = self._channels.get(record.job_id or "")
                if channel is not None:
                    channel.deliver((Delivery(channel.last_id + 1, record),))

    def close(self) -> None:
        """Close every channel."""
        for job_id in list(self._channels):
            self.close_job(job_id)


CHANNELS: Final = JobChannels()
"""The channels of this process; the functions below use them."""

open_job = CHANNELS.open_job
"""Open the channel of a job. See `JobChannels.open_job`."""

channel_open = CHANNELS.channel_open
"""Return whether a job has a channel. See `JobChannels.channel_open`."""


def publish(event: Event) -> bool:
    """Give an event to the channel of its job; return whether there is one. See `JobChannels.publish`."""
    ensure_configured()
    return CHANNELS.publish(event)


subscribe = CHANNELS.subscribe
"""Start reading the channel of a job. See `JobChannels.subscribe`."""

unsubscribe = CHANNELS.unsubscribe
"""Stop reading. See `JobChannels.unsubscribe`."""

close_job = CHANNELS.close_job
"""Close the channel of a job, and end its readers once they have read it. See `JobChannels.close_job`."""
