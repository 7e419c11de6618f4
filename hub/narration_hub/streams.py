"""The streams of all jobs and stories, and the one of everything: which exist, and how much memory they share."""

from collections import OrderedDict
from typing import Final, Literal, NamedTuple

from narration_hub.ring import Ring
from narration_hub.wire import EndReason

Scope = Literal["job", "story"]

_LOOKED_AT: Final = 32  # streams that may be spared, because they have readers, before one is emptied all the same


class Limits(NamedTuple):
    """How much is kept in memory.

    Attributes:
        events: of one stream.
        bytes: of one stream.
        total_bytes: of all streams together.
        streams: how many jobs, and how many stories.
    """

    events: int = 10_000
    bytes: int = 8 << 20
    total_bytes: int = 256 << 20
    streams: int = 50_000


class Places(NamedTuple):
    """The ids of one event.

    Attributes:
        every: in the stream of everything.
        job: in its job's stream, if it has a job.
        story: in its story's stream, if it has a correlation id.
    """

    every: str
    job: str | None
    story: str | None


class Streams:
    """Every ring of the hub, found only by the name of its job or story.

    Args:
        limits: how much is kept.
    """

    def __init__(self, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self.everything = Ring(self.limits.events, self.limits.bytes)
        self.bytes = 0
        self.forgotten = 0
        # The one that was quiet for longest comes first.
        self._rings: dict[Scope, OrderedDict[str, Ring]] = {"job": OrderedDict(), "story": OrderedDict()}
        self._touched: set[Ring] = set()

    def find(self, scope: Scope, name: str) -> Ring | None:
        """Return the stream of a job or story, or None."""
        return self._rings[scope].get(name)

    def count(self, scope: Scope) -> int:
        """Return how many streams there are."""
        return len(self._rings[scope])

    def publish(self, frame: bytes, job_id: str | None, correlation_id: str | None) -> Places:
        """Add an event to the streams that it belongs to; return its ids. Call `wake` after the last one of a batch."""
        self.everything.append(frame)
        self._touched.add(self.everything)
        return Places(
            self.everything.last_id,
            None if job_id is None else self._append("job", job_id, frame),
            None if correlation_id is None else self._append("story", correlation_id, frame),
        )

    def _append(self, scope: Scope, name: str, frame: bytes) -> str:
        ring = self.begin(scope, name)
        self.add(ring, frame)
        return ring.last_id

    def begin(self, scope: Scope, name: str) -> Ring:
        """Return the stream of a job or story, a new one if there is none, as the one that was quiet for shortest."""
        rings = self._rings[scope]
        ring = rings.get(name)
        if ring is None:
            ring = rings[name] = Ring(self.limits.events, self.limits.bytes)
        else:
            rings.move_to_end(name)
        return ring

    def add(self, ring: Ring, frame: bytes) -> None:
        """Add an event to one of these streams only. Call `wake` after the last one of a batch."""
        ring.end = None  # whoever said that it has ended was too early
        self.bytes += ring.append(frame)
        self._touched.add(ring)

    def drop(self, scope: Scope, name: str) -> None:
        """Forget a stream that nobody reads."""
        ring = self._rings[scope].pop(name, None)
        if ring is not None:
            self.bytes -= ring.clear()

    def names(self) -> list[tuple[Scope, str]]:
        """Return which streams there are."""
        return [(scope, name) for scope, rings in self._rings.items() for name in rings]

    def restore(self, frame: bytes, job_id: str | None, correlation_id: str | None, places: Places) -> None:
        """Add an event that was published before a restart, under the ids that it had."""
        self._put_back(self.everything, places.every, frame)
        for scope, name, place in (("job", job_id, places.job), ("story", correlation_id, places.story)):
            if name is None or place is None:
                continue
            ring = self.begin(scope, name)  # type: ignore[arg-type]  # one of the two
            self.bytes += self._put_back(ring, place, frame)

    @staticmethod
    def _put_back(ring: Ring, place: str, frame: bytes) -> int:
        epoch, _, number = place.partition("-")
        before = ring.bytes
        if epoch and number.isdigit():
            if ring.epoch != epoch or ring.last != int(number) - 1:
                ring.go_on(epoch, int(number) - 1)
            ring.append(frame)
        return ring.bytes - before

    def wake(self) -> list[tuple[Scope, str]]:
        """Wake the readers of what was added, and make room; return which streams were forgotten for that."""
        for ring in self._touched:
            ring.wake()
        self._touched.clear()
        return self._make_room()

    def _make_room(self) -> list[tuple[Scope, str]]:
        gone: list[tuple[Scope, str]] = []
        for scope, rings in self._rings.items():
            while len(rings) > self.limits.streams:
                gone.append((scope, self._forget(scope)))
        while self.bytes > self.limits.total_bytes and (self.count("job") or self.count("story")):
            oldest: Scope = "job" if self.count("job") >= self.count("story") else "story"
            gone.append((oldest, self._forget(oldest)))
        return gone

    def _forget(self, scope: Scope) -> str:
        """Forget the stream that was quiet for longest, rather one without readers; return its name."""
        rings = self._rings[scope]
        candidates = [name for name, _ in zip(rings, range(_LOOKED_AT), strict=False)]
        name = next((name for name in candidates if not rings[name].readers), candidates[0])
        ring = rings.pop(name)
        self.bytes -= ring.clear()
        self.forgotten += 1
        ring.close("forgotten")
        return name

    def close(self, reason: EndReason) -> None:
        """End every stream."""
        self.everything.close(reason)
        for rings in self._rings.values():
            for ring in rings.values():
                ring.close(reason)
