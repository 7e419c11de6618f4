"""What numbers the events of every stream and lets readers follow them: one interface, for one hub or for many."""

from typing import NamedTuple, Protocol

from narration_hub.ring import Ring
from narration_hub.streams import Places, Scope, Streams
from narration_hub.wire import Stores


class Recalled(NamedTuple):
    """An event of a stream, as it is remembered.

    Attributes:
        key: its owner and id, which name it everywhere.
        frame: how it stands in every stream, without its id.
    """

    key: str
    frame: bytes


class AloneError(Exception):
    """Whether there is something cannot be told: this hub has not heard of it, and cannot ask the others now."""


class Entry(NamedTuple):
    """An event on its way to its streams.

    Attributes:
        owner: whose token it came with.
        event_id: how its producer names it; None when it does not.
        at_ms: when it came in, in milliseconds since the epoch.
        frame: how it stands in every stream, without its id.
        job: its job's id, if it has a job.
        story: its correlation id, if it has one.
    """

    owner: str
    event_id: str | None
    at_ms: int
    frame: bytes
    job: str | None
    story: str | None


Figure = tuple[str, str, str, int]
"""A metric: name, kind, meaning, value."""


class Engine(Protocol):
    """Numbers events, stream by stream.

    Attributes:
        streams: what of them is in this hub's memory.
    """

    streams: Streams

    def name(self, event_id: str | None) -> str | None:
        """Return under which id an event is kept, given how its producer names it."""

    def publish(self, entry: Entry) -> Places:
        """Add an event to the streams that it belongs to; return its ids. Call `wake` after the last one of a batch."""

    def restore(self, entry: Entry, places: Places) -> None:
        """Take back an event that was published before a restart, with the ids that it had."""

    def wake(self) -> None:
        """Have readers look at what was published."""

    async def settle(self) -> None:
        """Wait until what was published can be read everywhere, but only for a moment."""

    @property
    def is_alone(self) -> bool:
        """Whether there are other hubs that cannot be asked now."""

    def stores(self) -> Stores | None:
        """Return whose stores an answer from this hub's own store comes from; None when there are no other hubs."""

    async def exists(self, scope: Scope, name: str) -> bool:
        """Tell whether there is a stream of this job or story.

        Raises:
            AloneError: it cannot be told.
        """

    async def open(self, scope: Scope, name: str) -> Ring | None:
        """Return the stream of a job or story for a reader; None when there is none.

        Raises:
            AloneError: it cannot be told whether there is one.
        """

    async def open_everything(self) -> Ring:
        """Return the stream of everything for a reader."""

    def end(self, job_id: str, *, is_told_here: bool) -> bool:
        """End the stream of a job that has ended, as soon as it holds everything.

        Returns whether there is nothing to end any more until the job is heard again; call it again until then.

        Args:
            job_id: the job.
            is_told_here: whether its last event came to this hub.
        """

    async def recall(self, scope: Scope, name: str) -> list[Recalled]:
        """Return what other hubs may have taken in of a job or story; nothing when there are none."""

    async def recall_others(self) -> list[bytes]:
        """Return the latest events that other hubs took in, of all jobs, as they stand in every stream."""

    def missed(self, job_id: str, events: int) -> int:
        """Return how many events are no longer in a job's stream, of so many that the board counted."""

    def figures(self) -> list[Figure]:
        """Return what there is to count of it."""


class Embedded:
    """The engine of a single hub: its own memory.

    Args:
        streams: the streams.
    """

    def __init__(self, streams: Streams) -> None:
        self.streams = streams

    def name(self, event_id: str | None) -> str | None:
        """Return the id as it is."""
        return event_id

    def publish(self, entry: Entry) -> Places:
        """Add an event to the streams that it belongs to."""
        return self.streams.publish(entry.frame, entry.job, entry.story)

    def restore(self, entry: Entry, places: Places) -> None:
        """Add an event under the ids that it had."""
        self.streams.restore(entry.frame, entry.job, entry.story, places)

    def wake(self) -> None:
        """Wake the readers of what was added."""
        self.streams.wake()

    async def settle(self) -> None:
        """Return at once: what was published can be read."""

    @property
    def is_alone(self) -> bool:
        """Return False: there are no others."""
        return False

    def stores(self) -> Stores | None:
        """Return None: there are no others."""
        return None

    async def exists(self, scope: Scope, name: str) -> bool:
        """Tell whether there is a stream of this job or story."""
        return self.streams.find(scope, name) is not None

    async def open(self, scope: Scope, name: str) -> Ring | None:
        """Return the stream of a job or story; None when there is none."""
        return self.streams.find(scope, name)

    async def open_everything(self) -> Ring:
        """Return the stream of everything."""
        return self.streams.everything

    def end(self, job_id: str, *, is_told_here: bool) -> bool:
        """End the stream: it holds everything."""
        del is_told_here
        ring = self.streams.find("job", job_id)
        if ring is not None and ring.end is None:
            ring.close("ended")
        return True

    async def recall(self, scope: Scope, name: str) -> list[Recalled]:
        """Return nothing: what this hub took in, it has itself."""
        del scope, name
        return []

    async def recall_others(self) -> list[bytes]:
        """Return nothing: there are no others."""
        return []

    def missed(self, job_id: str, events: int) -> int:
        """Return how many events of a job are no longer in its stream; all of them when the stream is gone."""
        ring = self.streams.find("job", job_id)
        return ring.first - 1 if ring is not None else events

    def figures(self) -> list[Figure]:
        """Return nothing: what there is to count is counted for all hubs."""
        return []
