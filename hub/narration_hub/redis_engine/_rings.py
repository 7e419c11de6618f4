"""The rings that this hub's readers read: filled from Redis while it is there, from this hub's own events while not."""

import time
from collections.abc import Collection, Iterable, Iterator
from typing import Final

from narration_hub.engine import Entry
from narration_hub.redis_engine._link import key_of
from narration_hub.redis_engine._replies import Look, Told
from narration_hub.ring import Ring
from narration_hub.streams import Limits, Scope, Streams

EVERYTHING: Final = (None, "")
_LINGER_S: Final = 30.0  # a ring without readers

Place = tuple[Scope | None, str]
"""Whose ring it is: scope and name; no scope is the stream of everything."""


def places(entry: Entry) -> Iterator[Place]:
    """Yield to which streams an event belongs."""
    yield EVERYTHING
    if entry.job is not None:
        yield ("job", entry.job)
    if entry.story is not None:
        yield ("story", entry.story)


class Rings:
    """Rings by their places.

    Args:
        streams: where those of jobs and stories are.
        limits: of the one of everything.
        hub: this hub's own name.
    """

    def __init__(self, streams: Streams, limits: Limits, hub: str) -> None:
        self._streams = streams
        self._limits = limits
        self._hub = hub
        self._everything: Ring | None = None
        self._followed: dict[Place, Ring] = {}  # filled from Redis
        self._mine: dict[Ring, str] = {}  # the last own event that each of them has
        self._unread: dict[Place, float] = {}  # since when a ring has no readers

    def find(self, place: Place) -> Ring | None:
        """Return a ring; None when there is none."""
        scope, name = place
        return self._everything if scope is None else self._streams.find(scope, name)

    def begin(self, place: Place) -> Ring:
        """Return a ring, a new one if there is none."""
        scope, name = place
        if scope is not None:
            return self._streams.begin(scope, name)
        if self._everything is None:
            self._everything = Ring(self._limits.events, self._limits.bytes)
        return self._everything

    def wake(self) -> None:
        """Wake the readers of what was added."""
        if self._everything is not None:
            self._everything.wake()
        self._streams.wake()

    # -- without Redis ----------------------------------------------------------------------------

    def add_own(self, entry: Entry) -> None:
        """Add an event to the rings that are not filled from Redis."""
        for place in places(entry):
            ring = self.find(place)
            if ring is not None and place not in self._followed:
                self._add_own(ring, entry)

    def fill_own(self, place: Place, entries: Iterable[Entry]) -> Ring:
        """Return a new ring that holds this hub's own events."""
        ring = self.begin(place)
        for entry in entries:
            self._add_own(ring, entry)
        return ring

    def _add_own(self, ring: Ring, entry: Entry) -> None:
        ring.branch()
        self._add(ring, entry.frame)

    def _add(self, ring: Ring, frame: bytes) -> None:
        if ring is self._everything:
            ring.append(frame)
        else:
            self._streams.add(ring, frame)

    def leave(self, latest: Iterable[Entry], doubles: Collection[str]) -> None:
        """Go on without Redis: add what rings would have got from it.

        Args:
            latest: this hub's own events that they may not have, in order.
            doubles: which of them came to another hub before.
        """
        followed, self._followed = self._followed, {}
        unseen: dict[Place, list[Entry]] = {place: [] for place in followed}
        known = {place: self._mine.get(ring) for place, ring in followed.items()}
        for entry in latest:
            key = key_of(entry)
            if key in doubles:
                continue
            for place in places(entry):
                if place not in unseen:
                    continue
                if key == known[place]:
                    unseen[place].clear()
                else:
                    unseen[place].append(entry)
        for place, ring in followed.items():
            if self.find(place) is ring:
                for entry in unseen[place]:
                    self._add_own(ring, entry)
        self._mine.clear()

    # -- with Redis -------------------------------------------------------------------------------

    def is_followed(self, place: Place) -> bool:
        """Tell whether a ring is filled from Redis."""
        return place in self._followed

    def followed(self) -> dict[Place, Ring]:
        """Return the rings that are filled from Redis; those that nobody reads any more are let go."""
        now = time.monotonic()
        for place, ring in list(self._followed.items()):
            if self.find(place) is not ring:  # forgotten for lack of room
                self._let_go(place)
            elif ring.readers:
                self._unread.pop(place, None)
            elif now - self._unread.setdefault(place, now) > _LINGER_S:
                self._let_go(place)
                scope, name = place
                if scope is None:
                    self._everything = None
                else:
                    self._streams.drop(scope, name)
        return dict(self._followed)

    def _let_go(self, place: Place) -> None:
        self._mine.pop(self._followed.pop(place), None)
        self._unread.pop(place, None)

    def touch(self, place: Place) -> None:
        """Note that a reader comes."""
        self._unread.pop(place, None)

    def not_followed(self) -> Place | None:
        """Return a ring that is to be filled from Redis and is not yet; None when all are."""
        own = [EVERYTHING] if self._everything is not None else []
        return next((place for place in [*own, *self._streams.names()] if place not in self._followed), None)

    def fill(self, place: Place, look: Look, told: list[Told]) -> None:
        """Make a ring what Redis has; from now on it is filled from there."""
        ring = self.begin(place)
        if not ring.goes_on_with(look.epoch, look.first, look.last):
            self._freed(ring, ring.begin_anew(look.epoch, (told[0].number if told else look.last + 1) - 1))
            self._mine.pop(ring, None)
        self._followed[place] = ring
        self.take(place, ring, told)
        ring.wake()

    def take(self, place: Place, ring: Ring, told: Iterable[Told]) -> None:
        """Add to a ring what follows in Redis."""
        if self.find(place) is not ring:
            return
        for one in told:
            if one.number <= ring.last:
                continue
            if one.number > ring.last + 1:  # cut before it could be read: readers are told how many
                self._freed(ring, ring.skip_to(one.number - 1))
            self._add(ring, one.frame)
            if one.hub == self._hub:
                self._mine[ring] = one.key

    def _freed(self, ring: Ring, freed: int) -> None:
        self._streams.bytes -= 0 if ring is self._everything else freed
