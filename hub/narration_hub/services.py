"""Services as the board knows them: when each was last heard, what it said outside of any job, what it lost."""

import math
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Final

import msgspec

from narration_hub import wire
from narration_hub.changes import Changes

_MOST: Final = 10_000
_PROCESSES: Final = 64  # of a service, that say what they lost


class Heard(msgspec.Struct, array_like=True):
    """What one hub knows of a service. Times are in milliseconds, by one clock.

    Attributes:
        heard_ms: when it was heard.
        lost: events that its forwarders gave up, by level.
        sentence: the last thing that it said outside of any job.
        said_ms: when.
    """

    heard_ms: int
    lost: dict[str, int]
    sentence: str = ""
    said_ms: int = 0

    def shifted(self, by_ms: int) -> "Heard":
        """Return the same by another clock, which is ahead by so much."""
        return msgspec.structs.replace(self, heard_ms=self.heard_ms + by_ms, said_ms=self.said_ms + by_ms)


class _Service(msgspec.Struct, eq=False):
    """A service. Times are in seconds on the monotonic clock.

    Attributes:
        heard: when it was heard.
        sentence: the last thing that it said outside of any job.
        said: when.
        lost: what each of its processes lost.
        gone: what processes lost that are no longer told apart.
        elsewhere: what other hubs say that it lost.
    """

    heard: float = -math.inf
    sentence: str = ""
    said: float = -math.inf
    lost: dict[str, dict[str, int]] = msgspec.field(default_factory=dict)
    gone: dict[str, int] = msgspec.field(default_factory=dict)
    elsewhere: dict[str, dict[str, int]] = msgspec.field(default_factory=dict)

    def lost_here(self) -> dict[str, int]:
        """Return what its processes lost, as far as this hub was told."""
        return _total([self.gone, *self.lost.values()])


class Services:
    """Every service that was heard, bounded: those that were quiet for longest go first.

    Args:
        clock: returns the monotonic time in seconds.

    Attributes:
        changes: the services of which this hub has heard.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._known: OrderedDict[str, _Service] = OrderedDict()
        self.changes = Changes()

    def _of(self, name: str) -> _Service:
        found = self._known.get(name)
        if found is None:
            found = self._known[name] = _Service()
            if len(self._known) > _MOST:
                self._known.popitem(last=False)
        return found

    def hear(self, name: str, age_s: float = 0.0) -> None:
        """Note that a service was heard so many seconds ago."""
        self._of(name).heard = self._clock() - age_s
        self._known.move_to_end(name)
        self.changes.note(name)

    def say(self, name: str, sentence: str, age_s: float = 0.0) -> None:
        """Note what a service said outside of any job, so many seconds ago."""
        one = self._of(name)
        one.sentence, one.said = sentence, self._clock() - age_s
        self.changes.note(name)

    def lose(self, name: str, process: str, counts: dict[str, int]) -> int:
        """Note what a process says that it has lost in all; return how many events that are more than before."""
        one = self._of(name)
        before = one.lost.pop(process, {})
        one.lost[process] = counts
        if len(one.lost) > _PROCESSES:
            one.gone = _total([one.gone, one.lost.pop(next(iter(one.lost)))])
        self.changes.note(name)
        return sum(counts.values()) - sum(before.values())

    def shown(self) -> list[wire.Service]:
        """Return the services, the one that has been quiet for longest first."""
        now = self._clock()
        return [
            wire.Service(
                name,
                _ms(now - one.heard),
                _total([one.lost_here(), *one.elsewhere.values()]),
                one.sentence,
                _ms(now - one.said) if one.sentence else 0,
            )
            for name, one in self._known.items()
            if one.heard > -math.inf
        ]

    # -- several hubs -----------------------------------------------------------------------------

    def track(self, names: Iterable[str] | None = None) -> None:
        """Note in `changes` what changes; these services, or all, have changed."""
        self.changes.track(self._known if names is None else names)

    def heard_here(self, name: str) -> Heard:
        """Return what this hub knows of a service, with times on the monotonic clock."""
        one = self._known.get(name) or _Service()
        return Heard(_moment(one.heard), one.lost_here(), one.sentence, _moment(one.said))

    def learn(self, hub: str, name: str, told: Heard) -> None:
        """Take into account what another hub knows of a service.

        Args:
            hub: the other hub.
            name: the service.
            told: what it knows, with times on this machine's monotonic clock.
        """
        one = self._of(name)
        if told.heard_ms / 1000 > one.heard:
            one.heard = told.heard_ms / 1000
            self._known.move_to_end(name)
        if told.sentence and told.said_ms / 1000 > one.said:
            one.sentence, one.said = told.sentence, told.said_ms / 1000
        one.elsewhere[hub] = told.lost


def _total(counts: Iterable[dict[str, int]]) -> dict[str, int]:
    total: dict[str, int] = {}
    for one in counts:
        for level, number in one.items():
            total[level] = total.get(level, 0) + number
    return total


def _moment(seconds: float) -> int:
    return int(seconds * 1000) if seconds > -math.inf else 0


def _ms(seconds: float) -> int:
    return max(0, int(seconds * 1000))
