"""What one hub knows of a job, and what several know together: a start may come to one hub and its end to another."""

from collections.abc import Sequence
from typing import Final

import msgspec

MOST_OPEN: Final = 32
"""Most pieces of open work, and most ends without a start, that a hub tells the others of one job."""

_CORRELATION_IDS: Final = 8


class Open(msgspec.Struct, array_like=True):
    """A piece of open work.

    Attributes:
        name: what kind of work.
        span: its span's id.
        place: the actor, worker and replica that do it.
        since_ms: when it began, by the clock of who does it, in milliseconds since the epoch.
        sentence: the last thing that was said about it.
        percent: how far it is, 0 to 100.
    """

    name: str
    span: str | None
    place: tuple[str | None, ...]
    since_ms: int
    sentence: str
    percent: float | None

    @property
    def service(self) -> str:
        """Who does it."""
        return self.place[0] or ""


class Stray(msgspec.Struct, array_like=True):
    """An end of work whose start did not come to this hub.

    Attributes:
        name: what kind of work; "" closes any.
        span: its span's id.
        place: the actor, worker and replica that did it.
    """

    name: str
    span: str | None
    place: tuple[str | None, ...]

    def closes(self, work: Open) -> bool:
        """Tell whether it is the end of a piece of work."""
        if self.name and self.name != work.name:
            return False
        if self.span and work.span:
            return self.span == work.span
        return self.place == work.place


class Summary(msgspec.Struct, array_like=True):
    """What is known of a job. Times are in milliseconds, by one clock.

    Attributes:
        began_ms: when it was first heard.
        heard_ms: when it was last heard.
        sentence: the last thing that was said.
        service: who said it.
        percent: how far that is, 0 to 100.
        counts: events by level.
        correlation_ids: the requests that it belongs to.
        closed: whether any work of it has ended.
        open: its open work, in order of its start.
        strays: ends whose start is not known.
        unopened: how many ends had no start.
    """

    began_ms: int
    heard_ms: int
    sentence: str
    service: str
    percent: float | None
    counts: dict[str, int]
    correlation_ids: list[str]
    closed: bool
    open: list[Open]
    strays: list[Stray]
    unopened: int

    def shifted(self, by_ms: int) -> "Summary":
        """Return the same by another clock, which is ahead by so much."""
        return msgspec.structs.replace(self, began_ms=self.began_ms + by_ms, heard_ms=self.heard_ms + by_ms)


def merged(found: Sequence[Summary]) -> Summary:
    """Return what several hubs know together.

    Args:
        found: what each of them knows, at least one.
    """
    latest = max(found, key=lambda one: one.heard_ms)
    strays = [(holder, stray) for holder, one in enumerate(found) for stray in one.strays]
    still_open: list[Open] = []
    matched = 0
    for holder, one in enumerate(found):
        for work in reversed(one.open):
            end = next((pair for pair in strays if pair[0] != holder and pair[1].closes(work)), None)
            if end is None:
                # What the latest hub heard of this work did not come to the hub that knows its start.
                goes_on = one is not latest and latest.service == work.service and work is one.open[-1]
                still_open.append(_with_word(work, latest) if goes_on else work)
            else:
                strays.remove(end)
                matched += end[1].name != ""
    counts: dict[str, int] = {}
    for one in found:
        for level, number in one.counts.items():
            counts[level] = counts.get(level, 0) + number
    ids = list(dict.fromkeys(name for one in found for name in one.correlation_ids))
    return Summary(
        min(one.began_ms for one in found),
        latest.heard_ms,
        latest.sentence,
        latest.service,
        latest.percent,
        counts,
        ids[:_CORRELATION_IDS],
        any(one.closed for one in found) or matched > 0,
        sorted(still_open, key=lambda work: work.since_ms),
        [stray for _, stray in strays],
        sum(one.unopened for one in found) - matched,
    )


def _with_word(work: Open, said: Summary) -> Open:
    return msgspec.structs.replace(work, sentence=said.sentence, percent=said.percent)
